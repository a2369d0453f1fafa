// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/lab-simulator-impl.h"

#include "interleave/model/engine.h"

#include <ns3/abort.h>
#include <ns3/make-event.h>
#include <ns3/priority-queue-scheduler.h>
#include <ns3/simulator.h>

#include <algorithm>
#include <limits>

namespace lab
{

NS_OBJECT_ENSURE_REGISTERED(LabSimulatorImpl);

namespace
{

/**
 * Links run at fractions of a nanosecond per byte. ns-3 takes the resolution once in a process, and
 * only as long as no simulation has run.
 */
void UsePicoseconds()
{
    static bool done = false;
    if (!done)
    {
        ns3::Time::SetResolution(ns3::Time::PS);
        done = true;
    }
}

} // namespace

ns3::TypeId LabSimulatorImpl::GetTypeId()
{
    static ns3::TypeId tid = ns3::TypeId("lab::LabSimulatorImpl")
                                 .SetParent<ns3::SimulatorImpl>()
                                 .SetGroupName("Lab")
                                 .AddConstructor<LabSimulatorImpl>();
    return tid;
}

LabSimulatorImpl::LabSimulatorImpl()
    : m_events(ns3::CreateObject<ns3::PriorityQueueScheduler>()),
      m_nextUid(ns3::EventId::UID::VALID),
      m_currentContext(ns3::Simulator::NO_CONTEXT)
{
    UsePicoseconds();
}

LabSimulatorImpl::~LabSimulatorImpl() = default;

void LabSimulatorImpl::DoDispose()
{
    PutBack();
    while (m_events && !m_events->IsEmpty())
    {
        m_events->RemoveNext().impl->Unref();
    }
    SayEarliest(interleave::kForever);
    m_events = nullptr;
    SimulatorImpl::DoDispose();
}

void LabSimulatorImpl::Destroy()
{
    while (!m_destroyEvents.empty())
    {
        const ns3::Ptr<ns3::EventImpl> event = m_destroyEvents.front().PeekEventImpl();
        m_destroyEvents.pop_front();
        if (!event->IsCancelled())
        {
            event->Invoke();
        }
    }
}

void LabSimulatorImpl::SetScheduler(ns3::ObjectFactory schedulerFactory)
{
    PutBack();
    ns3::Ptr<ns3::Scheduler> scheduler = schedulerFactory.Create<ns3::Scheduler>();
    while (!m_events->IsEmpty())
    {
        scheduler->Insert(m_events->RemoveNext());
    }
    m_events = scheduler;
}

void LabSimulatorImpl::EnterInstant(std::uint64_t timestamp)
{
    if (timestamp != m_currentTs)
    {
        m_currentTs = timestamp;
        m_nowNs = EngineTime(timestamp);
        m_skippedUids.clear();
        m_highestUid = 0;
    }
}

void LabSimulatorImpl::Process(const ns3::Scheduler::Event& event)
{
    EnterInstant(event.key.m_ts);
    m_currentContext = event.key.m_context;
    m_skippedUids.erase(event.key.m_uid);
    m_highestUid = std::max(m_highestUid, event.key.m_uid);
    ++m_eventCount;
    event.impl->Invoke();
    event.impl->Unref();
}

bool LabSimulatorImpl::IsFinished() const
{
    return (m_events->IsEmpty() && !m_takenOut) || m_stop;
}

void LabSimulatorImpl::Run()
{
    m_stop = false;
    if (m_engine != nullptr)
    {
        m_engine->Run();
        return;
    }
    while (NextNs() != interleave::kForever && !m_stop)
    {
        const ns3::Scheduler::Event next = m_events->RemoveNext();
        SayEarliest(kUnknown);
        if (m_hook)
        {
            m_hook(ns3::TimeStep(next.key.m_ts).GetNanoSeconds());
        }
        Process(next);
    }
}

void LabSimulatorImpl::Stop()
{
    m_stop = true;
    if (m_engine != nullptr)
    {
        m_engine->Stop();
    }
}

void LabSimulatorImpl::Stop(const ns3::Time& delay)
{
    ns3::Simulator::Schedule(delay, &ns3::Simulator::Stop);
}

ns3::EventId LabSimulatorImpl::Insert(std::uint64_t timestamp,
                                      std::uint32_t context,
                                      ns3::EventImpl* event)
{
    ns3::Scheduler::Event entry;
    entry.impl = event;
    entry.key.m_ts = timestamp;
    entry.key.m_context = context;
    entry.key.m_uid = m_nextUid++;
    PutBack();
    m_events->Insert(entry);
    if (timestamp < m_earliestTs)
    {
        SayEarliest(kUnknown);
    }
    return ns3::EventId(event, entry.key.m_ts, entry.key.m_context, entry.key.m_uid);
}

ns3::EventId LabSimulatorImpl::Schedule(const ns3::Time& delay, ns3::EventImpl* event)
{
    // Debian's ns-3 has its asserts compiled out: a negative delay would silently go back in time.
    NS_ABORT_MSG_IF(delay.IsStrictlyNegative(), "negative delay " << delay);
    return Insert(
        m_currentTs + static_cast<std::uint64_t>(delay.GetTimeStep()), m_currentContext, event);
}

void LabSimulatorImpl::ScheduleWithContext(std::uint32_t context,
                                           const ns3::Time& delay,
                                           ns3::EventImpl* event)
{
    NS_ABORT_MSG_IF(delay.IsStrictlyNegative(), "negative delay " << delay);
    Insert(m_currentTs + static_cast<std::uint64_t>(delay.GetTimeStep()), context, event);
}

ns3::EventId LabSimulatorImpl::ScheduleNow(ns3::EventImpl* event)
{
    return Insert(m_currentTs, m_currentContext, event);
}

ns3::EventId LabSimulatorImpl::ScheduleDestroy(ns3::EventImpl* event)
{
    const ns3::EventId id(ns3::Ptr<ns3::EventImpl>(event, false),
                          m_currentTs,
                          ns3::Simulator::NO_CONTEXT,
                          ns3::EventId::UID::DESTROY);
    m_destroyEvents.push_back(id);
    return id;
}

ns3::Time LabSimulatorImpl::Now() const
{
    return ns3::TimeStep(m_currentTs);
}

ns3::Time LabSimulatorImpl::GetDelayLeft(const ns3::EventId& id) const
{
    return IsExpired(id) ? ns3::TimeStep(0) : ns3::TimeStep(id.GetTs() - m_currentTs);
}

void LabSimulatorImpl::Remove(const ns3::EventId& id)
{
    if (id.GetUid() == ns3::EventId::UID::DESTROY)
    {
        m_destroyEvents.remove(id);
        return;
    }
    if (IsExpired(id))
    {
        return;
    }
    ns3::Scheduler::Event event;
    event.impl = id.PeekEventImpl();
    event.key.m_ts = id.GetTs();
    event.key.m_context = id.GetContext();
    event.key.m_uid = id.GetUid();
    PutBack();
    m_events->Remove(event);
    Removed(event.key.m_ts);
    event.impl->Cancel();
    event.impl->Unref();
}

void LabSimulatorImpl::Cancel(const ns3::EventId& id)
{
    if (!IsExpired(id))
    {
        PutBack();
        id.PeekEventImpl()->Cancel();
        Removed(id.GetTs());
    }
}

bool LabSimulatorImpl::IsExpired(const ns3::EventId& id) const
{
    if (id.GetUid() == ns3::EventId::UID::DESTROY)
    {
        return id.PeekEventImpl() == nullptr || id.PeekEventImpl()->IsCancelled() ||
               std::find(m_destroyEvents.begin(), m_destroyEvents.end(), id) ==
                   m_destroyEvents.end();
    }
    return id.PeekEventImpl() == nullptr || id.PeekEventImpl()->IsCancelled() ||
           id.GetTs() < m_currentTs ||
           (id.GetTs() == m_currentTs && id.GetUid() <= m_highestUid &&
            !m_skippedUids.contains(id.GetUid()));
}

ns3::Time LabSimulatorImpl::GetMaximumSimulationTime() const
{
    return ns3::TimeStep(std::numeric_limits<std::int64_t>::max());
}

std::uint32_t LabSimulatorImpl::GetSystemId() const
{
    return 0;
}

std::uint32_t LabSimulatorImpl::GetContext() const
{
    return m_currentContext;
}

std::uint64_t LabSimulatorImpl::GetEventCount() const
{
    return m_eventCount;
}

std::int64_t LabSimulatorImpl::NowNs() const
{
    return m_nowNs;
}

std::int64_t LabSimulatorImpl::EngineTime(std::uint64_t timestamp) const
{
    return ns3::TimeStep(timestamp - m_goneTs).GetNanoSeconds();
}

std::int64_t LabSimulatorImpl::NextNs() const
{
    PutBack();
    while (!m_events->IsEmpty())
    {
        const ns3::Scheduler::Event next = m_events->PeekNext();
        if (!next.impl->IsCancelled())
        {
            m_earliestTs = next.key.m_ts;
            const std::int64_t nextNs = EngineTime(m_earliestTs);
            SayEarliest(nextNs);
            return nextNs;
        }
        // A cancelled event does nothing and is nothing to wait for: time does not move for it.
        m_events->RemoveNext().impl->Unref();
    }
    m_earliestTs = std::numeric_limits<std::uint64_t>::max();
    SayEarliest(interleave::kForever);
    return interleave::kForever;
}

void LabSimulatorImpl::Removed(std::uint64_t timestamp) const
{
    if (timestamp <= m_earliestTs)
    {
        SayEarliest(kUnknown);
    }
}

void LabSimulatorImpl::PutBack() const
{
    if (m_takenOut)
    {
        m_events->Insert(*m_takenOut);
        m_takenOut.reset();
    }
}

void LabSimulatorImpl::Rewind()
{
    while (!m_timers.empty())
    {
        Cancel(m_timers.begin()->first);
    }
    while (NextNs() != interleave::kForever)
    {
        RunNext();
    }
    m_goneTs = m_currentTs - m_originTs;
    m_nowNs = EngineTime(m_currentTs);
    SayEarliest(kUnknown);
    m_lastTimer = 0;
    m_stop = false;
}

void LabSimulatorImpl::RunNext()
{
    if (!m_takenOut)
    {
        (void)NextNs(); // drops what was cancelled
        m_takenOut = m_events->RemoveNext();
    }
    const ns3::Scheduler::Event next = *m_takenOut;
    m_takenOut.reset();
    SayEarliest(kUnknown);
    Process(next);
}

interleave::TimerId LabSimulatorImpl::Schedule(std::int64_t delayNs,
                                               interleave::EventFunction function,
                                               void* context,
                                               interleave::EventLabel label)
{
    NS_ABORT_MSG_IF(delayNs < 0, "negative delay " << delayNs << " ns");
    const interleave::TimerId id = ++m_lastTimer;
    const ns3::EventId event =
        Insert(m_currentTs + static_cast<std::uint64_t>(ns3::NanoSeconds(delayNs).GetTimeStep()),
               ns3::Simulator::NO_CONTEXT,
               ns3::MakeEvent(
                   [this, id, function, context]
                   {
                       const auto it = m_timers.find(id);
                       m_timerOfUid.erase(it->second.event.GetUid());
                       m_timers.erase(it);
                       function(context);
                   }));
    m_timerOfUid.emplace(event.GetUid(), id);
    m_timers.emplace(id, EngineTimer{event, label});
    return id;
}

bool LabSimulatorImpl::Cancel(interleave::TimerId id)
{
    const auto it = m_timers.find(id);
    if (it == m_timers.end())
    {
        return false;
    }
    // Taken out, not just marked: a cancelled retry must not keep the simulation from ending.
    const ns3::EventId event = it->second.event;
    m_timerOfUid.erase(event.GetUid());
    m_timers.erase(it);
    Remove(event);
    return true;
}

void LabSimulatorImpl::CollectTied() const
{
    m_tied.clear();
    if (NextNs() == interleave::kForever)
    {
        return;
    }
    const std::uint64_t instant = m_earliestTs;
    const ns3::Scheduler::Event first = m_events->RemoveNext();
    m_tied.push_back(first);
    if (m_events->IsEmpty() || m_events->PeekNext().key.m_ts != instant)
    {
        // Mostly it is alone, and is run next: it need not go back in between.
        m_takenOut = first;
        return;
    }
    while (!m_events->IsEmpty() && m_events->PeekNext().key.m_ts == instant)
    {
        const ns3::Scheduler::Event event = m_events->RemoveNext();
        if (event.impl->IsCancelled())
        {
            event.impl->Unref();
            continue;
        }
        m_tied.push_back(event);
    }
    for (const auto& event : m_tied)
    {
        m_events->Insert(event);
    }
}

std::size_t LabSimulatorImpl::TiedCount() const
{
    CollectTied();
    return m_tied.size();
}

void LabSimulatorImpl::RunTied(std::size_t index)
{
    CollectTied();
    PutBack();
    const ns3::Scheduler::Event event = m_tied[index];
    m_events->Remove(event);
    SayEarliest(kUnknown);
    EnterInstant(event.key.m_ts);
    for (std::size_t earlier = 0; earlier < index; ++earlier)
    {
        m_skippedUids.insert(m_tied[earlier].key.m_uid);
    }
    Process(event);
}

interleave::EventLabel LabSimulatorImpl::TiedLabel(std::size_t index) const
{
    const auto timer = m_timerOfUid.find(m_tied[index].key.m_uid);
    return timer == m_timerOfUid.end() ? interleave::EventLabel{"fabric", {}}
                                       : m_timers.at(timer->second).label;
}

} // namespace lab
