// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/shell-intake.h"

#include <variant>

namespace cmverbs
{

namespace
{

using ibcm::Disposition;

/** For later: sent only if the message comes again while the program has not answered. */
ibcm::MraParameters MraIfAsked()
{
    ibcm::MraParameters mra;
    mra.onDuplicateOnly = true;
    return mra;
}

bool IsOfSpace(std::uint64_t serviceId, ibwire::PortSpace space)
{
    const auto service = ibcm::IpCmServiceOf(serviceId);
    return service && service->space == space;
}

} // namespace

ShellIntake::ShellIntake(ShellQueue& queue, ibcm::Behaviour behaviour)
    : m_queue(queue),
      m_behaviour(behaviour)
{
}

Disposition ShellIntake::OnCmEvent(ibcm::ConnectionManager& manager,
                                   ibcm::Handle id,
                                   const ibcm::Event& event)
{
    if (const auto* request = std::get_if<ibcm::ReqReceived>(&event.parameters))
    {
        return OnRequest(manager, id, event, *request);
    }
    if (const auto* request = std::get_if<ibcm::SidrReqReceived>(&event.parameters))
    {
        return OnSidrRequest(id, event, *request);
    }
    if (event.type == ibcm::EventType::kRepReceived)
    {
        (void)manager.SendMra(id, MraIfAsked()); // refused if the connection has just ended
    }
    m_queue.Push(ShellNews{id, event});
    return Disposition::kKeep;
}

Disposition ShellIntake::OnRequest(ibcm::ConnectionManager& manager,
                                   ibcm::Handle id,
                                   const ibcm::Event& event,
                                   const ibcm::ReqReceived& request)
{
    if (request.qpType != ibcm::QpType::kRc ||
        !IsOfSpace(request.serviceId, ibwire::PortSpace::kTcp))
    {
        return Disposition::kDestroy; // REJ 28
    }
    const auto header = ibcm::ParseIpCm(event.privateData.Bytes(), request.serviceId);
    if (!header)
    {
        (void)Refuse(manager, id, header.error());
        return Disposition::kDestroy;
    }
    (void)manager.SendMra(id, MraIfAsked());
    m_queue.Push(ShellNews{id, event});
    return Disposition::kKeep;
}

Disposition ShellIntake::OnSidrRequest(ibcm::Handle id,
                                       const ibcm::Event& event,
                                       const ibcm::SidrReqReceived& request)
{
    if (!IsOfSpace(request.serviceId, ibwire::PortSpace::kUdp) ||
        !ibcm::ParseIpCm(event.privateData.Bytes(), request.serviceId))
    {
        return Disposition::kDestroy; // SIDR status 2
    }
    m_queue.Push(ShellNews{id, event});
    return Disposition::kKeep;
}

ibcm::Status ShellIntake::Refuse(ibcm::ConnectionManager& manager,
                                 ibcm::Handle id,
                                 ibwire::IpCmRejReason reason) const
{
    if (m_behaviour == ibcm::Behaviour::kLinux61)
    {
        return manager.SendRej(id, ibwire::RejReason::kConsumer);
    }
    return manager.SendRej(id, ibwire::RejReason::kConsumer, ibcm::RejectInfo(reason));
}

} // namespace cmverbs
