// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/rc-timing.h"

#include <array>

namespace ns3
{

Time RnrTimerValue(std::uint8_t code)
{
    // In units of 10 us.
    static constexpr std::array<std::uint32_t, 32> kTable{
        65536, 1,    2,    3,    4,    6,     8,     12,    16,    24,   32,
        48,    64,   96,   128,  192,  256,   384,   512,   768,   1024, 1536,
        2048,  3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152};
    return MicroSeconds(10 * std::uint64_t{kTable[code & 31]});
}

} // namespace ns3
