// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_STOPPABLE_INPUT_H
#define IBCM_VERBS_STOPPABLE_INPUT_H

#include "ibcm-verbs/model/wake-descriptor.h"

#include <array>
#include <streambuf>

namespace cmverbs
{

/** What comes in at a file descriptor, until its end or until somebody wants no more of it. */
class StoppableInput final : public std::streambuf
{
  public:
    /** @param descriptor open as long as this; read by this alone. */
    explicit StoppableInput(int descriptor);

    /** The reader finds the end of the input. Any thread; not for signal handlers. */
    void Stop();

  protected:
    int_type underflow() override;

  private:
    const int m_descriptor;
    WakeDescriptor m_stop;
    std::array<char, 4096> m_buffer{};
};

} // namespace cmverbs

#endif /* IBCM_VERBS_STOPPABLE_INPUT_H */
