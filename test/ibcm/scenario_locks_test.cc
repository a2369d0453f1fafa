// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// S6, S10: what is traced and touched, and under whose lock.
#include "ibcm/model/cm-id.h"
#include "moment.h"
#include "scenario-fixture.h"

#include <map>
#include <memory>
#include <string>

namespace ibcm::test
{
namespace
{

using ibwire::CmReq;
using ibwire::RejReason;

/** Checks that each step of an id begins where the last one ended. */
class ChainTrace final : public Trace
{
  public:
    void OnTransition(const TransitionTrace& step) override
    {
        ++steps;
        const auto [at, first] = m_states.try_emplace(step.localCommId, State::kIdle);
        EXPECT_EQ(step.from, at->second) << "the trace shows a state of another moment";
        at->second = step.to;
        last = step;
    }

    unsigned steps{0};
    TransitionTrace last{};

  private:
    std::map<std::uint32_t, State> m_states; ///< by number: both hosts are traced
};

class SeedScenarioTraced : public SeedScenario
{
  protected:
    static Options Traced(ChainTrace& trace)
    {
        Options options;
        options.trace = &trace;
        return options;
    }

    SeedScenarioTraced()
        : SeedScenarioTraced(std::make_unique<ChainTrace>())
    {
    }

    explicit SeedScenarioTraced(std::unique_ptr<ChainTrace> trace)
        : SeedScenario(Traced(*trace)),
          m_trace(std::move(trace))
    {
    }

    const std::unique_ptr<ChainTrace> m_trace;
};

// S6. A debug line was printed after the unlock and could show a later state. What this core traces
// is said under the lock: whatever comes in between, each step follows on the last.
TEST_F(SeedScenarioTraced, S06TheTraceShowsTheStateOfItsStep)
{
    hostB->cm.Create(hostB->consumer)
        .map([&](Handle id) { created.emplace_back(hostB.get(), id); });
    listener = created.back().second;
    ASSERT_TRUE(hostB->cm.Listen(listener, kService));
    ForEachMoment(
        [&](unsigned nth)
        {
            const CmReq req = ReqOnTheWire(nth);
            Moment moment(runtime);
            moment.AtAny(nth, [&] { InjectToB(GivesUp(req)); });
            InjectToB(req);
            const bool happened = moment.Withdraw();
            return happened;
        });
    EXPECT_GE(m_trace->steps, 10U);
}

/** Sees that whoever touches a field of an id, or the table, holds its lock. */
class LockWatch final : public Observer
{
  public:
    explicit LockWatch(StepRuntime& runtime)
        : m_runtime(runtime),
          m_next(runtime.GetObserver())
    {
        runtime.SetObserver(this);
        runtime.SetLockHook(
            [this](const char* lockClass)
            {
                m_latest = lockClass;
                m_heldBefore = m_runtime.LocksHeld();
            });
    }

    ~LockWatch() override
    {
        m_runtime.SetLockHook({});
        m_runtime.SetObserver(m_next);
    }

    void OnSync(SyncKind kind, const void* object, const char* site) override
    {
        m_next->OnSync(kind, object, site);
    }

    void OnAccess(const void* field, const char* name, bool write) override
    {
        auto id = m_ids.upper_bound(field);
        if (id != m_ids.begin() && std::less<>()(field, (--id)->second))
        {
            ++accesses;
            EXPECT_TRUE(static_cast<const CmId*>(id->first)->lock.Held())
                << name << (write ? " written" : " read") << " without the lock of its id";
        }
        if (std::string_view(name) == "table")
        {
            // The lock that was taken last, as none is taken inside it.
            ++tableAccesses;
            EXPECT_TRUE(m_latest == "cm-table" && m_runtime.LocksHeld() > m_heldBefore)
                << "the table is touched under " << m_latest;
        }
        m_next->OnAccess(field, name, write);
    }

    void OnMade(const char* objectClass,
                std::uint64_t ordinal,
                const void* object,
                std::size_t bytes) override
    {
        if (std::string_view(objectClass) == "cm_id")
        {
            m_ids[object] = static_cast<const std::byte*>(object) + bytes;
        }
        m_next->OnMade(objectClass, ordinal, object, bytes);
    }

    void OnFreed(const void* object) override
    {
        m_ids.erase(object);
        m_next->OnFreed(object);
    }

    void OnViolation(const char* invariant, const void* object, const char* what) override
    {
        m_next->OnViolation(invariant, object, what);
    }

    std::size_t accesses{0};
    std::size_t tableAccesses{0};

  private:
    StepRuntime& m_runtime;
    Observer* const m_next;
    std::map<const void*, const void*> m_ids; ///< from, to
    std::string m_latest;                     ///< class of the lock that was taken last
    std::size_t m_heldBefore{0};              ///< locks held then
};

// S10 added assertions that the lock is held where the state is changed. Here the compiler proves
// it, and this watches it: every access to a field of an id, in a whole life, holds that id's lock.
TEST_F(SeedScenarioEnds, S10EveryAccessToAnIdHoldsItsLock)
{
    LockWatch watch(runtime);
    ReachA(State::kTimewait);
    Clear();
    ReachB(State::kDreqSent);
    runtime.RunUntilIdle(); // its retries run out
    Clear();
    ReachRepUnderWay();
    ASSERT_TRUE(hostB->cm.NotifyEstablished(b));
    runtime.RunReady();
    (void)hostB->cm.Inspect();
    Clear();
    ReachA(State::kReqSent);
    ASSERT_TRUE(hostB->cm.SendRej(b, RejReason::kConsumer));
    Settle();
    Clear();
    a = CreateA();
    SidrReqParameters question;
    question.serviceId = kService;
    question.path = PathToB();
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, question));
    Settle();
    b = hostB->consumer.Last().id;
    ASSERT_TRUE(hostB->cm.SendSidrRep(b, {}));
    Settle();
    Clear();
    EXPECT_GT(watch.accesses, 300U);
    EXPECT_GT(watch.tableAccesses, 100U);
}

} // namespace
} // namespace ibcm::test
