// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/crash-tape.h"

namespace lab
{

std::uint32_t CrashTape::Choose(interleave::ChoicePoint& point)
{
    const std::uint32_t choice = m_inner.Choose(point);
    if (m_tell)
    {
        const std::uint64_t n = ++m_seen[{point.Key().high, point.Key().low}];
        if (choice != 0)
        {
            m_tell({point.Place(), n, point.OptionText(choice), 0});
        }
    }
    return choice;
}

} // namespace lab
