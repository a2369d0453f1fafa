// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * REQ, connect request (IBA vol. 1, 12.6.5), and LAP, load alternate path (12.8.1): the two
 * messages that carry paths. Offsets count from the start of the CM data, byte 24 of the MAD.
 */
#ifndef IB_WIRE_CM_REQ_H
#define IB_WIRE_CM_REQ_H

#include "ib-wire/model/cm-codes.h"
#include "ib-wire/model/codec.h"
#include "ib-wire/model/path-codes.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace ibwire
{

/** Connect request, active to passive side. */
struct CmReq
{
    std::uint32_t localCommId{};
    std::uint32_t vendorId{}; ///< 24 bits: OUI, for enhanced connection establishment
    std::uint64_t serviceId{};
    std::uint64_t localCaGuid{}; ///< the sender's node GUID
    std::uint32_t localQkey{};   ///< RD only
    std::uint32_t localQpn{};    ///< 24 bits
    std::uint8_t responderResources{};
    std::uint32_t localEecn{}; ///< 24 bits, RD only
    std::uint8_t initiatorDepth{};
    std::uint32_t remoteEecn{};             ///< 24 bits, RD only
    std::uint8_t remoteCmResponseTimeout{}; ///< 5-bit time: what the peer has to answer this
    TransportService transportServiceType{};
    bool endToEndFlowControl{};
    std::uint32_t startingPsn{};           ///< 24 bits
    std::uint8_t localCmResponseTimeout{}; ///< 5-bit time: what the sender needs to answer
    std::uint8_t retryCount{};             ///< 3 bits
    std::uint16_t pkey{};
    Mtu pathMtu{};
    bool rdcExists{};
    std::uint8_t rnrRetryCount{}; ///< 3 bits, 7 = for ever
    std::uint8_t maxCmRetries{};  ///< 4 bits
    bool srq{};
    ExtendedTransport extendedTransportType{};
    std::uint16_t primaryLocalLid{};
    std::uint16_t primaryRemoteLid{};
    Gid primaryLocalGid{};
    Gid primaryRemoteGid{};
    std::uint32_t primaryFlowLabel{}; ///< 20 bits
    Rate primaryPacketRate{};
    std::uint8_t primaryTrafficClass{};
    std::uint8_t primaryHopLimit{};
    std::uint8_t primarySl{}; ///< 4 bits
    bool primarySubnetLocal{};
    std::uint8_t primaryLocalAckTimeout{}; ///< 5-bit time
    std::uint16_t alternateLocalLid{};     ///< 0: there is no alternate path
    std::uint16_t alternateRemoteLid{};
    Gid alternateLocalGid{};
    Gid alternateRemoteGid{};
    std::uint32_t alternateFlowLabel{}; ///< 20 bits
    Rate alternatePacketRate{};
    std::uint8_t alternateTrafficClass{};
    std::uint8_t alternateHopLimit{};
    std::uint8_t alternateSl{}; ///< 4 bits
    bool alternateSubnetLocal{};
    std::uint8_t alternateLocalAckTimeout{}; ///< 5-bit time
    bool sapSupported{};
    std::array<std::uint8_t, 92> privateData{};

    static constexpr std::string_view kName = "REQ";
    static constexpr std::size_t kBytes = 232;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&CmReq::localCommId>{"Local communication ID", 0, 0, 32, Show::kHex},
            Field<&CmReq::vendorId>{"VendorID", 5, 0, 24, Show::kHex},
            Field<&CmReq::serviceId>{"ServiceID", 8, 0, 64, Show::kHex},
            Field<&CmReq::localCaGuid>{"Local CA GUID", 16, 0, 64, Show::kHex},
            Field<&CmReq::localQkey>{"Local Q_Key", 28, 0, 32, Show::kHex},
            Field<&CmReq::localQpn>{"Local QPN", 32, 0, 24, Show::kHex},
            Field<&CmReq::responderResources>{"Responder resources", 35, 0, 8},
            Field<&CmReq::localEecn>{"Local EECN", 36, 0, 24, Show::kHex},
            Field<&CmReq::initiatorDepth>{"Initiator depth", 39, 0, 8},
            Field<&CmReq::remoteEecn>{"Remote EECN", 40, 0, 24, Show::kHex},
            Field<&CmReq::remoteCmResponseTimeout>{"Remote CM response timeout", 43, 0, 5},
            Field<&CmReq::transportServiceType>{"Transport service type", 43, 5, 2},
            Field<&CmReq::endToEndFlowControl>{"End-to-end flow control", 43, 7, 1},
            Field<&CmReq::startingPsn>{"Starting PSN", 44, 0, 24, Show::kHex},
            Field<&CmReq::localCmResponseTimeout>{"Local CM response timeout", 47, 0, 5},
            Field<&CmReq::retryCount>{"Retry count", 47, 5, 3},
            Field<&CmReq::pkey>{"P_Key", 48, 0, 16, Show::kHex},
            Field<&CmReq::pathMtu>{"Path packet payload MTU", 50, 0, 4},
            Field<&CmReq::rdcExists>{"RDC exists", 50, 4, 1},
            Field<&CmReq::rnrRetryCount>{"RNR retry count", 50, 5, 3},
            Field<&CmReq::maxCmRetries>{"Max CM retries", 51, 0, 4},
            Field<&CmReq::srq>{"SRQ", 51, 4, 1},
            Field<&CmReq::extendedTransportType>{"Extended transport type", 51, 5, 3},
            Field<&CmReq::primaryLocalLid>{"Primary local port LID", 52, 0, 16},
            Field<&CmReq::primaryRemoteLid>{"Primary remote port LID", 54, 0, 16},
            Field<&CmReq::primaryLocalGid>{"Primary local port GID", 56, 0, 128},
            Field<&CmReq::primaryRemoteGid>{"Primary remote port GID", 72, 0, 128},
            Field<&CmReq::primaryFlowLabel>{"Primary flow label", 88, 0, 20, Show::kHex},
            Field<&CmReq::primaryPacketRate>{"Primary packet rate", 91, 2, 6},
            Field<&CmReq::primaryTrafficClass>{"Primary traffic class", 92, 0, 8, Show::kHex},
            Field<&CmReq::primaryHopLimit>{"Primary hop limit", 93, 0, 8},
            Field<&CmReq::primarySl>{"Primary SL", 94, 0, 4},
            Field<&CmReq::primarySubnetLocal>{"Primary subnet local", 94, 4, 1},
            Field<&CmReq::primaryLocalAckTimeout>{"Primary local ACK timeout", 95, 0, 5},
            Field<&CmReq::alternateLocalLid>{"Alternate local port LID", 96, 0, 16},
            Field<&CmReq::alternateRemoteLid>{"Alternate remote port LID", 98, 0, 16},
            Field<&CmReq::alternateLocalGid>{"Alternate local port GID", 100, 0, 128},
            Field<&CmReq::alternateRemoteGid>{"Alternate remote port GID", 116, 0, 128},
            Field<&CmReq::alternateFlowLabel>{"Alternate flow label", 132, 0, 20, Show::kHex},
            Field<&CmReq::alternatePacketRate>{"Alternate packet rate", 135, 2, 6},
            Field<&CmReq::alternateTrafficClass>{"Alternate traffic class", 136, 0, 8, Show::kHex},
            Field<&CmReq::alternateHopLimit>{"Alternate hop limit", 137, 0, 8},
            Field<&CmReq::alternateSl>{"Alternate SL", 138, 0, 4},
            Field<&CmReq::alternateSubnetLocal>{"Alternate subnet local", 138, 4, 1},
            Field<&CmReq::alternateLocalAckTimeout>{"Alternate local ACK timeout", 139, 0, 5},
            Field<&CmReq::sapSupported>{"SAP supported", 139, 5, 1},
            Field<&CmReq::privateData>{"Private data", 140, 0, 92 * 8});
    }

    friend bool operator==(const CmReq&, const CmReq&) = default;
};

/** Load alternate path, active to passive side. */
struct CmLap
{
    std::uint32_t localCommId{};
    std::uint32_t remoteCommId{};
    std::uint32_t remoteQpn{};              ///< 24 bits: QPN or EECN at the receiver
    std::uint8_t remoteCmResponseTimeout{}; ///< 5-bit time
    std::uint16_t alternateLocalLid{};
    std::uint16_t alternateRemoteLid{};
    Gid alternateLocalGid{};
    Gid alternateRemoteGid{};
    std::uint32_t alternateFlowLabel{}; ///< 20 bits
    std::uint8_t alternateTrafficClass{};
    std::uint8_t alternateHopLimit{};
    Rate alternatePacketRate{};
    std::uint8_t alternateSl{}; ///< 4 bits
    bool alternateSubnetLocal{};
    std::uint8_t alternateLocalAckTimeout{}; ///< 5-bit time
    std::array<std::uint8_t, 168> privateData{};

    static constexpr std::string_view kName = "LAP";
    static constexpr std::size_t kBytes = 232;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&CmLap::localCommId>{"Local communication ID", 0, 0, 32, Show::kHex},
            Field<&CmLap::remoteCommId>{"Remote communication ID", 4, 0, 32, Show::kHex},
            Field<&CmLap::remoteQpn>{"Remote QPN/EECN", 12, 0, 24, Show::kHex},
            Field<&CmLap::remoteCmResponseTimeout>{"Remote CM response timeout", 15, 0, 5},
            Field<&CmLap::alternateLocalLid>{"Alternate local port LID", 20, 0, 16},
            Field<&CmLap::alternateRemoteLid>{"Alternate remote port LID", 22, 0, 16},
            Field<&CmLap::alternateLocalGid>{"Alternate local port GID", 24, 0, 128},
            Field<&CmLap::alternateRemoteGid>{"Alternate remote port GID", 40, 0, 128},
            Field<&CmLap::alternateFlowLabel>{"Alternate flow label", 56, 0, 20, Show::kHex},
            Field<&CmLap::alternateTrafficClass>{"Alternate traffic class", 59, 0, 8, Show::kHex},
            Field<&CmLap::alternateHopLimit>{"Alternate hop limit", 60, 0, 8},
            Field<&CmLap::alternatePacketRate>{"Alternate packet rate", 61, 2, 6},
            Field<&CmLap::alternateSl>{"Alternate SL", 62, 0, 4},
            Field<&CmLap::alternateSubnetLocal>{"Alternate subnet local", 62, 4, 1},
            Field<&CmLap::alternateLocalAckTimeout>{"Alternate local ACK timeout", 63, 0, 5},
            Field<&CmLap::privateData>{"Private data", 64, 0, 168 * 8});
    }

    friend bool operator==(const CmLap&, const CmLap&) = default;
};

} // namespace ibwire

#endif // IB_WIRE_CM_REQ_H
