// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/consumer.h"

#include "lab/model/scenario-script.h"
#include "lab/model/step-point.h"

#include <algorithm>
#include <utility>

namespace lab
{

// This file: who does what when. consumer-calls.cc: what a step does.

namespace
{

/** What an id is called that a request has made, until a reaction gives it another name. */
constexpr const char* kAccepted = "accepted";

constexpr std::uint32_t Bit(ibcm::EventType event)
{
    return 1U << static_cast<unsigned>(event);
}

std::string_view VerbName(const StepSpec& step)
{
    return VerbNames()[static_cast<std::size_t>(step.verb)];
}

} // namespace

Consumer::Consumer(Stage& stage,
                   Host& host,
                   std::string name,
                   const std::vector<ReactionSpec>& reactions,
                   FindAttachment find,
                   const Wiretap* tap)
    : m_stage(stage),
      m_host(host),
      m_name(std::move(name)),
      m_reactions(reactions),
      m_find(std::move(find)),
      m_tap(tap),
      m_reacted(reactions.size(), 0)
{
}

void Consumer::Perform(const TaskSpec& task)
{
    const std::int64_t passedNs = m_stage.engine.NowNs() - m_stage.beganNs;
    m_stage.engine.Sleep(std::max<std::int64_t>(task.atNs - passedNs, 0), "task");
    const std::string place = m_host.Name() + "/" + task.name;
    std::map<std::string, ibcm::Handle> own;
    for (unsigned i = 0; i < task.repeat; ++i)
    {
        Scope scope{place, &own};
        for (const StepSpec& step : task.steps)
        {
            if (!Going())
            {
                return;
            }
            Do(step, scope);
        }
    }
}

bool Consumer::Leaves(bool maybe, const std::string& place, std::string_view what)
{
    if (!maybe || !m_stage.engine.Choosing())
    {
        return false;
    }
    StepPoint point("step " + place + " " + std::string(what));
    return m_stage.engine.Choose(point) == StepPoint::kSkip;
}

void Consumer::Do(const StepSpec& step, Scope& scope)
{
    if (Leaves(step.maybe, scope.place, VerbName(step)))
    {
        return;
    }
    switch (step.verb)
    {
    case Verb::kSleep:
        m_stage.engine.Sleep(step.forNs, "step");
        return;
    case Verb::kWait:
        Wait(step, scope);
        return;
    case Verb::kWaitMessage:
        WaitForMessage(step);
        return;
    case Verb::kSend:
        Send(step);
        return;
    case Verb::kInspect:
        (void)m_host.Manager().Inspect();
        return;
    case Verb::kDestroyAll:
        DestroyAll();
        return;
    default:
        Outcome(step, scope, Call(step, scope));
    }
}

void Consumer::Outcome(const StepSpec& step, const Scope& scope, ibcm::Status status)
{
    const std::string_view result = status ? "ok" : ibcm::ToString(status.error());
    if (!status)
    {
        m_stage.recorder.Note(m_host.Name(),
                              "",
                              std::string(VerbName(step)) + " " + step.id + ": " +
                                  std::string(result));
    }
    if (!step.result.empty() && step.result != result && m_host.Up())
    {
        m_stage.Violated("scenario",
                         scope.place + ": " + std::string(VerbName(step)) + " " + step.id + ": " +
                             std::string(result) + ", and the scenario says " + step.result);
    }
}

ibcm::Handle Consumer::IdFor(const StepSpec& step, const Scope& scope) const
{
    if (step.id.empty())
    {
        return scope.event;
    }
    if (scope.own != nullptr)
    {
        // One's own before those of other threads.
        const auto own = scope.own->find(step.id);
        if (own != scope.own->end() && Find(own->second) != nullptr)
        {
            return own->second;
        }
    }
    const auto it = std::ranges::find(m_owned, step.id, &Owned::name);
    return it == m_owned.end() ? ibcm::Handle::kNone : it->id;
}

ibcm::Result<ibcm::Handle> Consumer::IdOrNew(const StepSpec& step, Scope& scope)
{
    if (step.again)
    {
        return IdFor(step, scope);
    }
    const auto id = m_host.Manager().Create(m_host.Watched(*this));
    if (id)
    {
        Owns(*id, step, scope);
    }
    return id;
}

void Consumer::Owns(ibcm::Handle id, const StepSpec& step, Scope& scope)
{
    Known(id).name = step.id;
    if (scope.own != nullptr)
    {
        (*scope.own)[step.id] = id;
    }
}

Consumer::Owned* Consumer::Find(ibcm::Handle id)
{
    return const_cast<Owned*>(std::as_const(*this).Find(id));
}

const Consumer::Owned* Consumer::Find(ibcm::Handle id) const
{
    const auto it = std::ranges::find(m_owned, id, &Owned::id);
    return it == m_owned.end() ? nullptr : &*it;
}

Consumer::Owned& Consumer::Known(ibcm::Handle id)
{
    if (Owned* owned = Find(id))
    {
        return *owned;
    }
    m_owned.emplace_back();
    m_owned.back().id = id;
    return m_owned.back();
}

void Consumer::Forget(ibcm::Handle id)
{
    const Owned* owned = Find(id);
    if (owned == nullptr)
    {
        return;
    }
    const std::string name = owned->name;
    std::erase_if(m_owned, [&](const Owned& one) { return one.id == id; });
    // Whoever waits for it would do so in vain.
    Wake(id, name, ~0U);
}

ibcm::Disposition Consumer::OnCmEvent(ibcm::ConnectionManager& /*manager*/,
                                      ibcm::Handle id,
                                      const ibcm::Event& event)
{
    Owned& owned = Known(id);
    if (owned.name.empty())
    {
        owned.name = kAccepted;
    }
    if (const auto* request = std::get_if<ibcm::ReqReceived>(&event.parameters))
    {
        owned.request = *request;
    }
    const ReactionSpec* reaction = ReactionTo(event, owned);
    if (reaction != nullptr && !reaction->as.empty())
    {
        owned.name = reaction->as;
    }
    owned.heard |= Bit(event.type);
    Wake(id, owned.name, Bit(event.type));
    ibcm::Disposition answer = ibcm::Disposition::kKeep;
    if (reaction == nullptr)
    {
        answer = ReactAsUsual(id, event);
    }
    else
    {
        const std::string place = PlaceOf(event);
        Scope scope{place, nullptr, id};
        for (const StepSpec& step : reaction->steps)
        {
            Do(step, scope);
        }
        answer = reaction->answer;
    }
    if (answer != ibcm::Disposition::kKeep)
    {
        Forget(id);
    }
    return answer;
}

std::string Consumer::PlaceOf(const ibcm::Event& event) const
{
    return m_host.Name() + "/on-" + std::string(EventName(event.type));
}

const ReactionSpec* Consumer::ReactionTo(const ibcm::Event& event, const Owned& owned)
{
    const ReactionSpec* found = nullptr;
    for (std::size_t i = 0; i < m_reactions.size(); ++i)
    {
        const ReactionSpec& reaction = m_reactions[i];
        const bool fits = reaction.event == event.type && reaction.host == m_host.Name() &&
                          reaction.consumer == m_name &&
                          (reaction.id.empty() || reaction.id == owned.name);
        if (!fits)
        {
            continue;
        }
        // Every one counts what fits it, also when an earlier one is taken.
        ++m_reacted[i];
        if (found == nullptr && (reaction.nth == 0 || reaction.nth == m_reacted[i]) &&
            !Leaves(reaction.maybe, PlaceOf(event), "react"))
        {
            found = &reaction;
        }
    }
    return found;
}

ibcm::Disposition Consumer::ReactAsUsual(ibcm::Handle id, const ibcm::Event& event)
{
    using ibcm::Disposition;
    using ibcm::EventType;
    ibcm::ConnectionManager& manager = m_host.Manager();
    StepSpec usual;
    switch (event.type)
    {
    case EventType::kReqReceived:
        (void)Rep(usual, id);
        return Disposition::kKeep;
    case EventType::kRepReceived:
        (void)manager.SendRtu(id);
        return Disposition::kKeep;
    case EventType::kDreqReceived:
        (void)manager.SendDrep(id);
        return Disposition::kKeep;
    case EventType::kLapReceived:
        (void)manager.SendApr(id, {});
        return Disposition::kKeep;
    case EventType::kSidrReqReceived:
        usual.verb = Verb::kSidrRep;
        (void)CallOn(usual, id);
        return Disposition::kDestroy;
    case EventType::kRejReceived:
    {
        // What might still be under way for the queue pair is waited for.
        const auto state = manager.StateOf(id);
        return state && *state == ibcm::State::kTimewait ? Disposition::kKeep
                                                         : Disposition::kDestroy;
    }
    case EventType::kReqError:
    case EventType::kRepError:
    case EventType::kSidrReqError:
    case EventType::kSidrRepReceived:
    case EventType::kTimewaitExit:
        return Disposition::kDestroy;
    default:
        return Disposition::kKeep;
    }
}

void Consumer::Wake(ibcm::Handle id, const std::string& name, std::uint32_t events)
{
    m_waiters.Wake(
        [&](const Waiter& waiter)
        {
            const bool same =
                waiter.id == ibcm::Handle::kNone ? waiter.name == name : waiter.id == id;
            return same && (waiter.events & events) != 0;
        });
}

void Consumer::Wait(const StepSpec& step, const Scope& scope)
{
    const ibcm::Handle id = IdFor(step, scope);
    const Owned* owned = Find(id);
    const bool heard = owned != nullptr && (owned->heard & step.events) != 0;
    if (heard || m_abandoned)
    {
        return;
    }
    const auto waiter = std::make_shared<Waiter>(m_stage.engine, this);
    waiter->id = id;
    waiter->name = step.id;
    waiter->events = step.events;
    m_waiters.Wait(waiter, step.forNs, "wait for event");
}

void Consumer::WaitForMessage(const StepSpec& step)
{
    if (m_tap->Count(*step.message, step.from) >= step.nth || m_abandoned)
    {
        return;
    }
    const auto waiter = std::make_shared<Waiter>(m_stage.engine, this);
    waiter->message = *step.message;
    waiter->from = step.from;
    waiter->nth = step.nth;
    m_stage.wire.Wait(waiter, step.forNs, "wait for message");
}

void Consumer::Abandon()
{
    m_abandoned = true;
    m_waiters.Wake([](const Waiter& /*waiter*/) { return true; });
    m_stage.wire.Wake([this](const Waiter& waiter) { return waiter.owner == this; });
}

void Consumer::DestroyAll()
{
    std::vector<ibcm::Handle> all;
    for (const Owned& owned : m_owned)
    {
        all.push_back(owned.id);
    }
    for (const ibcm::Handle id : all)
    {
        DestroyForAll(id);
    }
}

void Consumer::DestroyForAll(ibcm::Handle id)
{
    const Owned* owned = Find(id);
    const unsigned users = owned == nullptr ? 0 : std::max(owned->users, 1U);
    for (unsigned i = 0; i < users; ++i)
    {
        (void)Destroy(id);
    }
}

void Consumer::Stop()
{
    Abandon();
    while (!m_owned.empty())
    {
        const ibcm::Handle id = m_owned.front().id;
        DestroyForAll(id);
        Forget(id);
    }
}

} // namespace lab
