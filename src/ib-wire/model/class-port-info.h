// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * ClassPortInfo (IBA vol. 1, 13.4.8.1): what a management class offers at a port, and where it has
 * moved to. Also fills the additional information of REJ, APR and SIDR_REP when they redirect.
 */
#ifndef IB_WIRE_CLASS_PORT_INFO_H
#define IB_WIRE_CLASS_PORT_INFO_H

#include "ib-wire/model/codec.h"

#include <cstdint>
#include <string_view>

namespace ibwire
{

/** ClassPortInfo; for the CM it starts at byte 24 of the MAD. */
struct ClassPortInfo
{
    std::uint8_t baseVersion{};
    std::uint8_t classVersion{};
    std::uint16_t capabilityMask{};
    std::uint32_t capabilityMask2{}; ///< 27 bits
    std::uint8_t respTimeValue{};    ///< 5-bit time
    Gid redirectGid{};
    std::uint8_t redirectTrafficClass{};
    std::uint8_t redirectSl{};         ///< 4 bits
    std::uint32_t redirectFlowLabel{}; ///< 20 bits
    std::uint16_t redirectLid{};
    std::uint16_t redirectPkey{};
    std::uint32_t redirectQpn{}; ///< 24 bits
    std::uint32_t redirectQkey{};
    Gid trapGid{};
    std::uint8_t trapTrafficClass{};
    std::uint8_t trapSl{};         ///< 4 bits
    std::uint32_t trapFlowLabel{}; ///< 20 bits
    std::uint16_t trapLid{};
    std::uint16_t trapPkey{};
    std::uint8_t trapHopLimit{};
    std::uint32_t trapQpn{}; ///< 24 bits
    std::uint32_t trapQkey{};

    static constexpr std::string_view kName = "ClassPortInfo";
    static constexpr std::size_t kBytes = 72;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&ClassPortInfo::baseVersion>{"Base version", 0, 0, 8},
            Field<&ClassPortInfo::classVersion>{"Class version", 1, 0, 8},
            Field<&ClassPortInfo::capabilityMask>{"CapabilityMask", 2, 0, 16, Show::kHex},
            Field<&ClassPortInfo::capabilityMask2>{"CapabilityMask2", 4, 0, 27, Show::kHex},
            Field<&ClassPortInfo::respTimeValue>{"RespTimeValue", 7, 3, 5},
            Field<&ClassPortInfo::redirectGid>{"RedirectGID", 8, 0, 128},
            Field<&ClassPortInfo::redirectTrafficClass>{"RedirectTC", 24, 0, 8, Show::kHex},
            Field<&ClassPortInfo::redirectSl>{"RedirectSL", 25, 0, 4},
            Field<&ClassPortInfo::redirectFlowLabel>{"RedirectFL", 25, 4, 20, Show::kHex},
            Field<&ClassPortInfo::redirectLid>{"RedirectLID", 28, 0, 16},
            Field<&ClassPortInfo::redirectPkey>{"RedirectP_Key", 30, 0, 16, Show::kHex},
            Field<&ClassPortInfo::redirectQpn>{"RedirectQP", 33, 0, 24, Show::kHex},
            Field<&ClassPortInfo::redirectQkey>{"RedirectQ_Key", 36, 0, 32, Show::kHex},
            Field<&ClassPortInfo::trapGid>{"TrapGID", 40, 0, 128},
            Field<&ClassPortInfo::trapTrafficClass>{"TrapTC", 56, 0, 8, Show::kHex},
            Field<&ClassPortInfo::trapSl>{"TrapSL", 57, 0, 4},
            Field<&ClassPortInfo::trapFlowLabel>{"TrapFL", 57, 4, 20, Show::kHex},
            Field<&ClassPortInfo::trapLid>{"TrapLID", 60, 0, 16},
            Field<&ClassPortInfo::trapPkey>{"TrapP_Key", 62, 0, 16, Show::kHex},
            Field<&ClassPortInfo::trapHopLimit>{"TrapHL", 64, 0, 8},
            Field<&ClassPortInfo::trapQpn>{"TrapQP", 65, 0, 24, Show::kHex},
            Field<&ClassPortInfo::trapQkey>{"TrapQ_Key", 68, 0, 32, Show::kHex});
    }

    friend bool operator==(const ClassPortInfo&, const ClassPortInfo&) = default;
};

/** ClassPortInfo::capabilityMask of class CM. */
enum CmCapability : std::uint16_t
{
    kCmReliableConnectionCapable = 0x0200,
    kCmReliableDatagramCapable = 0x0400,
    kCmRawDatagramCapable = 0x0800,
    kCmUnreliableConnectionCapable = 0x1000,
    kCmSidrCapable = 0x2000,
};

} // namespace ibwire

#endif // IB_WIRE_CLASS_PORT_INFO_H
