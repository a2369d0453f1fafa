// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What ports deliver: each MAD to the handler of its kind, each time-out to its id.
#include "ibcm/model/core.h"

namespace ibcm
{

void Core::OnReceive(std::uint8_t portNumber, const ReceivedMad& mad)
{
    const auto message = ibwire::DecodeCm(mad.bytes);
    MadPort* port = PortAt(portNumber);
    if (!message || port == nullptr)
    {
        m_counters.malformed.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    const auto kind = static_cast<std::size_t>(ibwire::AttributeOf(*message)) -
                      static_cast<std::size_t>(ibwire::CmAttribute::kReq);
    m_counters.received.at(kind).fetch_add(1, std::memory_order_relaxed);
    const Received rx{portNumber, port, mad, ibwire::DecodeHeader(mad.bytes).transactionId};
    if (const auto* req = std::get_if<ibwire::CmReq>(&*message))
    {
        OnReq(rx, *req);
    }
    else if (const auto* rep = std::get_if<ibwire::CmRep>(&*message))
    {
        OnRep(rx, *rep);
    }
    else if (const auto* rtu = std::get_if<ibwire::CmRtu>(&*message))
    {
        OnRtu(*rtu);
    }
    else if (const auto* rej = std::get_if<ibwire::CmRej>(&*message))
    {
        OnRej(*rej);
    }
    else if (const auto* dreq = std::get_if<ibwire::CmDreq>(&*message))
    {
        OnDreq(rx, *dreq);
    }
    else if (const auto* drep = std::get_if<ibwire::CmDrep>(&*message))
    {
        OnDrep(*drep);
    }
    else
    {
        m_counters.unmatched.fetch_add(1, std::memory_order_relaxed);
    }
}

void Core::OnPlain(std::uint32_t ownCommId,
                   std::uint32_t peerCommId,
                   Input input,
                   ibwire::CmAttribute attribute,
                   std::span<const std::uint8_t> privateData)
{
    IdRef ref = m_table.FindByCommId(ownCommId);
    if (!ref)
    {
        m_counters.unmatched.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    CmId& id = *ref;
    id.lock.Lock();
    const bool ours = id.connection.Read().remoteCommId == peerCommId;
    const Transition* row = FindTransition(id.state.Read(), input);
    if (!ours || row == nullptr)
    {
        id.lock.Unlock();
        if (ours)
        {
            CountDuplicate(attribute);
        }
        else
        {
            m_counters.unmatched.fetch_add(1, std::memory_order_relaxed);
        }
        return;
    }
    Apply(id, *row);
    auto event = std::make_unique<Event>();
    event->type = row->event;
    event->privateData = PrivateData(privateData);
    Deliver(id, std::move(ref), std::move(event));
}

void Core::OnSendDone(std::uint64_t context, SendToken token, SendStatus)
{
    // The port could not send, or nobody answered: for the connection the two are one.
    IdRef ref = m_table.FindByHandle(static_cast<Handle>(context));
    if (!ref)
    {
        return;
    }
    CmId& id = *ref;
    id.lock.Lock();
    const Outstanding outstanding = id.outstanding.Read();
    const State before = id.state.Read();
    const Transition* row = FindTransition(before, outstanding.timeout);
    if (outstanding.token != token || row == nullptr)
    {
        // Its answer has come meanwhile.
        id.lock.Unlock();
        return;
    }
    id.outstanding.Write().token = SendToken::kNone;
    Apply(id, *row);
    (void)SendReply(id, before, row->reply);
    auto event = std::make_unique<Event>();
    event->type = row->event;
    event->parameters = SendFailed{};
    Deliver(id, std::move(ref), std::move(event));
}

} // namespace ibcm
