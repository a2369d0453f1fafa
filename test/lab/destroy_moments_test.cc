// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// An id is destroyed in one task while a message for it is handled in another. All schedules with
// at most two preemptions are run, for each state and each message. However they meet, it is as if
// one had come after the other: nothing deadlocks or is left over, nothing is told after Destroy
// has returned, and the peer hears what it would have heard in one of both orders. What that is
// stands in the tests of the core, which try the same without threads that block.
#include "destroy-stage.h"
#include "interleave/model/schedule-point.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <ostream>

namespace labtest
{

void PrintTo(const Scene& scene, std::ostream* out)
{
    *out << NameOf(scene);
}

namespace
{

/** Visits all schedules of the tasks "first" and "second" with few preemptions, one per run. */
class EachSchedule final : public interleave::Chooser
{
  public:
    explicit EachSchedule(unsigned preemptions)
        : m_preemptions(preemptions)
    {
    }

    /** Goes to the next schedule. False if all have been run. */
    bool Next()
    {
        m_depth = 0;
        m_spent = 0;
        while (!m_path.empty() && (m_path.back().switched || !m_path.back().affordable))
        {
            m_path.pop_back();
        }
        if (m_path.empty())
        {
            return false;
        }
        m_path.back().switched = true;
        return true;
    }

    /** The decisions of the present run: 0 carry on, 1 switch. */
    std::string Text() const
    {
        std::string text;
        for (const Decision& one : m_path)
        {
            text += one.switched ? '1' : '0';
        }
        return text;
    }

    std::uint32_t Choose(interleave::ChoicePoint& point) override
    {
        if (point.Kind() != interleave::ChoiceKind::kSchedule)
        {
            return 0;
        }
        auto& schedule = static_cast<interleave::SchedulePoint&>(point);
        if (!IsSubject(schedule.Candidate(0)))
        {
            return 0;
        }
        for (std::uint32_t option = 1; option < point.Count(); ++option)
        {
            if (IsSubject(schedule.Candidate(option)))
            {
                return Decide(schedule.Running() != nullptr) ? option : 0;
            }
        }
        return 0;
    }

  private:
    struct Decision
    {
        bool switched;
        bool affordable; ///< to switch
    };

    static bool IsSubject(const interleave::Task* task)
    {
        return task != nullptr && (task->Name() == "first" || task->Name() == "second");
    }

    bool Decide(bool preemption)
    {
        if (m_depth == m_path.size())
        {
            m_path.push_back({false, !preemption || m_spent < m_preemptions});
        }
        const bool switched = m_path[m_depth++].switched;
        m_spent += switched && preemption ? 1 : 0;
        return switched;
    }

    const unsigned m_preemptions;
    std::vector<Decision> m_path;
    std::size_t m_depth{0};
    unsigned m_spent{0};
};

class Straight final : public interleave::Chooser
{
  public:
    bool Passive() const override
    {
        return true;
    }

    std::uint32_t Choose(interleave::ChoicePoint&) override
    {
        return 0;
    }
};

std::string TextOf(const Sent& sent)
{
    std::string text;
    for (const std::string& one : sent)
    {
        text += (text.empty() ? "" : ", ") + one;
    }
    return "{" + text + "}";
}

bool Within(const Sent& part, const Sent& whole)
{
    return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

class DestroySchedules : public ::testing::TestWithParam<Scene>
{
  protected:
    using Body = DestroyStage::Body;

    /** What is sent if one task does all this. */
    static Sent Alone(Message message, const Body& body)
    {
        Straight straight;
        return DestroyStage(GetParam(), message, straight).Run(body, [](DestroyStage&) {});
    }

    /** @return how many schedules there are. */
    static unsigned TryAll(Message message)
    {
        const Sent before = Alone(message,
                                  [](DestroyStage& stage)
                                  {
                                      stage.Receive();
                                      stage.Destroy();
                                  });
        const Sent after = Alone(message,
                                 [](DestroyStage& stage)
                                 {
                                     stage.Destroy();
                                     stage.Receive();
                                 });
        const Sent destroyed = Alone(message, [](DestroyStage& stage) { stage.Destroy(); });
        EachSchedule schedules(kPreemptions);
        unsigned count = 0;
        do
        {
            DestroyStage stage(GetParam(), message, schedules);
            const Sent sent = stage.Run([](DestroyStage& self) { self.Receive(); },
                                        [](DestroyStage& self) { self.Destroy(); });
            ++count;
            // A message that finds the id on its deathbed may go unanswered: its sender asks again.
            const bool unanswered = Within(destroyed, sent) && Within(sent, after);
            EXPECT_TRUE(sent == before || sent == after || unanswered)
                << TextOf(sent) << " by " << schedules.Text() << "; before: " << TextOf(before)
                << ", after: " << TextOf(after);
        } while (!HasFailure() && schedules.Next());
        return count;
    }

    static void TearDownTestSuite()
    {
        std::printf("[ SCHEDULES] %u schedules of a message and destroy\n", s_schedules);
    }

    static constexpr unsigned kPreemptions = 2;
    static unsigned s_schedules;
};

unsigned DestroySchedules::s_schedules = 0;

TEST_P(DestroySchedules, ComeToTheSameAsOneAfterTheOther)
{
    for (std::size_t m = 0; m < kMessageCount && !HasFailure(); ++m)
    {
        const auto message = static_cast<Message>(m);
        SCOPED_TRACE(ToString(message));
        const unsigned count = TryAll(message);
        EXPECT_GE(count, 10U) << "hardly any schedule";
        s_schedules += count;
    }
}

INSTANTIATE_TEST_SUITE_P(Scenes,
                         DestroySchedules,
                         ::testing::ValuesIn(Scenes().begin(), Scenes().end()),
                         [](const auto& info) { return NameOf(info.param); });

} // namespace
} // namespace labtest
