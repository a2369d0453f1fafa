// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * \file
 * The attributes of performance management (IBA vol. 1, 16.1.3.5 and 16.1.4.11). Offsets count
 * from their start, byte 64 of the MAD.
 */
#ifndef IB_PMA_ATTRIBUTES_H
#define IB_PMA_ATTRIBUTES_H

#include "ib-wire/model/codec.h"

#include <cstdint>
#include <string_view>

namespace ns3
{

/** \ingroup infiniband PortCounters, 16.1.3.5. */
struct PmaPortCounters
{
    std::uint8_t portSelect{};     //!< 255: all ports
    std::uint16_t counterSelect{}; //!< which counters a Set writes
    std::uint16_t symbolErrors{};
    std::uint8_t linkErrorRecovery{};
    std::uint8_t linkDowned{};
    std::uint16_t rcvErrors{};
    std::uint16_t rcvRemotePhysicalErrors{};
    std::uint16_t rcvSwitchRelayErrors{};
    std::uint16_t xmitDiscards{};
    std::uint8_t xmitConstraintErrors{};
    std::uint8_t rcvConstraintErrors{};
    std::uint8_t counterSelect2{};
    std::uint8_t localLinkIntegrityErrors{};     //!< 4 bits
    std::uint8_t excessiveBufferOverrunErrors{}; //!< 4 bits
    std::uint16_t vl15Dropped{};
    std::uint32_t xmitData{}; //!< units of four octets
    std::uint32_t rcvData{};  //!< units of four octets
    std::uint32_t xmitPackets{};
    std::uint32_t rcvPackets{};
    std::uint32_t xmitWait{}; //!< ticks of one nanosecond

    static constexpr std::string_view kName = "PortCounters";
    static constexpr std::size_t kBytes = 44;

    static constexpr auto Fields()
    {
        using P = PmaPortCounters;
        using ibwire::Field;
        return std::make_tuple(
            Field<&P::portSelect>{"PortSelect", 1, 0, 8},
            Field<&P::counterSelect>{"CounterSelect", 2, 0, 16, ibwire::Show::kHex},
            Field<&P::symbolErrors>{"SymbolErrorCounter", 4, 0, 16},
            Field<&P::linkErrorRecovery>{"LinkErrorRecoveryCounter", 6, 0, 8},
            Field<&P::linkDowned>{"LinkDownedCounter", 7, 0, 8},
            Field<&P::rcvErrors>{"PortRcvErrors", 8, 0, 16},
            Field<&P::rcvRemotePhysicalErrors>{"PortRcvRemotePhysicalErrors", 10, 0, 16},
            Field<&P::rcvSwitchRelayErrors>{"PortRcvSwitchRelayErrors", 12, 0, 16},
            Field<&P::xmitDiscards>{"PortXmitDiscards", 14, 0, 16},
            Field<&P::xmitConstraintErrors>{"PortXmitConstraintErrors", 16, 0, 8},
            Field<&P::rcvConstraintErrors>{"PortRcvConstraintErrors", 17, 0, 8},
            Field<&P::counterSelect2>{"CounterSelect2", 18, 0, 8, ibwire::Show::kHex},
            Field<&P::localLinkIntegrityErrors>{"LocalLinkIntegrityErrors", 19, 0, 4},
            Field<&P::excessiveBufferOverrunErrors>{"ExcessiveBufferOverrunErrors", 19, 4, 4},
            Field<&P::vl15Dropped>{"VL15Dropped", 22, 0, 16},
            Field<&P::xmitData>{"PortXmitData", 24, 0, 32},
            Field<&P::rcvData>{"PortRcvData", 28, 0, 32},
            Field<&P::xmitPackets>{"PortXmitPkts", 32, 0, 32},
            Field<&P::rcvPackets>{"PortRcvPkts", 36, 0, 32},
            Field<&P::xmitWait>{"PortXmitWait", 40, 0, 32});
    }

    friend bool operator==(const PmaPortCounters&, const PmaPortCounters&) = default;
};

/** \ingroup infiniband PortCountersExtended, 16.1.4.11. */
struct PmaPortCountersExtended
{
    std::uint8_t portSelect{};
    std::uint16_t counterSelect{};
    std::uint64_t xmitData{}; //!< units of four octets
    std::uint64_t rcvData{};  //!< units of four octets
    std::uint64_t xmitPackets{};
    std::uint64_t rcvPackets{};
    std::uint64_t unicastXmitPackets{};
    std::uint64_t unicastRcvPackets{};
    std::uint64_t multicastXmitPackets{};
    std::uint64_t multicastRcvPackets{};

    static constexpr std::string_view kName = "PortCountersExtended";
    static constexpr std::size_t kBytes = 72;

    static constexpr auto Fields()
    {
        using P = PmaPortCountersExtended;
        using ibwire::Field;
        return std::make_tuple(
            Field<&P::portSelect>{"PortSelect", 1, 0, 8},
            Field<&P::counterSelect>{"CounterSelect", 2, 0, 16, ibwire::Show::kHex},
            Field<&P::xmitData>{"PortXmitData", 8, 0, 64},
            Field<&P::rcvData>{"PortRcvData", 16, 0, 64},
            Field<&P::xmitPackets>{"PortXmitPkts", 24, 0, 64},
            Field<&P::rcvPackets>{"PortRcvPkts", 32, 0, 64},
            Field<&P::unicastXmitPackets>{"PortUnicastXmitPkts", 40, 0, 64},
            Field<&P::unicastRcvPackets>{"PortUnicastRcvPkts", 48, 0, 64},
            Field<&P::multicastXmitPackets>{"PortMulticastXmitPkts", 56, 0, 64},
            Field<&P::multicastRcvPackets>{"PortMulticastRcvPkts", 64, 0, 64});
    }

    friend bool operator==(const PmaPortCountersExtended&,
                           const PmaPortCountersExtended&) = default;
};

} // namespace ns3

#endif // IB_PMA_ATTRIBUTES_H
