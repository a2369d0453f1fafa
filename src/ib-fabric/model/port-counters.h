// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_PORT_COUNTERS_H
#define IB_PORT_COUNTERS_H

#include <cstdint>

namespace ns3
{

/**
 * \ingroup infiniband
 * What a port counts, without the saturation that the registers of the PMA have (IBA vol. 1,
 * 16.1.3.5). Data is counted in octets here, the registers hold a quarter of it.
 */
struct IbPortCounters
{
    std::uint64_t xmitBytes{0}; //!< octets sent, LRH to ICRC (VCRC excluded)
    std::uint64_t rcvBytes{0};  //!< octets received, LRH to ICRC
    std::uint64_t xmitPackets{0};
    std::uint64_t rcvPackets{0};
    std::uint64_t rcvErrors{0};            //!< CRC or format
    std::uint64_t rcvSwitchRelayErrors{0}; //!< discarded because no route leads on
    std::uint64_t xmitDiscards{0};         //!< discarded because the port is down or full
    std::uint64_t rcvConstraintErrors{0};  //!< discarded for the state of the port
    std::uint64_t vl15Dropped{0};
    std::uint64_t linkDowned{0};
    std::uint64_t xmitWaitPs{0}; //!< time that something waited to be sent, picoseconds
};

} // namespace ns3

#endif // IB_PORT_COUNTERS_H
