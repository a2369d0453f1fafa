// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_DEFAULT_CHOOSER_H
#define INTERLEAVE_DEFAULT_CHOOSER_H

#include "interleave/model/chooser.h"

namespace interleave
{

/** Always the dull thing; the engine then skips choice points altogether. */
class DefaultChooser final : public Chooser
{
  public:
    bool Passive() const override
    {
        return true;
    }

    std::uint32_t Choose(ChoicePoint& /*point*/) override
    {
        return 0;
    }
};

} // namespace interleave

#endif // INTERLEAVE_DEFAULT_CHOOSER_H
