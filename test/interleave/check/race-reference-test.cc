// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// The race check against the plainest one there is: a vector of clocks for everything, copied and
// joined at every turn, and every access compared with all before it.

#include "check-world.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace interleave::test
{
namespace
{

constexpr std::size_t kMost = 16; // tasks, main among them

using Times = std::array<int, kMost>;

void Join(Times& to, const Times& from)
{
    for (std::size_t at = 0; at < kMost; ++at)
    {
        to.at(at) = std::max(to.at(at), from.at(at));
    }
}

class PlainRaces final : public Observer
{
  public:
    explicit PlainRaces(Engine& engine)
        : Observer({.effects = true, .switches = false, .choices = false}),
          m_engine(engine)
    {
        for (std::size_t task = 0; task < kMost; ++task)
        {
            m_tasks.at(task).at(task) = 1;
        }
        engine.AddObserver(*this);
    }

    ~PlainRaces() override
    {
        m_engine.RemoveObserver(*this);
    }

    bool Found() const
    {
        return m_found;
    }

    void OnOp(const OpEvent& event) override
    {
        if (event.op.kind != OpKind::kAccess || m_found)
        {
            return;
        }
        const std::uint32_t task = event.task.Ordinal();
        const Times& now = m_tasks.at(task);
        auto& before = m_accesses[event.op.object.ordinal];
        m_found = std::ranges::any_of(before,
                                      [&](const Access& access) {
                                          return (access.write || event.op.write) &&
                                                 access.time > now.at(access.task);
                                      });
        before.push_back({task, now.at(task), event.op.write});
    }

    void OnEffect(const Effect& effect) override
    {
        const std::uint32_t task = effect.task.Ordinal();
        switch (effect.kind)
        {
        case EffectKind::kUnlocked:
        case EffectKind::kRelease:
        case EffectKind::kSignalled:
        case EffectKind::kQueued:
        case EffectKind::kArmed:
            Join(m_released[effect.sync], m_tasks.at(task));
            ++m_tasks.at(task).at(task);
            break;
        case EffectKind::kLocked:
        case EffectKind::kTryLocked:
        case EffectKind::kAcquire:
        case EffectKind::kConsumed:
        case EffectKind::kFired:
            Join(m_tasks.at(task), m_released[effect.sync]);
            break;
        case EffectKind::kTaken:
            Join(m_tasks.at(task), m_released[effect.sync]);
            m_released.erase(effect.sync);
            break;
        case EffectKind::kEventBegins:
        {
            const int own = m_tasks.at(0).at(0);
            m_tasks.at(0) = m_base;
            m_tasks.at(0).at(0) = own;
            break;
        }
        case EffectKind::kRunBegins:
        case EffectKind::kRunEnds:
            Barrier();
            break;
        default:
            break;
        }
    }

  private:
    struct Access
    {
        std::uint32_t task;
        int time;
        bool write;
    };

    void Barrier()
    {
        for (const Times& times : m_tasks)
        {
            Join(m_base, times);
        }
        for (std::size_t task = 0; task < kMost; ++task)
        {
            m_tasks.at(task) = m_base;
            ++m_tasks.at(task).at(task);
        }
    }

    Engine& m_engine;
    std::array<Times, kMost> m_tasks{};
    Times m_base{};
    std::map<const void*, Times> m_released; // asked by address, never walked
    std::map<std::uint32_t, std::vector<Access>> m_accesses;
    bool m_found = false;
};

/** Tasks that take locks, signal, wait for a while, queue work, and touch fields now and then; and
 * events that do. */
struct Mill
{
    explicit Mill(std::uint64_t seed)
        : random(seed, "mill"),
          chooser(seed)
    {
        world.engine.SetChooser(chooser);
        for (auto& lock : locks)
        {
            lock = std::make_unique<Mutex>(world.engine, "lock");
        }
        for (auto& field : fields)
        {
            field = world.Field("field");
        }
        // Few fields that are touched without a lock, so that about half of the runs pass.
        careless = random.Below(40);
        for (int task = 0; task < 4; ++task)
        {
            world.engine.Spawn("task", [this] { Grind(12); });
        }
        for (std::size_t event = 0; event < 6; ++event)
        {
            // The main context, which hands on what it has learnt since the event began.
            events.push_back(std::make_unique<Event>(world.time,
                                                     static_cast<std::int64_t>(3 * event + 1),
                                                     [this, event]
                                                     { TouchInEvent(event % locks.size()); }));
        }
        world.engine.Spawn("last",
                           [this]
                           {
                               world.engine.Sleep(1000);
                               workers.Shutdown();
                           });
    }

    /** 0 .. @p bound - 1; ThreadSanitizer takes tasks for threads, which share the generator. */
    std::uint32_t Draw(std::uint32_t bound)
    {
        const EngineScope scope;
        return random.Below(bound);
    }

    void Touch(std::size_t field)
    {
        if (Draw(2) == 0)
        {
            world.Write(fields.at(field), "touch");
        }
        else
        {
            world.Read(fields.at(field), "touch");
        }
    }

    void TouchInEvent(std::size_t which)
    {
        if (locks.at(which)->TryLock())
        {
            if (Draw(3) == 0)
            {
                Touch(which);
            }
            locks.at(which)->Unlock();
        }
        done.Complete();
    }

    void Grind(int steps)
    {
        for (int step = 0; step < steps; ++step)
        {
            const std::size_t which = Draw(static_cast<std::uint32_t>(locks.size()));
            switch (Draw(8))
            {
            case 0:
                world.engine.Sleep(Draw(20));
                break;
            case 1:
                done.Complete();
                break;
            case 2:
                if (done.WaitFor(5) && Draw(100) < careless)
                {
                    Touch(fields.size() - 1); // by way of the completion only
                }
                break;
            case 3:
                workers.Queue(item);
                break;
            default:
            {
                const MutexLock held(*locks.at(which));
                Touch(which);
                if (Draw(400) < careless)
                {
                    Touch((which + 1) % locks.size());
                }
            }
            }
        }
    }

    CheckWorld world;
    Random random;
    RandomChooser chooser;
    std::uint32_t careless = 0;
    std::array<std::unique_ptr<Mutex>, 3> locks;
    std::array<ObjectId, 4> fields;
    Completion done{world.engine};
    WorkQueue workers{world.engine, "worker", 2};
    std::vector<std::unique_ptr<Event>> events;
    WorkItem item{[](void* self) { static_cast<Mill*>(self)->Grind(1); }, this};
};

TEST(RaceReference, EveryRunIsJudgedAsByPlainVectorClocks)
{
    std::array<int, 2> verdicts{};
    for (std::uint64_t seed = 1; seed <= 600; ++seed)
    {
        Mill mill(seed);
        PlainRaces plain(mill.world.engine);
        const auto found = mill.world.Run();
        const bool race = found == std::optional(ViolationKind::kDataRace);
        ASSERT_TRUE(race || !found) << "seed " << seed << ": " << mill.world.Text();
        ASSERT_EQ(race, plain.Found()) << "seed " << seed;
        ++verdicts.at(race ? 1 : 0);
    }
    EXPECT_GT(verdicts[0], 50);
    EXPECT_GT(verdicts[1], 50);
}

} // namespace
} // namespace interleave::test
