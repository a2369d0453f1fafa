// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_PARAMETERS_H
#define IBCM_PARAMETERS_H

#include "ib-wire/model/gid.h"

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
};

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
    std::span<const std::uint8_t> privateData; ///< at most 92 bytes
};

/** For ConnectionManager::SendRep. */
struct RepParameters
{
    std::uint32_t localQpn{0};    ///< 24 bits, not 0
    std::uint32_t startingPsn{0}; ///< 24 bits
    std::uint8_t responderResources{0};
    std::uint8_t initiatorDepth{0};
    std::uint8_t targetAckDelay{0}; ///< exponent
    std::uint8_t failoverAccepted{0};
    std::uint8_t rnrRetryCount{7}; ///< 3 bits
    bool flowControl{true};
    bool srq{false};
    std::span<const std::uint8_t> privateData; ///< at most 196 bytes
};

} // namespace ibcm

#endif /* IBCM_PARAMETERS_H */
