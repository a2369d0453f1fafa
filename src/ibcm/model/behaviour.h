// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_BEHAVIOUR_H
#define IBCM_BEHAVIOUR_H

#include <cstdint>

namespace ibcm
{

/**
 * Which of two readings of the protocol a ConnectionManager follows where they differ. Each
 * difference is one row of doc/behaviour.md and one test that shows both.
 */
enum class Behaviour : std::uint8_t
{
    kStrict,  ///< InfiniBand Architecture vol. 1, chapter 12
    kLinux61, ///< what Linux 6.1 does on the wire; its defects are not among it
};

/** "strict" or "linux61", as tools spell it. */
const char* ToString(Behaviour behaviour);

} // namespace ibcm

#endif /* IBCM_BEHAVIOUR_H */
