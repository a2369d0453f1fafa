// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "replay-consumer.h"

#include "replay-parameters.h"

#include <algorithm>

namespace ibcm::test
{

namespace
{

/** The id in a message's answer belongs to its receiver; that of a message, to its sender. */
std::uint64_t ServiceOf(const ibwire::CmMessage& message)
{
    if (const auto* req = std::get_if<ibwire::CmReq>(&message))
    {
        return req->serviceId;
    }
    const auto* sidr = std::get_if<ibwire::CmSidrReq>(&message);
    return sidr != nullptr ? sidr->serviceId : 0;
}

} // namespace

ReplayConsumer::ReplayConsumer(ConnectionManager& manager, const ReplayPlan& plan)
    : m_manager(manager),
      m_plan(plan)
{
}

Disposition ReplayConsumer::OnCmEvent(ConnectionManager& /*manager*/, Handle id, const Event& event)
{
    if (m_feeding &&
        (event.type == EventType::kReqReceived || event.type == EventType::kSidrReqReceived))
    {
        m_all.push_back(id);
        m_accepted[*m_feeding] = id;
    }
    return Disposition::kKeep;
}

void ReplayConsumer::BeforeFeed(std::size_t step)
{
    m_feeding.reset();
    const ReplayStep& feed = m_plan.steps[step];
    if (!feed.message)
    {
        return;
    }
    if (const auto delayed = m_plan.delayedMras.find(step); delayed != m_plan.delayedMras.end())
    {
        const ReplayStep& mra = m_plan.steps[delayed->second];
        (void)m_manager.SendMra(IdOf(mra),
                                MraParametersOf(std::get<ibwire::CmMra>(*mra.message), true));
    }
    if (std::holds_alternative<ibwire::CmDreq>(*feed.message) && IsForgotten(step))
    {
        (void)Destroy(m_ours.at(RemoteIdOf(*feed.message)));
    }
    const std::uint64_t service = ServiceOf(*feed.message);
    if (service == 0)
    {
        return;
    }
    m_feeding = PeerId{feed.peer, LocalIdOf(*feed.message)};
    const auto listener = m_listeners.find(service);
    if (m_plan.noListener.contains(step))
    {
        if (listener != m_listeners.end())
        {
            (void)Destroy(listener->second);
            m_listeners.erase(listener);
        }
    }
    else if (listener == m_listeners.end())
    {
        const Handle id = Create();
        if (m_manager.Listen(id, service))
        {
            m_listeners[service] = id;
        }
    }
}

std::string ReplayConsumer::Act(std::size_t step)
{
    const ReplayStep& ours = m_plan.steps[step];
    if (!ours.message)
    {
        return "the CM's consumer cannot send that";
    }
    if (const auto* req = std::get_if<ibwire::CmReq>(&*ours.message))
    {
        const Status sent = SendReq(ours, *req);
        return sent ? "" : std::string("SendReq was refused: ") + ToString(sent.error());
    }
    if (const auto* sidr = std::get_if<ibwire::CmSidrReq>(&*ours.message))
    {
        const Status sent = SendSidrReq(step, *sidr);
        return sent ? "" : std::string("SendSidrReq was refused: ") + ToString(sent.error());
    }
    const Handle id = IdOf(ours);
    if (id == Handle::kNone)
    {
        return "the core has no id for it";
    }
    const Status done = Answer(step, id);
    return done ? "" : std::string("the call was refused: ") + ToString(done.error());
}

Status ReplayConsumer::Answer(std::size_t step, Handle id)
{
    const ReplayStep& ours = m_plan.steps[step];
    const ibwire::CmMessage& message = *ours.message;
    switch (ibwire::AttributeOf(message))
    {
    case ibwire::CmAttribute::kRep:
        return SendRep(ours, std::get<ibwire::CmRep>(message));
    case ibwire::CmAttribute::kRtu:
        return m_manager.SendRtu(id, std::get<ibwire::CmRtu>(message).privateData);
    case ibwire::CmAttribute::kMra:
        return m_manager.SendMra(id, MraParametersOf(std::get<ibwire::CmMra>(message), false));
    case ibwire::CmAttribute::kRej:
        return SendRej(id, std::get<ibwire::CmRej>(message));
    case ibwire::CmAttribute::kDreq:
        return SendDreq(step, id, std::get<ibwire::CmDreq>(message));
    case ibwire::CmAttribute::kDrep:
        return m_manager.SendDrep(id, std::get<ibwire::CmDrep>(message).privateData);
    case ibwire::CmAttribute::kLap:
        return m_manager.SendLap(id,
                                 LapParametersOf(m_plan, ours, std::get<ibwire::CmLap>(message)));
    case ibwire::CmAttribute::kApr:
        return m_manager.SendApr(id, AprParametersOf(std::get<ibwire::CmApr>(message)));
    case ibwire::CmAttribute::kSidrRep:
        return m_manager.SendSidrRep(
            id, SidrRepParametersOf(ours, std::get<ibwire::CmSidrRep>(message)));
    default:
        return tl::unexpected(CmError::kInvalidArgument); // a request begins with an id of its own
    }
}

void ReplayConsumer::DestroyAll()
{
    m_feeding.reset();
    const std::vector<Handle> all = std::exchange(m_all, {});
    for (const Handle id : all)
    {
        (void)m_manager.Destroy(id);
    }
}

Handle ReplayConsumer::Create()
{
    const auto id = m_manager.Create(*this);
    if (!id)
    {
        return Handle::kNone;
    }
    m_all.push_back(*id);
    return *id;
}

Status ReplayConsumer::Destroy(Handle id)
{
    m_all.erase(std::remove(m_all.begin(), m_all.end(), id), m_all.end());
    return m_manager.Destroy(id);
}

Handle ReplayConsumer::IdOf(const ReplayStep& step) const
{
    const auto ours = m_ours.find(LocalIdOf(*step.message));
    if (ours != m_ours.end())
    {
        return ours->second;
    }
    const auto accepted = m_accepted.find({step.peer, RemoteIdOf(*step.message)});
    return accepted != m_accepted.end() ? accepted->second : Handle::kNone;
}

bool ReplayConsumer::IsLast(std::size_t step) const
{
    const ReplayStep& dreq = m_plan.steps[step];
    const std::size_t first = dreq.what == ReplayStep::What::kExpectAgain ? dreq.first : step;
    const auto patience = m_plan.patience.find(LocalIdOf(*dreq.message));
    // A tenth less, as the host's clock and ours may differ.
    const Instant limit =
        dreq.mad.time +
        (patience != m_plan.patience.end() ? patience->second * 9 / 10 : Duration{0});
    for (std::size_t i = step + 1; i < m_plan.steps.size(); ++i)
    {
        const ReplayStep& later = m_plan.steps[i];
        const bool again = later.what == ReplayStep::What::kExpectAgain && later.first == first;
        const bool heard = later.what == ReplayStep::What::kFeed && later.message &&
                           later.peer == dreq.peer && later.mad.time < limit &&
                           (std::holds_alternative<ibwire::CmDreq>(*later.message) ||
                            std::holds_alternative<ibwire::CmDrep>(*later.message)) &&
                           RemoteIdOf(*later.message) == LocalIdOf(*dreq.message);
        if (again || heard)
        {
            return false;
        }
    }
    return true;
}

void ReplayConsumer::AfterRepetition(std::size_t step)
{
    const ReplayStep& dreq = m_plan.steps[step];
    if (!Is(dreq, ibwire::CmAttribute::kDreq) || !IsLast(step))
    {
        return;
    }
    const auto copies = std::count_if(m_plan.steps.begin(),
                                      m_plan.steps.end(),
                                      [&](const ReplayStep& other) {
                                          return other.what == ReplayStep::What::kExpectAgain &&
                                                 other.first == dreq.first;
                                      });
    const ibwire::CmReq* req = BeginningOf(m_plan, dreq);
    if (req != nullptr && copies < req->maxCmRetries)
    {
        // It had retries left and was not answered: its id is gone.
        (void)Destroy(IdOf(dreq));
    }
}

bool ReplayConsumer::IsForgotten(std::size_t step) const
{
    const ReplayStep& dreq = m_plan.steps[step];
    const auto id = m_ours.find(RemoteIdOf(*dreq.message));
    const auto state = id != m_ours.end() ? m_manager.StateOf(id->second) : Result<State>();
    if (id == m_ours.end() || !state || (*state != State::kIdle && *state != State::kTimewait))
    {
        return false;
    }
    const ReplayStep* before = nullptr;
    for (std::size_t i = 0; i < m_plan.steps.size(); ++i)
    {
        const ReplayStep& drep = m_plan.steps[i];
        if (!IsOurs(drep) || !Is(drep, ibwire::CmAttribute::kDrep) || drep.peer != dreq.peer ||
            RemoteIdOf(*drep.message) != LocalIdOf(*dreq.message))
        {
            continue;
        }
        if (i > step)
        {
            // An id in IDLE does not answer; in TIMEWAIT it repeats what it said before.
            return *state == State::kIdle ||
                   (before != nullptr && before->mad.bytes != drep.mad.bytes);
        }
        before = &drep;
    }
    return false;
}

Status ReplayConsumer::SendReq(const ReplayStep& step, const ibwire::CmReq& req)
{
    const Handle id = Create();
    m_ours[req.localCommId] = id;
    return m_manager.SendReq(id, ReqParametersOf(m_plan, step, req));
}

Status ReplayConsumer::SendRep(const ReplayStep& step, const ibwire::CmRep& rep)
{
    const Handle id = IdOf(step);
    m_ours[rep.localCommId] = id;
    return m_manager.SendRep(id, RepParametersOf(step, rep));
}

Status ReplayConsumer::SendSidrReq(std::size_t step, const ibwire::CmSidrReq& req)
{
    const Handle id = Create();
    m_ours[req.requestId] = id;
    return m_manager.SendSidrReq(id, SidrReqParametersOf(m_plan, step, req));
}

Status ReplayConsumer::SendRej(Handle id, const ibwire::CmRej& rej)
{
    if (rej.reason == ibwire::RejReason::kTimeout)
    {
        // What a consumer that gives up in REQ_SENT leaves behind.
        return Destroy(id);
    }
    if (rej.messageRejected == ibwire::MessageRejected::kReq && rej.localCommId != 0)
    {
        // Before its consumer has asked for more time a host does not name its own id.
        (void)m_manager.SendMra(id, {24, true, {}});
    }
    const std::size_t length = std::min<std::size_t>(rej.rejectInfoLength, rej.ari.size());
    const Status sent =
        m_manager.SendRej(id, rej.reason, std::span(rej.ari).first(length), rej.privateData);
    if (sent)
    {
        (void)Destroy(id);
    }
    return sent;
}

Status ReplayConsumer::SendDreq(std::size_t step, Handle id, const ibwire::CmDreq& dreq)
{
    const Status sent = m_manager.SendDreq(id, dreq.privateData);
    if (sent && IsLast(step))
    {
        // An id that is destroyed then sends its DREQ once and does not look for the answer.
        (void)Destroy(id);
    }
    return sent;
}

} // namespace ibcm::test
