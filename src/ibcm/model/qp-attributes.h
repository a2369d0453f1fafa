// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_QP_ATTRIBUTES_H
#define IBCM_QP_ATTRIBUTES_H

#include "ibcm/model/mad-port.h"
#include "ibcm/model/parameters.h"

#include <cstdint>

namespace ibcm
{

/** The QP state that attributes lead to. */
enum class QpTarget : std::uint8_t
{
    kInit,
    kRtr,
    kRts,
};

/** Which members of QpAttributes count; bits, named as verbs names them. */
enum QpAttributeMask : std::uint32_t
{
    kQpAccessFlags = 1U << 0,
    kQpPkeyIndex = 1U << 1,
    kQpPort = 1U << 2,
    kQpAddress = 1U << 3,
    kQpPathMtu = 1U << 4,
    kQpDestQpn = 1U << 5,
    kQpRqPsn = 1U << 6,
    kQpMaxDestRdAtomic = 1U << 7,
    kQpMinRnrTimer = 1U << 8,
    kQpTimeout = 1U << 9,
    kQpRetryCount = 1U << 10,
    kQpRnrRetry = 1U << 11,
    kQpSqPsn = 1U << 12,
    kQpMaxRdAtomic = 1U << 13,
    kQpAltPath = 1U << 14,
    kQpPathMigState = 1U << 15,
};

/** Access flags; the values of verbs. */
enum QpAccess : std::uint32_t
{
    kQpRemoteWrite = 1U << 1,
    kQpRemoteRead = 1U << 2,
    kQpRemoteAtomic = 1U << 3,
};

/** What the consumer applies to its QP, as ConnectionManager::InitQpAttributes computes it. */
struct QpAttributes
{
    QpTarget target{QpTarget::kInit};
    std::uint32_t mask{0}; ///< QpAttributeMask
    std::uint32_t accessFlags{0};
    std::uint16_t pkeyIndex{0};
    std::uint8_t port{0};
    MadAddress address;       ///< of the data path: dlid, sl, GRH; its qpn and qkey do not count
    std::uint8_t pathMtu{0};  ///< 1..5
    std::uint32_t destQpn{0}; ///< 24 bits
    std::uint32_t rqPsn{0};   ///< 24 bits: what this side expects first, as it announced
    std::uint32_t sqPsn{0};   ///< 24 bits: what this side sends first, as the peer announced
    std::uint8_t maxDestRdAtomic{0};
    std::uint8_t minRnrTimer{0};
    std::uint8_t timeout{0}; ///< local ACK timeout; exponent
    std::uint8_t retryCount{0};
    std::uint8_t rnrRetry{0};
    std::uint8_t maxRdAtomic{0};
    MadAddress altAddress; ///< of the alternate path; its qpn and qkey do not count
    std::uint16_t altPkeyIndex{0};
    std::uint8_t altPort{0};
    std::uint8_t altTimeout{0}; ///< exponent
    bool rearm{false};          ///< path migration state, if in the mask: REARM
};

} // namespace ibcm

#endif /* IBCM_QP_ATTRIBUTES_H */
