// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What ports deliver: each MAD to the handler of its kind, each time-out to its id.
#include "ibcm/model/core.h"

namespace ibcm
{

void Core::OnReceive(std::uint8_t portNumber, const ReceivedMad& mad)
{
    PortSlot* slot = SlotAt(portNumber);
    if (slot == nullptr)
    {
        return;
    }
    MadPort* port = slot->port.load();
    if (port == nullptr || slot->removing.load())
    {
        Count(slot->discarded[static_cast<std::size_t>(Discard::kPort)]);
        return;
    }
    const ibwire::MadHeader header = ibwire::DecodeHeader(mad.bytes);
    const Received rx{*slot, *port, mad, header.transactionId, header.attributeModifier};
    const auto message = ibwire::DecodeCm(mad.bytes);
    if (!message)
    {
        OnUndecoded(rx, header);
        return;
    }
    Count(slot->received[KindOf(ibwire::AttributeOf(*message))]);
    OnMessage(rx, *message);
}

void Core::OnMessage(const Received& rx, const ibwire::CmMessage& message)
{
    struct Dispatch
    {
        Core& core;
        const Received& rx;

        void operator()(const ibwire::CmReq& req) const
        {
            core.OnReq(rx, req);
        }
        void operator()(const ibwire::CmMra& mra) const
        {
            core.OnMra(rx, mra);
        }
        void operator()(const ibwire::CmRej& rej) const
        {
            core.OnRej(rx, rej);
        }
        void operator()(const ibwire::CmRep& rep) const
        {
            core.OnRep(rx, rep);
        }
        void operator()(const ibwire::CmRtu& rtu) const
        {
            core.OnRtu(rx, rtu);
        }
        void operator()(const ibwire::CmDreq& dreq) const
        {
            core.OnDreq(rx, dreq);
        }
        void operator()(const ibwire::CmDrep& drep) const
        {
            core.OnDrep(rx, drep);
        }
        void operator()(const ibwire::CmSidrReq& req) const
        {
            core.OnSidrReq(rx, req);
        }
        void operator()(const ibwire::CmSidrRep& rep) const
        {
            core.OnSidrRep(rx, rep);
        }
        void operator()(const ibwire::CmLap& lap) const
        {
            core.OnLap(rx, lap);
        }
        void operator()(const ibwire::CmApr& apr) const
        {
            core.OnApr(rx, apr);
        }
    };

    std::visit(Dispatch{*this, rx}, message);
}

void Core::OnUndecoded(const Received& rx, const ibwire::MadHeader& header)
{
    const bool request =
        header.method == ibwire::MadMethod::kGet || header.method == ibwire::MadMethod::kSet;
    if (header.baseVersion != ibwire::kMadBaseVersion)
    {
        Discarded(rx, Discard::kBaseVersion);
    }
    else if (header.mgmtClass != ibwire::MgmtClass::kCm)
    {
        Discarded(rx, Discard::kManagementClass);
    }
    else if (header.classVersion != ibwire::kCmClassVersion)
    {
        Discarded(rx, Discard::kClassVersion);
        AnswerClassVersion(rx, header);
    }
    else if (request)
    {
        AnswerClassPortInfo(rx, header);
    }
    else if (header.method != ibwire::MadMethod::kSend)
    {
        Discarded(rx, Discard::kMethod);
    }
    else
    {
        Discarded(rx, Discard::kAttribute);
    }
}

void Core::OnPlain(const Received& rx,
                   Ids ids,
                   Input input,
                   ibwire::CmAttribute attribute,
                   std::span<const std::uint8_t> privateData)
{
    IdRef ref = m_table.FindByCommId(ids.local);
    if (!ref)
    {
        Discarded(rx, Discard::kUnknownId);
        return;
    }
    EventPtr event = NewEvent();
    event->event.privateData.Assign(privateData);
    CmId& id = *ref;
    id.lock.Lock();
    const Connection& connection = id.connection.Read();
    const bool ours = connection.remoteCommId == ids.remote;
    // A DREP carries the DREQ's transaction; of ports that number their own only half of it is
    // ours.
    const bool answers = !Strict() || input != Input::kDrep ||
                         static_cast<std::uint32_t>(connection.requestId) ==
                             static_cast<std::uint32_t>(rx.transactionId);
    const Transition* row = RowFor(id, input);
    // Nobody who is not disconnecting has asked for a DREP.
    const State state = id.state.Read();
    const bool repeated =
        input == Input::kRtu || state == State::kTimewait || state == State::kIdle;
    if (!ours || row == nullptr || !answers)
    {
        NoteMessage(id, TimelineEntry::Kind::kDropped, attribute);
        id.lock.Unlock();
        if (!ours)
        {
            Discarded(rx, Discard::kUnknownId);
        }
        else if (row != nullptr)
        {
            Discarded(rx, Discard::kTransactionId);
        }
        else if (repeated)
        {
            Duplicate(rx, attribute);
        }
        else
        {
            Discarded(rx, Discard::kUnexpected);
        }
        return;
    }
    NoteMessage(id, TimelineEntry::Kind::kReceived, attribute);
    Apply(id, *row);
    event->event.type = row->event;
    Deliver(id, std::move(ref), std::move(event));
}

void Core::OnSendDone(std::uint64_t context, SendToken token, SendStatus status)
{
    IdRef ref = m_table.FindByHandle(static_cast<Handle>(context));
    if (!ref)
    {
        return;
    }
    EventPtr event = NewEvent();
    event->event.parameters = SendFailed{
        status == SendStatus::kTimeout ? SendFailed::Cause::kTimeout : SendFailed::Cause::kPort};
    CmId& id = *ref;
    id.lock.Lock();
    const Outstanding outstanding = id.outstanding.Read();
    const State before = id.state.Read();
    const Transition* row = RowFor(id, outstanding.timeout);
    const LapTransition* lapRow = LapRowFor(id, outstanding.timeout);
    if (outstanding.token != token || (row == nullptr && lapRow == nullptr))
    {
        // Its answer has come meanwhile.
        id.lock.Unlock();
        return;
    }
    id.outstanding.Write().token = SendToken::kNone;
    if (row != nullptr)
    {
        Apply(id, *row);
        (void)SendReply(id, before, row->reply);
        event->event.type = row->event;
    }
    else
    {
        Apply(id, *lapRow);
        event->event.type = lapRow->event;
    }
    if (event->event.type == EventType::kNone)
    {
        id.lock.Unlock();
        return;
    }
    Deliver(id, std::move(ref), std::move(event));
}

} // namespace ibcm
