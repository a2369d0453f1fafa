// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_COMPOSE_H
#define IBCM_COMPOSE_H

#include "ib-wire/model/cm-messages.h"
#include "ibcm/model/event.h"
#include "ibcm/model/mad-port.h"
#include "ibcm/model/parameters.h"
#include "ibcm/model/status.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>

/**
 * @file
 * Private to the core: from a consumer's parameters to a message, and from a message to the
 * parameters of an event. Pure functions. InfiniBand Architecture vol. 1, 12.6.
 */

namespace ibcm
{

/** Both communication ids, as the sender of a message sees them. */
struct Ids
{
    std::uint32_t local;
    std::uint32_t remote;
};

/** The MAD around a message; nothing if a value is wider than its field. */
template <class M>
ibwire::Result<ibwire::MadBytes> ComposeMad(const M& message,
                                            std::uint64_t transactionId,
                                            std::uint32_t attributeModifier = 0)
{
    ibwire::MadHeader header;
    header.transactionId = transactionId;
    header.attributeModifier = attributeModifier;
    return ibwire::EncodeCm(header, message);
}

/** @param parameters checked by CheckReq. @param ackDelay of the own CA; exponent. */
ibwire::CmReq ComposeReq(const ReqParameters& parameters,
                         std::uint32_t localCommId,
                         std::uint64_t caGuid,
                         std::uint8_t ackDelay);
ibwire::CmRep ComposeRep(const RepParameters& parameters,
                         Ids ids,
                         std::uint64_t caGuid,
                         QpType type);
ibwire::CmRtu ComposeRtu(Ids ids, std::span<const std::uint8_t> privateData);
ibwire::CmRej ComposeRej(Ids ids,
                         ibwire::MessageRejected rejected,
                         ibwire::RejReason reason,
                         std::span<const std::uint8_t> info,
                         std::span<const std::uint8_t> privateData);
ibwire::CmDreq ComposeDreq(Ids ids,
                           std::uint32_t remoteQpn,
                           std::span<const std::uint8_t> privateData);
ibwire::CmDrep ComposeDrep(Ids ids, std::span<const std::uint8_t> privateData);
ibwire::CmMra ComposeMra(Ids ids,
                         ibwire::MessageMraed message,
                         std::uint8_t serviceTimeout,
                         std::span<const std::uint8_t> privateData);
ibwire::CmLap ComposeLap(const LapParameters& parameters,
                         Ids ids,
                         std::uint32_t remoteQpn,
                         std::uint8_t ackDelay);
ibwire::CmApr ComposeApr(Ids ids,
                         ibwire::AprStatus status,
                         std::span<const std::uint8_t> info,
                         std::span<const std::uint8_t> privateData);
ibwire::CmSidrReq ComposeSidrReq(const SidrReqParameters& parameters, std::uint32_t requestId);
ibwire::CmSidrRep ComposeSidrRep(const SidrRepParameters& parameters,
                                 std::uint32_t requestId,
                                 std::uint64_t serviceId);

/** 72 bytes for the additional information of REJ, APR and SIDR_REP. */
std::array<std::uint8_t, 72> RedirectInfo(const ibwire::ClassPortInfo& target);
/** Where a peer redirects to; nothing if the information is shorter or names no QP. */
std::optional<ibwire::ClassPortInfo> RedirectFrom(std::span<const std::uint8_t> info);

/** The additional reject information of REJ(timeout): the rejecting side's CA GUID, big-endian. */
std::array<std::uint8_t, 8> GuidInfo(std::uint64_t caGuid);
/** The CA GUID in a REJ(timeout); nothing if the information is too short for one. */
std::optional<std::uint64_t> GuidFromInfo(const ibwire::CmRej& rej);

/** The transport that a REQ asks for; nothing if there is no such (REJ 9). */
std::optional<QpType> QpTypeOfReq(const ibwire::CmReq& req);
/** Transport of the passive side for that of the active side. */
QpType PassiveQpType(QpType active);
/** The QPN that a REP announces: an XRC target has it in the EECN. */
std::uint32_t QpnOfRep(const ibwire::CmRep& rep, QpType activeType);

/** Which port a message came in at. */
struct Arrival
{
    const ReceivedMad& mad;
    std::uint8_t portNumber;
    std::uint16_t portLid;           ///< its base LID
    std::uint32_t attributeModifier; ///< of the MAD: the options of ECE
};

/** The path back to the sender of a REQ, as the passive side sees it. */
Path PassivePath(const ibwire::CmReq& req, const Arrival& arrival);
/** The alternate path of a LAP, from the side that receives it; P_Key and MTU are the connection's.
 */
Path PathOfLap(const ibwire::CmLap& lap, const Path& primary);
ReqReceived ReqReceivedFrom(const ibwire::CmReq& req, const Arrival& arrival, Handle listener);
RepReceived RepReceivedFrom(const ibwire::CmRep& rep,
                            QpType activeType,
                            std::uint32_t attributeModifier);
AprReceived AprReceivedFrom(const ibwire::CmApr& apr);
SidrRepReceived SidrRepReceivedFrom(const ibwire::CmSidrRep& rep, std::uint32_t attributeModifier);
/** The claimed length of the reject information is bounded by what a REJ can hold. */
RejReceived RejReceivedFrom(const ibwire::CmRej& rej);

} // namespace ibcm

#endif /* IBCM_COMPOSE_H */
