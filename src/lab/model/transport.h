// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_TRANSPORT_H
#define LAB_TRANSPORT_H

#include "ibcm/helper/reliable-port.h"
#include "ibcm/model/parameters.h"
#include "ibcm/model/qp-attributes.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

/**
 * @file
 * What a host of the lab stands on: the fabric as its Connection Manager and its application see
 * it. DirectFabric and SimulatedFabric implement it.
 */

namespace lab
{

/** A queue pair of an application, as far as a scenario uses one. */
class DataPath
{
  public:
    virtual ~DataPath() = default;
    virtual std::uint32_t Qpn() const = 0;
    /** Moves the queue pair as the CM says. @return what was wrong, or empty. */
    virtual std::string Modify(const ibcm::QpAttributes& attributes) = 0;
    /** To ERROR: nothing more is sent or received. */
    virtual void Break() = 0;
    /** @param done called on the main context: empty if the peer has acknowledged, or what failed.
     */
    virtual std::string Send(std::string message, std::function<void(std::string)> done) = 0;
    /** @param received called on the main context for each message. */
    virtual void OnReceive(std::function<void(std::string)> received) = 0;
    /** @param established called on the main context when data comes before the RTU. */
    virtual void OnCommunicationEstablished(std::function<void()> established) = 0;
};

/** One host's attachment. */
class Attachment
{
  public:
    /** Takes what the attachment receives, on the main context. */
    using ReceiveHandler = std::function<void(const ibcm::ReceivedMad&)>;
    /** Takes the answer to ResolvePath, on the main context or before that returns. */
    using PathHandler = std::function<void(tl::expected<ibcm::Path, std::string>)>;

    virtual ~Attachment() = default;
    /** CM messages of this host. Transmit does not block; it may be called from a task. */
    virtual ibcm::MadWire& Wire() = 0;
    virtual void SetReceiveHandler(ReceiveHandler handler) = 0;
    virtual std::uint8_t PortNumber() const = 0;
    virtual std::uint64_t NodeGuid() const = 0;
    /** Exponent: 4.096 us * 2^n. */
    virtual std::uint8_t AckDelay() const = 0;
    virtual void ResolvePath(const Attachment& to, PathHandler handler) = 0;
    virtual std::unique_ptr<DataPath> MakeDataPath() = 0;
    /** Whether CM messages get through: while the link is down those that are sent or arrive are
     * lost, and nobody is told. Up at the beginning of each run. */
    virtual void SetLink(bool up) = 0;
    /** The host begins anew: its queue pairs are numbered from the first. There are none left. */
    virtual void Restart() = 0;
};

} // namespace lab

#endif /* LAB_TRANSPORT_H */
