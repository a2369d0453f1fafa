// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_CM_DEVICE_H
#define IBCM_VERBS_CM_DEVICE_H

#include "ibcm-verbs/model/verbs-error.h"
#include "ibcm/model/connection-manager.h"
#include "ibcm/model/ip-cm.h"
#include "ibcm/model/parameters.h"
#include "ibcm/model/qp-attributes.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace cmverbs
{

/** The way to an IP address through one port of a device. */
struct Route
{
    ibcm::Path path;        ///< for ReqParameters::primaryPath or SidrReqParameters::path
    ibcm::IpAddress source; ///< of this side, for the header of the RDMA IP CM service
    std::uint8_t port{1};   ///< that the path leaves by
};

/** A queue pair, as far as connecting it goes. Ended with its object. Any thread. */
class QueuePair
{
  public:
    virtual ~QueuePair() = default;
    virtual std::uint32_t Number() const = 0;
    /** Applies what ConnectionManager::InitQpAttributes has computed. */
    virtual VerbsStatus Modify(const ibcm::QpAttributes& attributes) = 0;
    /** To the error state: what is posted is flushed. For before a DREQ and after a DREP. */
    virtual VerbsStatus ModifyToError() = 0;
};

/**
 * A device with a Connection Manager on its ports: what consumers of connections (the tools, the
 * shell, a user's program) stand on. Thread-safe.
 */
class CmDevice
{
  public:
    virtual ~CmDevice() = default;
    virtual ibcm::ConnectionManager& Manager() = 0;
    /** How long it takes to acknowledge, for RepParameters::targetAckDelay; exponent. */
    virtual std::uint8_t AckDelay() const = 0;
    /**
     * Finds the way to an address; blocks the calling thread until it is known or refused.
     * @param source to leave from; nothing: as the system's routes say.
     * @return code EADDRNOTAVAIL if the source is not an address of the device, ENETUNREACH or
     * EHOSTUNREACH if there is no way, ENODEV if the way goes by another device, ETIMEDOUT if
     * nobody answers.
     */
    virtual VerbsResult<Route> Resolve(const ibcm::IpAddress& destination,
                                       std::optional<ibcm::IpAddress> source = std::nullopt) = 0;
    /** Makes a reliable connected QP in RESET, or an unreliable datagram QP ready to send. */
    virtual VerbsResult<std::unique_ptr<QueuePair>> MakeQueuePair(bool datagram) = 0;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_CM_DEVICE_H */
