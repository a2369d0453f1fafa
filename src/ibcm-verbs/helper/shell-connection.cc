// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/shell-connection.h"

#include "ibcm-verbs/helper/shell-refusal.h"

#include <cerrno>
#include <utility>

namespace cmverbs
{

namespace
{

constexpr std::uint32_t kUdpQkey = 0x01234567; ///< of all QPs of ps=udp
constexpr std::uint8_t kDefaultRetries = 7;

tl::unexpected<ShellRefusal> Invalid(const char* text)
{
    return tl::unexpected(ShellRefusal{EINVAL, text});
}

ShellResult<void> ResultOf(const ibcm::Status& status)
{
    if (!status)
    {
        return tl::unexpected(RefusalFrom(status.error()));
    }
    return {};
}

ShellResult<void> ResultOf(const VerbsStatus& status)
{
    if (!status)
    {
        return tl::unexpected(RefusalFrom(status.error()));
    }
    return {};
}

std::uint64_t ServiceIdFor(const ShellCommand& connect)
{
    const auto space = connect.datagram ? ibwire::PortSpace::kUdp : ibwire::PortSpace::kTcp;
    return ibcm::ServiceIdOf({space, connect.port});
}

/** The route's path; a local ACK timeout that was asked for takes the place of its life time. */
ibcm::Path PathFor(const ShellCommand& connect, const Route& route)
{
    ibcm::Path path = route.path;
    if (connect.ackTimeout.value_or(0) != 0)
    {
        // The timeout is twice the life time, next to which the CA's own delay does not count.
        path.packetLifeTime = static_cast<std::uint8_t>(*connect.ackTimeout - 1);
    }
    return path;
}

ibcm::ReqParameters ReqFor(const ShellConnection& connection,
                           const Route& route,
                           std::span<const std::uint8_t> privateData)
{
    const ShellParameters& wanted = connection.wanted.parameters;
    ibcm::ReqParameters req;
    req.serviceId = ServiceIdFor(connection.wanted);
    req.primaryPath = PathFor(connection.wanted, route);
    req.localQpn = connection.qpn;
    req.startingPsn = connection.psn;
    req.responderResources = connection.responderResources;
    req.initiatorDepth = connection.initiatorDepth;
    req.retryCount = wanted.retryCount.value_or(kDefaultRetries);
    req.rnrRetryCount = wanted.rnrRetryCount.value_or(kDefaultRetries);
    req.flowControl = wanted.flowControl;
    req.srq = wanted.srq;
    req.ece = wanted.ece;
    req.privateData = privateData;
    return req;
}

ibcm::RepParameters RepFor(const ShellConnection& connection,
                           const ShellParameters& parameters,
                           std::uint8_t ackDelay)
{
    ibcm::RepParameters rep;
    rep.localQpn = connection.qpn;
    rep.startingPsn = connection.psn;
    rep.responderResources = connection.responderResources;
    rep.initiatorDepth = connection.initiatorDepth;
    rep.targetAckDelay = ackDelay;
    rep.rnrRetryCount = parameters.rnrRetryCount.value_or(kDefaultRetries);
    rep.flowControl = parameters.flowControl;
    rep.srq = parameters.srq;
    rep.ece = parameters.ece;
    rep.privateData = parameters.data;
    return rep;
}

ibcm::SidrRepParameters SidrRepFor(const ShellConnection& connection,
                                   const ShellParameters& parameters)
{
    ibcm::SidrRepParameters rep;
    rep.qpn = connection.qpn;
    rep.qkey = kUdpQkey;
    rep.ece = parameters.ece;
    rep.privateData = parameters.data;
    return rep;
}

ibcm::SidrRepParameters SidrRejectionFor(std::span<const std::uint8_t> data)
{
    ibcm::SidrRepParameters rep;
    rep.status = ibwire::SidrStatus::kRejected;
    rep.privateData = data;
    return rep;
}

void ChooseDepths(ShellConnection& connection, const ShellParameters& parameters)
{
    connection.responderResources =
        parameters.responderResources.value_or(connection.responderResources);
    connection.initiatorDepth = parameters.initiatorDepth.value_or(connection.initiatorDepth);
}

} // namespace

ShellCalls::ShellCalls(CmDevice& device, ibcm::EventHandler& handler)
    : m_device(device),
      m_manager(device.Manager()),
      m_handler(handler)
{
}

ShellResult<void> ShellCalls::ChooseQp(ShellConnection& connection,
                                       const ShellParameters& parameters)
{
    connection.psn = m_numbers.NextPsn();
    if (!parameters.realQp)
    {
        connection.qp.reset();
        connection.qpn = parameters.qpn.value_or(m_numbers.NextQpn());
        return {};
    }
    auto made = m_device.MakeQueuePair(connection.datagram);
    if (!made)
    {
        return tl::unexpected(RefusalFrom(made.error()));
    }
    connection.qp = *std::move(made);
    connection.qpn = connection.qp->Number();
    return {};
}

ShellResult<void> ShellCalls::ModifyQp(const ShellConnection& connection, ibcm::QpTarget target)
{
    auto attributes = m_manager.InitQpAttributes(connection.handle, target);
    if (!attributes)
    {
        return tl::unexpected(RefusalFrom(attributes.error()));
    }
    // What has been settled here and is not, or not yet, in a message of this side.
    attributes->rqPsn = connection.psn;
    attributes->maxDestRdAtomic = connection.responderResources;
    attributes->maxRdAtomic = connection.initiatorDepth;
    attributes->timeout = connection.wanted.ackTimeout.value_or(attributes->timeout);
    return ResultOf(connection.qp->Modify(*attributes));
}

ShellResult<void> ShellCalls::ReadyQp(const ShellConnection& connection)
{
    if (!connection.qp || connection.datagram)
    {
        return {};
    }
    const auto receiving = ModifyQp(connection, ibcm::QpTarget::kRtr);
    return receiving ? ModifyQp(connection, ibcm::QpTarget::kRts) : receiving;
}

ShellResult<void> ShellCalls::Ask(ShellConnection& connection, const Route& route)
{
    const ShellCommand& wanted = connection.wanted;
    const auto carrier =
        connection.datagram ? ibcm::IpCmCarrier::kSidrReq : ibcm::IpCmCarrier::kReq;
    const auto privateData = ibcm::BuildIpCm(
        {route.source, m_numbers.NextPort(), wanted.address}, carrier, wanted.parameters.data);
    if (!privateData)
    {
        return Invalid(ibcm::ToString(privateData.error()));
    }
    const auto handle = m_manager.Create(m_handler);
    if (!handle)
    {
        return tl::unexpected(RefusalFrom(handle.error()));
    }
    connection.handle = *handle;
    connection.phase = ShellPhase::kConnecting;
    if (connection.datagram)
    {
        ibcm::SidrReqParameters request;
        request.serviceId = ServiceIdFor(wanted);
        request.path = PathFor(wanted, route);
        request.privateData = *privateData;
        return ResultOf(m_manager.SendSidrReq(connection.handle, request));
    }
    return ResultOf(m_manager.SendReq(connection.handle, ReqFor(connection, route, *privateData)));
}

ShellResult<void> ShellCalls::Connect(ShellConnection& connection, const Route& route)
{
    ChooseDepths(connection, connection.wanted.parameters);
    if (auto chosen = ChooseQp(connection, connection.wanted.parameters); !chosen)
    {
        return chosen;
    }
    if (auto asked = Ask(connection, route); !asked)
    {
        return asked;
    }
    if (!connection.qp || connection.datagram)
    {
        return {};
    }
    const auto initial = ModifyQp(connection, ibcm::QpTarget::kInit);
    const auto state = m_manager.StateOf(connection.handle);
    if (!initial && state && *state == ibcm::State::kIdle)
    {
        return {}; // the peer has refused already, which its event says
    }
    if (!initial)
    {
        Destroy(connection); // or a response would come that nothing can be done with
    }
    return initial;
}

ibcm::Status ShellCalls::SendRep(const ShellConnection& connection,
                                 const ShellParameters& parameters)
{
    if (connection.datagram)
    {
        return m_manager.SendSidrRep(connection.handle, SidrRepFor(connection, parameters));
    }
    return m_manager.SendRep(connection.handle,
                             RepFor(connection, parameters, m_device.AckDelay()));
}

ShellResult<void> ShellCalls::Accept(ShellConnection& connection, const ShellParameters& parameters)
{
    if (connection.active || !connection.unanswered)
    {
        return Invalid("no request that waits for an answer");
    }
    ChooseDepths(connection, parameters);
    if (auto chosen = ChooseQp(connection, parameters); !chosen)
    {
        return chosen;
    }
    if (connection.qp && !connection.datagram)
    {
        const auto initial = ModifyQp(connection, ibcm::QpTarget::kInit);
        const auto ready = initial ? ReadyQp(connection) : initial;
        if (!ready)
        {
            return ready;
        }
    }
    const auto sent = ResultOf(SendRep(connection, parameters));
    if (sent)
    {
        connection.unanswered = false;
        connection.phase = ShellPhase::kConnecting;
    }
    return sent;
}

ShellResult<void> ShellCalls::Reject(ShellConnection& connection,
                                     std::span<const std::uint8_t> data)
{
    if (connection.handle == ibcm::Handle::kNone)
    {
        return Invalid("nothing that could be rejected");
    }
    const auto sent =
        connection.datagram
            ? m_manager.SendSidrRep(connection.handle, SidrRejectionFor(data))
            : m_manager.SendRej(connection.handle, ibwire::RejReason::kConsumer, {}, data);
    connection.unanswered = connection.unanswered && !sent;
    return ResultOf(sent);
}

ShellResult<void> ShellCalls::Establish(ShellConnection& connection)
{
    if (!connection.active || !connection.unanswered)
    {
        return Invalid("no response that waits for an answer");
    }
    if (auto ready = ReadyQp(connection); !ready)
    {
        return ready;
    }
    const auto sent = ResultOf(m_manager.SendRtu(connection.handle));
    connection.unanswered = !sent;
    return sent;
}

ShellResult<void> ShellCalls::Disconnect(ShellConnection& connection)
{
    if (connection.handle == ibcm::Handle::kNone)
    {
        return Invalid("nothing that could be disconnected");
    }
    if (connection.qp)
    {
        if (auto stopped = connection.qp->ModifyToError(); !stopped)
        {
            return tl::unexpected(RefusalFrom(stopped.error()));
        }
    }
    if (!m_manager.SendDreq(connection.handle))
    {
        (void)m_manager.SendDrep(connection.handle);
    }
    return {};
}

ShellResult<void> ShellCalls::Notify(const ShellConnection& connection)
{
    if (connection.handle == ibcm::Handle::kNone)
    {
        return Invalid("nothing that could be established");
    }
    return ResultOf(m_manager.NotifyEstablished(connection.handle));
}

void ShellCalls::Destroy(ShellConnection& connection)
{
    connection.qp.reset();
    if (connection.handle != ibcm::Handle::kNone)
    {
        (void)m_manager.Destroy(std::exchange(connection.handle, ibcm::Handle::kNone));
    }
}

} // namespace cmverbs
