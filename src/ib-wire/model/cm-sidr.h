// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Service ID resolution: SIDR_REQ and SIDR_REP (IBA vol. 1, 12.11). Offsets count from byte 24 of
 * the MAD.
 */
#ifndef IB_WIRE_CM_SIDR_H
#define IB_WIRE_CM_SIDR_H

#include "ib-wire/model/cm-codes.h"
#include "ib-wire/model/codec.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace ibwire
{

/** Service ID resolution request, client to server. */
struct CmSidrReq
{
    std::uint32_t requestId{};
    std::uint16_t pkey{};
    std::uint64_t serviceId{};
    std::array<std::uint8_t, 216> privateData{};

    static constexpr std::string_view kName = "SIDR_REQ";
    static constexpr std::size_t kBytes = 232;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&CmSidrReq::requestId>{"RequestID", 0, 0, 32, Show::kHex},
                               Field<&CmSidrReq::pkey>{"P_Key", 4, 0, 16, Show::kHex},
                               Field<&CmSidrReq::serviceId>{"ServiceID", 8, 0, 64, Show::kHex},
                               Field<&CmSidrReq::privateData>{"Private data", 16, 0, 216 * 8});
    }

    friend bool operator==(const CmSidrReq&, const CmSidrReq&) = default;
};

/** Service ID resolution response, server to client. */
struct CmSidrRep
{
    std::uint32_t requestId{};
    SidrStatus status{};
    std::uint8_t additionalInfoLength{}; ///< may lie: more than 72 is possible on the wire
    std::uint32_t vendorId{};            ///< 24 bits: OUI, in two pieces on the wire
    std::uint32_t qpn{};                 ///< 24 bits
    std::uint64_t serviceId{};
    std::uint32_t qkey{};
    std::array<std::uint8_t, 72> additionalInfo{};
    std::array<std::uint8_t, 136> privateData{};

    static constexpr std::string_view kName = "SIDR_REP";
    static constexpr std::size_t kBytes = 232;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&CmSidrRep::requestId>{"RequestID", 0, 0, 32, Show::kHex},
            Field<&CmSidrRep::status>{"Status", 4, 0, 8},
            Field<&CmSidrRep::additionalInfoLength>{"Additional info length", 5, 0, 8},
            Field<&CmSidrRep::vendorId>{"VendorID", {{6, 0, 16}, {11, 0, 8}}, Show::kHex},
            Field<&CmSidrRep::qpn>{"QPN", 8, 0, 24, Show::kHex},
            Field<&CmSidrRep::serviceId>{"ServiceID", 12, 0, 64, Show::kHex},
            Field<&CmSidrRep::qkey>{"Q_Key", 20, 0, 32, Show::kHex},
            Field<&CmSidrRep::additionalInfo>{"Additional information", 24, 0, 72 * 8},
            Field<&CmSidrRep::privateData>{"Private data", 96, 0, 136 * 8});
    }

    friend bool operator==(const CmSidrRep&, const CmSidrRep&) = default;
};

} // namespace ibwire

#endif // IB_WIRE_CM_SIDR_H
