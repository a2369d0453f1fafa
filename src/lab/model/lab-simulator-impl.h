// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_LAB_SIMULATOR_IMPL_H
#define LAB_LAB_SIMULATOR_IMPL_H

#include "interleave/model/event-queue.h"

#include <ns3/event-id.h>
#include <ns3/event-impl.h>
#include <ns3/nstime.h>
#include <ns3/ptr.h>
#include <ns3/scheduler.h>
#include <ns3/simulator-impl.h>

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace interleave
{
class Engine;
}

namespace lab
{

/**
 * ns-3's simulator as an event queue of the engine: ns-3 owns simulated time and the order of its
 * events, the engine decides whether a task runs or time goes on, and the Chooser which of several
 * events at one instant comes first. Installed with ns3::Simulator::SetImplementation; one OS
 * thread.
 *
 * Until an engine is attached it is a plain simulator: a fabric comes up at ns-3's own speed.
 */
class LabSimulatorImpl final : public ns3::SimulatorImpl, public interleave::EventQueue
{
  public:
    static ns3::TypeId GetTypeId();

    LabSimulatorImpl();
    ~LabSimulatorImpl() override;

    /** Run() is the engine's from now on; null: the plain loop again. Not owned. */
    void SetEngine(interleave::Engine* engine)
    {
        m_engine = engine;
    }

    /** Called with the time of each event that the plain loop runs, for digests; may be empty. */
    void SetEventHook(std::function<void(std::int64_t timeNs)> hook)
    {
        m_hook = std::move(hook);
    }

    /** Rewind() goes back to the present time. */
    void MarkOrigin()
    {
        m_originTs = m_currentTs;
    }

    /**
     * Forgets the engine's timers, lets everything else that is pending happen, and shows the
     * engine the time of MarkOrigin() again. For ns-3 itself time has gone on: what its models
     * remember lies in the past.
     */
    void Rewind();

    // ns3::SimulatorImpl
    void Destroy() override;
    bool IsFinished() const override;
    void Stop() override;
    void Stop(const ns3::Time& delay) override;
    ns3::EventId Schedule(const ns3::Time& delay, ns3::EventImpl* event) override;
    void ScheduleWithContext(std::uint32_t context,
                             const ns3::Time& delay,
                             ns3::EventImpl* event) override;
    ns3::EventId ScheduleNow(ns3::EventImpl* event) override;
    ns3::EventId ScheduleDestroy(ns3::EventImpl* event) override;
    void Remove(const ns3::EventId& id) override;
    void Cancel(const ns3::EventId& id) override;
    bool IsExpired(const ns3::EventId& id) const override;
    void Run() override;
    ns3::Time Now() const override;
    ns3::Time GetDelayLeft(const ns3::EventId& id) const override;
    ns3::Time GetMaximumSimulationTime() const override;
    void SetScheduler(ns3::ObjectFactory schedulerFactory) override;
    std::uint32_t GetSystemId() const override;
    std::uint32_t GetContext() const override;
    std::uint64_t GetEventCount() const override;

    // interleave::EventQueue
    std::int64_t NowNs() const override;
    std::int64_t NextNs() const override;
    void RunNext() override;
    interleave::TimerId Schedule(std::int64_t delayNs,
                                 interleave::EventFunction function,
                                 void* context,
                                 interleave::EventLabel label) override;
    bool Cancel(interleave::TimerId id) override;
    std::size_t TiedCount() const override;
    void RunTied(std::size_t index) override;
    interleave::EventLabel TiedLabel(std::size_t index) const override;

  protected:
    void DoDispose() override;

  private:
    struct EngineTimer
    {
        ns3::EventId event;
        interleave::EventLabel label;
    };

    ns3::EventId Insert(std::uint64_t timestamp, std::uint32_t context, ns3::EventImpl* event);
    /** Nanoseconds of the engine's time. */
    std::int64_t EngineTime(std::uint64_t timestamp) const;
    void EnterInstant(std::uint64_t timestamp);
    void Process(const ns3::Scheduler::Event& event);
    void CollectTied() const;
    /** An event of that time is gone, or does nothing any more. */
    void Removed(std::uint64_t timestamp) const;
    /** Nothing is out of m_events any more. */
    void PutBack() const;

    interleave::Engine* m_engine{nullptr};
    std::function<void(std::int64_t)> m_hook;
    ns3::Ptr<ns3::Scheduler> m_events;
    std::list<ns3::EventId> m_destroyEvents;
    bool m_stop{false};
    std::uint32_t m_nextUid;
    std::uint32_t m_highestUid{0}; ///< of those run at the present instant
    std::set<std::uint32_t>
        m_skippedUids; ///< lower than that and still to run: ties decided otherwise
    std::uint64_t m_currentTs{0};
    std::int64_t m_nowNs{0}; ///< the same as the engine sees it
    std::uint64_t m_originTs{0};
    std::uint64_t m_goneTs{0}; ///< ns-3's time less the engine's: what earlier runs have taken
    std::uint32_t m_currentContext;
    std::uint64_t m_eventCount{0};
    interleave::TimerId m_lastTimer{0};
    std::map<interleave::TimerId, EngineTimer> m_timers;
    std::map<std::uint32_t, interleave::TimerId> m_timerOfUid;
    mutable std::vector<ns3::Scheduler::Event> m_tied; ///< scratch, in order of scheduling
    /** The earliest event, as long as TiedCount() has just found it alone. */
    mutable std::optional<ns3::Scheduler::Event> m_takenOut;
    mutable std::uint64_t m_earliestTs{0}; ///< of SayEarliest()
};

} // namespace lab

#endif /* LAB_LAB_SIMULATOR_IMPL_H */
