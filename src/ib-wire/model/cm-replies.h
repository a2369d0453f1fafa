// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * The messages that carry a connection on after REQ: MRA, REJ, REP, RTU, DREQ, DREP, APR
 * (IBA vol. 1, 12.6.6 … 12.6.11, 12.8.2). Offsets count from byte 24 of the MAD.
 */
#ifndef IB_WIRE_CM_REPLIES_H
#define IB_WIRE_CM_REPLIES_H

#include "ib-wire/model/cm-codes.h"
#include "ib-wire/model/codec.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace ibwire
{

/** Message receipt acknowledgment. */
struct CmMra
{
    std::uint32_t localCommId{};
    std::uint32_t remoteCommId{};
    MessageMraed messageMraed{};
    std::uint8_t serviceTimeout{}; ///< 5-bit time
    std::array<std::uint8_t, 222> privateData{};

    static constexpr std::string_view kName = "MRA";
    static constexpr std::size_t kBytes = 232;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&CmMra::localCommId>{"Local communication ID", 0, 0, 32, Show::kHex},
            Field<&CmMra::remoteCommId>{"Remote communication ID", 4, 0, 32, Show::kHex},
            Field<&CmMra::messageMraed>{"Message MRAed", 8, 0, 2},
            Field<&CmMra::serviceTimeout>{"Service timeout", 9, 0, 5},
            Field<&CmMra::privateData>{"Private data", 10, 0, 222 * 8});
    }

    friend bool operator==(const CmMra&, const CmMra&) = default;
};

/** Reject. */
struct CmRej
{
    std::uint32_t localCommId{};  ///< 0 if the rejecting side never assigned one
    std::uint32_t remoteCommId{}; ///< 0 if unknown
    MessageRejected messageRejected{};
    std::uint8_t rejectInfoLength{}; ///< 7 bits; may lie: more than 72 is possible on the wire
    RejReason reason{};
    std::array<std::uint8_t, 72> ari{}; ///< additional reject information
    std::array<std::uint8_t, 148> privateData{};

    static constexpr std::string_view kName = "REJ";
    static constexpr std::size_t kBytes = 232;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&CmRej::localCommId>{"Local communication ID", 0, 0, 32, Show::kHex},
            Field<&CmRej::remoteCommId>{"Remote communication ID", 4, 0, 32, Show::kHex},
            Field<&CmRej::messageRejected>{"Message rejected", 8, 0, 2},
            Field<&CmRej::rejectInfoLength>{"Reject info length", 9, 0, 7},
            Field<&CmRej::reason>{"Reason", 10, 0, 16},
            Field<&CmRej::ari>{"Additional reject information", 12, 0, 72 * 8},
            Field<&CmRej::privateData>{"Private data", 84, 0, 148 * 8});
    }

    friend bool operator==(const CmRej&, const CmRej&) = default;
};

/** Connect reply, passive to active side. */
struct CmRep
{
    std::uint32_t localCommId{};
    std::uint32_t remoteCommId{};
    std::uint32_t localQkey{};   ///< RD only
    std::uint32_t localQpn{};    ///< 24 bits, 0 for an XRC target
    std::uint32_t vendorId{};    ///< 24 bits: OUI, in three pieces on the wire
    std::uint32_t localEecn{};   ///< 24 bits; an XRC target puts its QPN here
    std::uint32_t startingPsn{}; ///< 24 bits
    std::uint8_t responderResources{};
    std::uint8_t initiatorDepth{};
    std::uint8_t targetAckDelay{}; ///< 5-bit time
    Failover failoverAccepted{};
    bool endToEndFlowControl{};
    std::uint8_t rnrRetryCount{}; ///< 3 bits, 7 = for ever
    bool srq{};
    std::uint64_t localCaGuid{}; ///< the sender's node GUID
    std::array<std::uint8_t, 196> privateData{};

    static constexpr std::string_view kName = "REP";
    static constexpr std::size_t kBytes = 232;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&CmRep::localCommId>{"Local communication ID", 0, 0, 32, Show::kHex},
            Field<&CmRep::remoteCommId>{"Remote communication ID", 4, 0, 32, Show::kHex},
            Field<&CmRep::localQkey>{"Local Q_Key", 8, 0, 32, Show::kHex},
            Field<&CmRep::localQpn>{"Local QPN", 12, 0, 24, Show::kHex},
            Field<&CmRep::vendorId>{"VendorID", {{15, 0, 8}, {19, 0, 8}, {23, 0, 8}}, Show::kHex},
            Field<&CmRep::localEecn>{"Local EECN", 16, 0, 24, Show::kHex},
            Field<&CmRep::startingPsn>{"Starting PSN", 20, 0, 24, Show::kHex},
            Field<&CmRep::responderResources>{"Responder resources", 24, 0, 8},
            Field<&CmRep::initiatorDepth>{"Initiator depth", 25, 0, 8},
            Field<&CmRep::targetAckDelay>{"Target ACK delay", 26, 0, 5},
            Field<&CmRep::failoverAccepted>{"Failover accepted", 26, 5, 2},
            Field<&CmRep::endToEndFlowControl>{"End-to-end flow control", 26, 7, 1},
            Field<&CmRep::rnrRetryCount>{"RNR retry count", 27, 0, 3},
            Field<&CmRep::srq>{"SRQ", 27, 3, 1},
            Field<&CmRep::localCaGuid>{"Local CA GUID", 28, 0, 64, Show::kHex},
            Field<&CmRep::privateData>{"Private data", 36, 0, 196 * 8});
    }

    friend bool operator==(const CmRep&, const CmRep&) = default;
};

/** Ready to use, active to passive side. */
struct CmRtu
{
    std::uint32_t localCommId{};
    std::uint32_t remoteCommId{};
    std::array<std::uint8_t, 224> privateData{};

    static constexpr std::string_view kName = "RTU";
    static constexpr std::size_t kBytes = 232;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&CmRtu::localCommId>{"Local communication ID", 0, 0, 32, Show::kHex},
            Field<&CmRtu::remoteCommId>{"Remote communication ID", 4, 0, 32, Show::kHex},
            Field<&CmRtu::privateData>{"Private data", 8, 0, 224 * 8});
    }

    friend bool operator==(const CmRtu&, const CmRtu&) = default;
};

/** Disconnect request. */
struct CmDreq
{
    std::uint32_t localCommId{};
    std::uint32_t remoteCommId{};
    std::uint32_t remoteQpn{}; ///< 24 bits: QPN or EECN at the receiver, which must check it
    std::array<std::uint8_t, 220> privateData{};

    static constexpr std::string_view kName = "DREQ";
    static constexpr std::size_t kBytes = 232;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&CmDreq::localCommId>{"Local communication ID", 0, 0, 32, Show::kHex},
            Field<&CmDreq::remoteCommId>{"Remote communication ID", 4, 0, 32, Show::kHex},
            Field<&CmDreq::remoteQpn>{"Remote QPN/EECN", 8, 0, 24, Show::kHex},
            Field<&CmDreq::privateData>{"Private data", 12, 0, 220 * 8});
    }

    friend bool operator==(const CmDreq&, const CmDreq&) = default;
};

/** Disconnect reply. */
struct CmDrep
{
    std::uint32_t localCommId{};
    std::uint32_t remoteCommId{};
    std::array<std::uint8_t, 224> privateData{};

    static constexpr std::string_view kName = "DREP";
    static constexpr std::size_t kBytes = 232;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&CmDrep::localCommId>{"Local communication ID", 0, 0, 32, Show::kHex},
            Field<&CmDrep::remoteCommId>{"Remote communication ID", 4, 0, 32, Show::kHex},
            Field<&CmDrep::privateData>{"Private data", 8, 0, 224 * 8});
    }

    friend bool operator==(const CmDrep&, const CmDrep&) = default;
};

/** Alternate path response, passive to active side. */
struct CmApr
{
    std::uint32_t localCommId{};
    std::uint32_t remoteCommId{};
    std::uint8_t additionalInfoLength{}; ///< may lie: more than 72 is possible on the wire
    AprStatus status{};
    std::array<std::uint8_t, 72> additionalInfo{};
    std::array<std::uint8_t, 148> privateData{};

    static constexpr std::string_view kName = "APR";
    static constexpr std::size_t kBytes = 232;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&CmApr::localCommId>{"Local communication ID", 0, 0, 32, Show::kHex},
            Field<&CmApr::remoteCommId>{"Remote communication ID", 4, 0, 32, Show::kHex},
            Field<&CmApr::additionalInfoLength>{"Additional info length", 8, 0, 8},
            Field<&CmApr::status>{"AP status", 9, 0, 8},
            Field<&CmApr::additionalInfo>{"Additional information", 12, 0, 72 * 8},
            Field<&CmApr::privateData>{"Private data", 84, 0, 148 * 8});
    }

    friend bool operator==(const CmApr&, const CmApr&) = default;
};

} // namespace ibwire

#endif // IB_WIRE_CM_REPLIES_H
