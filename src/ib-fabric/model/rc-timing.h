// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_RC_TIMING_H
#define IB_RC_TIMING_H

#include <ns3/nstime.h>

#include <cstdint>

namespace ns3
{

/** \ingroup infiniband \param a a PSN \param b a PSN \returns a - b in circular 24-bit order */
constexpr std::int32_t PsnDistance(std::uint32_t a, std::uint32_t b)
{
    const std::uint32_t difference = (a - b) & 0xffffff;
    return difference < 0x800000 ? static_cast<std::int32_t>(difference)
                                 : static_cast<std::int32_t>(difference) - 0x1000000;
}

/** \ingroup infiniband \param psn a PSN \param n steps \returns psn + n in 24 bits */
constexpr std::uint32_t PsnAdd(std::uint32_t psn, std::uint32_t n)
{
    return (psn + n) & 0xffffff;
}

/**
 * \ingroup infiniband
 * \param code RNR NAK timer, 5 bits (IBA vol. 1, table 45)
 * \returns how long the requester waits
 */
Time RnrTimerValue(std::uint8_t code);

} // namespace ns3

#endif // IB_RC_TIMING_H
