// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Performance management (IBA vol. 1, 16.1): the counters of a port. Attribute data starts at byte
 * 64 of the MAD.
 */
#ifndef IB_WIRE_PMA_H
#define IB_WIRE_PMA_H

#include "ib-wire/model/mad.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace ibwire
{

/** The class version of performance management. */
inline constexpr std::uint8_t kPmaClassVersion = 1;

/** PortCounters: counters that stick at their largest value. */
struct PortCounters
{
    std::uint8_t portSelect{};
    std::uint16_t counterSelect{};
    std::uint16_t symbolErrorCounter{};
    std::uint8_t linkErrorRecoveryCounter{};
    std::uint8_t linkDownedCounter{};
    std::uint16_t portRcvErrors{};
    std::uint16_t portRcvRemotePhysicalErrors{};
    std::uint16_t portRcvSwitchRelayErrors{};
    std::uint16_t portXmitDiscards{};
    std::uint8_t portXmitConstraintErrors{};
    std::uint8_t portRcvConstraintErrors{};
    std::uint8_t counterSelect2{};
    std::uint8_t localLinkIntegrityErrors{};     ///< 4 bits
    std::uint8_t excessiveBufferOverrunErrors{}; ///< 4 bits
    std::uint16_t qp1Dropped{};
    std::uint16_t vl15Dropped{};
    std::uint32_t portXmitData{}; ///< units of 4 bytes
    std::uint32_t portRcvData{};  ///< units of 4 bytes
    std::uint32_t portXmitPkts{};
    std::uint32_t portRcvPkts{};
    std::uint32_t portXmitWait{}; ///< ticks

    static constexpr std::string_view kName = "PortCounters";
    static constexpr std::size_t kBytes = 44;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&PortCounters::portSelect>{"PortSelect", 1, 0, 8},
            Field<&PortCounters::counterSelect>{"CounterSelect", 2, 0, 16, Show::kHex},
            Field<&PortCounters::symbolErrorCounter>{"SymbolErrorCounter", 4, 0, 16},
            Field<&PortCounters::linkErrorRecoveryCounter>{"LinkErrorRecoveryCounter", 6, 0, 8},
            Field<&PortCounters::linkDownedCounter>{"LinkDownedCounter", 7, 0, 8},
            Field<&PortCounters::portRcvErrors>{"PortRcvErrors", 8, 0, 16},
            Field<&PortCounters::portRcvRemotePhysicalErrors>{
                "PortRcvRemotePhysicalErrors", 10, 0, 16},
            Field<&PortCounters::portRcvSwitchRelayErrors>{"PortRcvSwitchRelayErrors", 12, 0, 16},
            Field<&PortCounters::portXmitDiscards>{"PortXmitDiscards", 14, 0, 16},
            Field<&PortCounters::portXmitConstraintErrors>{"PortXmitConstraintErrors", 16, 0, 8},
            Field<&PortCounters::portRcvConstraintErrors>{"PortRcvConstraintErrors", 17, 0, 8},
            Field<&PortCounters::counterSelect2>{"CounterSelect2", 18, 0, 8, Show::kHex},
            Field<&PortCounters::localLinkIntegrityErrors>{"LocalLinkIntegrityErrors", 19, 0, 4},
            Field<&PortCounters::excessiveBufferOverrunErrors>{
                "ExcessiveBufferOverrunErrors", 19, 4, 4},
            Field<&PortCounters::qp1Dropped>{"QP1Dropped", 20, 0, 16},
            Field<&PortCounters::vl15Dropped>{"VL15Dropped", 22, 0, 16},
            Field<&PortCounters::portXmitData>{"PortXmitData", 24, 0, 32},
            Field<&PortCounters::portRcvData>{"PortRcvData", 28, 0, 32},
            Field<&PortCounters::portXmitPkts>{"PortXmitPkts", 32, 0, 32},
            Field<&PortCounters::portRcvPkts>{"PortRcvPkts", 36, 0, 32},
            Field<&PortCounters::portXmitWait>{"PortXmitWait", 40, 0, 32});
    }

    friend bool operator==(const PortCounters&, const PortCounters&) = default;
};

/** PortCountersExtended: 64-bit counters of traffic. */
struct PortCountersExtended
{
    std::uint8_t portSelect{};
    std::uint16_t counterSelect{};
    std::uint32_t counterSelect2{};
    std::uint64_t portXmitData{}; ///< units of 4 bytes
    std::uint64_t portRcvData{};  ///< units of 4 bytes
    std::uint64_t portXmitPkts{};
    std::uint64_t portRcvPkts{};
    std::uint64_t portUnicastXmitPkts{};
    std::uint64_t portUnicastRcvPkts{};
    std::uint64_t portMulticastXmitPkts{};
    std::uint64_t portMulticastRcvPkts{};

    static constexpr std::string_view kName = "PortCountersExtended";
    static constexpr std::size_t kBytes = 72;

    static constexpr auto Fields()
    {
        using P = PortCountersExtended;
        return std::make_tuple(Field<&P::portSelect>{"PortSelect", 1, 0, 8},
                               Field<&P::counterSelect>{"CounterSelect", 2, 0, 16, Show::kHex},
                               Field<&P::counterSelect2>{"CounterSelect2", 4, 0, 32, Show::kHex},
                               Field<&P::portXmitData>{"PortXmitData", 8, 0, 64},
                               Field<&P::portRcvData>{"PortRcvData", 16, 0, 64},
                               Field<&P::portXmitPkts>{"PortXmitPkts", 24, 0, 64},
                               Field<&P::portRcvPkts>{"PortRcvPkts", 32, 0, 64},
                               Field<&P::portUnicastXmitPkts>{"PortUnicastXmitPkts", 40, 0, 64},
                               Field<&P::portUnicastRcvPkts>{"PortUnicastRcvPkts", 48, 0, 64},
                               Field<&P::portMulticastXmitPkts>{"PortMulticastXmitPkts", 56, 0, 64},
                               Field<&P::portMulticastRcvPkts>{"PortMulticastRcvPkts", 64, 0, 64});
    }

    friend bool operator==(const PortCountersExtended&, const PortCountersExtended&) = default;
};

/** The 192 bytes of attribute data in a performance management MAD. */
inline std::span<const std::uint8_t, 192> PmaData(const MadBytes& mad)
{
    return std::span(mad).subspan<64, 192>();
}

/** \copydoc PmaData(const MadBytes&) */
inline std::span<std::uint8_t, 192> PmaData(MadBytes& mad)
{
    return std::span(mad).subspan<64, 192>();
}

} // namespace ibwire

#endif // IB_WIRE_PMA_H
