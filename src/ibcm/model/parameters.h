// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_PARAMETERS_H
#define IBCM_PARAMETERS_H

#include "ib-wire/model/class-port-info.h"
#include "ib-wire/model/cm-codes.h"
#include "ib-wire/model/gid.h"
#include "ibcm/model/runtime.h"

#include <cstdint>
#include <optional>
#include <span>

/**
 * @file
 * What consumers hand to a ConnectionManager. All integers are in host byte order. Exponents of
 * time are 0..31 and mean 4.096 us * 2^n.
 */

namespace ibcm
{

/** Names an id for as long as it lives; never comes again after that, so it cannot dangle. */
enum class Handle : std::uint64_t
{
    kNone = 0,
};

/** Transport service of the connection (REQ: transport service type and its extension). */
enum class QpType : std::uint8_t
{
    kRc,
    kUc,
    kXrcInitiator,
    kXrcTarget,
    kUnknown, ///< only with Behaviour::kLinux61, which passes on REQs of no known transport
};

/** Enhanced connection establishment: what vendors' QPs agree on. All 0: none. */
struct Ece
{
    std::uint32_t vendorId{0}; ///< 24 bits, an OUI
    std::uint32_t options{0};  ///< the vendor's; the attribute modifier of the MAD

    friend bool operator==(const Ece&, const Ece&) = default;
};

/** A service id for Listen: assign one. */
inline constexpr std::uint64_t kAssignServiceId = 0x0200000000000000;
/** For Listen: the service id is compared as a whole. */
inline constexpr std::uint64_t kExactService = 0xffffffffffffffff;

/** A way through the fabric, from this side to the peer; the fields of a PathRecord that CM needs.
 */
struct Path
{
    ibwire::Gid sgid;
    ibwire::Gid dgid;
    std::uint16_t slid{0};
    std::uint16_t dlid{0};
    std::uint16_t pkey{0xffff};
    std::uint32_t flowLabel{0}; ///< 20 bits
    std::uint8_t hopLimit{0};   ///< above 1: through a router
    std::uint8_t trafficClass{0};
    std::uint8_t sl{0};             ///< 4 bits
    std::uint8_t mtu{4};            ///< 1 = 256 … 5 = 4096 bytes
    std::uint8_t rate{3};           ///< InfiniBand rate encoding, 6 bits
    std::uint8_t packetLifeTime{0}; ///< one way; exponent
};

/** For ConnectionManager::Listen. */
struct ListenParameters
{
    /**
     * Service ids are matched where the mask has ones. kAssignServiceId asks for one that nobody
     * uses; others that begin with the byte 2 belong to that range and are refused, as are masks
     * that would match such ids.
     */
    std::uint64_t serviceId{0};
    std::uint64_t serviceMask{kExactService};
    std::uint32_t backlog{0}; ///< requests open at one time; 0: as in Limits
    /** ListenShared with the same handler may join; nobody joins a listener under a mask. */
    bool shared{false};
    /** Where requests are sent instead, by REJ 24 and SIDR status 4; none reaches the handler. */
    std::optional<ibwire::ClassPortInfo> redirect;
};

/** For ConnectionManager::SendReq. */
struct ReqParameters
{
    std::uint64_t serviceId{0};
    Path primaryPath;
    std::optional<Path> alternatePath; ///< same P_Key and MTU as the primary path
    QpType qpType{QpType::kRc};
    std::uint32_t localQpn{0};    ///< 24 bits, not 0
    std::uint32_t startingPsn{0}; ///< 24 bits
    std::uint8_t responderResources{0};
    std::uint8_t initiatorDepth{0};
    std::uint8_t remoteCmResponseTimeout{20}; ///< the peer's time to answer; exponent
    std::uint8_t localCmResponseTimeout{20};  ///< this side's time to answer; exponent
    std::uint8_t maxCmRetries{15};            ///< 4 bits: transmissions = 1 + retries
    std::uint8_t retryCount{7};               ///< 3 bits, of the QP
    std::uint8_t rnrRetryCount{7};            ///< 3 bits, 7 = without end
    bool flowControl{true};
    bool srq{false};
    Ece ece;
    /**
     * The peer may ask for the same connection at the same time, on the same service id: one of
     * both REQs wins and the other side's id turns passive, with REQ_RECEIVED (12.10.4). REJ 8 is
     * ignored, as the peer may not have asked yet. RC and UC only.
     */
    bool peerToPeer{false};
    /**
     * REJ 24 sends the REQ on to where it points, a few times at most, with the port that it names
     * as the path's end; one without a LID is told, as only the SA knows the way. kStrict only.
     */
    bool followRedirect{true};
    std::uint8_t minResponderResources{0};     ///< of the REP: fewer is REJ 27; kStrict only
    std::span<const std::uint8_t> privateData; ///< at most 92 bytes
};

/** For ConnectionManager::SendRep. */
struct RepParameters
{
    std::uint32_t localQpn{0};    ///< 24 bits, not 0
    std::uint32_t startingPsn{0}; ///< 24 bits
    std::uint8_t responderResources{0};
    std::uint8_t initiatorDepth{0};
    std::uint8_t targetAckDelay{0};   ///< exponent
    std::uint8_t failoverAccepted{0}; ///< 0..2 (ibwire::Failover): whether the alternate path is
    std::uint8_t rnrRetryCount{7};    ///< 3 bits
    bool flowControl{true};
    bool srq{false};
    Ece ece;
    std::span<const std::uint8_t> privateData; ///< at most 196 bytes
};

/** For ConnectionManager::SendMra. */
struct MraParameters
{
    std::uint8_t serviceTimeout{24}; ///< exponent: how long the answer may still take
    /** Sends nothing now, only when the message comes again: no MRA if the answer is fast enough.
     */
    bool onDuplicateOnly{false};
    std::span<const std::uint8_t> privateData; ///< at most 222 bytes
};

/** For ConnectionManager::SendLap. */
struct LapParameters
{
    Path alternatePath;                        ///< from this side to the peer; not the path in use
    std::uint8_t remoteCmResponseTimeout{20};  ///< the peer's time to answer; exponent
    std::span<const std::uint8_t> privateData; ///< at most 168 bytes
};

/** For ConnectionManager::SendApr. */
struct AprParameters
{
    ibwire::AprStatus status{ibwire::AprStatus::kSuccess};
    std::span<const std::uint8_t> info;        ///< at most 72 bytes, by status
    std::span<const std::uint8_t> privateData; ///< at most 148 bytes
};

/** For ConnectionManager::SendSidrReq. */
struct SidrReqParameters
{
    std::uint64_t serviceId{0};
    Path path;
    Duration timeout{std::chrono::milliseconds{4096}}; ///< of each transmission; above 0
    std::uint8_t maxCmRetries{15};                     ///< 4 bits: transmissions = 1 + retries
    bool followRedirect{true}; ///< status 4 sends the request on; Behaviour::kStrict only
    std::span<const std::uint8_t> privateData; ///< at most 216 bytes
};

/** For ConnectionManager::SendSidrRep. */
struct SidrRepParameters
{
    ibwire::SidrStatus status{ibwire::SidrStatus::kSuccess};
    std::uint32_t qpn{0}; ///< 24 bits
    std::uint32_t qkey{0};
    Ece ece;
    std::span<const std::uint8_t> info;        ///< at most 72 bytes, by status
    std::span<const std::uint8_t> privateData; ///< at most 136 bytes
};

} // namespace ibcm

#endif /* IBCM_PARAMETERS_H */
