// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// An id is destroyed and a message comes: before, after, and meanwhile, at each place where either
// of the two threads can be overtaken by the other. Whatever comes first, the id walks to IDLE,
// nothing refers to it when Destroy returns, nothing is told after that, and the peer hears exactly
// what the protocol says.
#include "destroy-expectation.h"
#include "id-watch.h"
#include "moment.h"
#include "second-thread.h"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace ibcm::test
{
namespace
{

/** Which of the two is overtaken. */
enum class Overtaken
{
    kMessage,
    kDestroy,
};

std::string Joined(const std::string& first, const std::string& second)
{
    return first + (first.empty() || second.empty() ? "" : ", ") + second;
}

/** For threads whose messages may leave in either order. */
std::multiset<std::string> Parts(const std::string& text)
{
    std::multiset<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in >> std::ws, part, ',');)
    {
        parts.insert(part);
    }
    return parts;
}

/** One scene, one message, one moment. */
class Combination : private SceneStage
{
  public:
    Combination(const Scene& which, Message message)
        : SceneStage(which),
          m_message(message)
    {
    }

    void MessageThenDestroy()
    {
        if (Begin())
        {
            const Reaction reaction = ReactionTo(scene, m_message);
            Receive(Forge(m_message));
            EXPECT_EQ(own->cm.StateOf(id), reaction.state);
            EXPECT_EQ(own->cm.LapStateOf(id), reaction.lap);
            EXPECT_TRUE(own->cm.Destroy(id));
            EXPECT_EQ(TakeOwnSent(),
                      Joined(reaction.sends, SentByDestroying(scene, reaction.state)));
        }
        End();
    }

    void DestroyThenMessage()
    {
        if (Begin())
        {
            const ReceivedMad mad = Forge(m_message);
            EXPECT_TRUE(own->cm.Destroy(id));
            EXPECT_EQ(TakeOwnSent(), SentByDestroying(scene, scene.state));
            m_eventsAtReturn = EventsOfId();
            CheckGone();
            Receive(mad);
            EXPECT_EQ(TakeOwnSent(), AnswerOfGone(scene, scene.state, m_message));
        }
        End();
    }

    /**
     * The second thread stands still at its nth place and the first one overtakes it.
     * @param answer of the consumer to each event of the id.
     * @return false if there is no such place: both have come one after the other.
     */
    bool Meanwhile(unsigned nth, Overtaken overtaken, Disposition answer)
    {
        bool parked = false;
        if (Begin())
        {
            const ReceivedMad mad = Forge(m_message);
            IdWatch watch(runtime);
            watch.Follow([this] { (void)own->cm.StateOf(id); });
            bool entering = false; // the second thread stands at the door of the handler
            own->consumer.react = [&](ConnectionManager&, Handle told, const Event&)
            {
                EXPECT_TRUE(told != id || !watch.Erased() || entering) << "told after the walk";
                return told == id ? answer : Disposition::kKeep;
            };
            std::string expected;
            {
                Moment moment(runtime);
                SecondThread second(runtime);
                moment.AtAny(nth, [&second] { second.Park(); });
                Status destroyed;
                const auto destroy = [this, &destroyed]
                {
                    destroyed = own->cm.Destroy(id);
                    m_eventsAtReturn = EventsOfId();
                };
                const bool message = overtaken == Overtaken::kMessage;
                second.Start(message ? std::function<void()>([this, &mad] { Receive(mad); })
                                     : std::function<void()>(destroy));
                parked = moment.Withdraw();
                SCOPED_TRACE(moment.Where());
                entering = moment.Where().starts_with(ToString(SyncKind::kCallback));
                expected =
                    message ? ExpectedOvertakingMessage(watch) : ExpectedOvertakingDestroy(watch);
                const bool mustWait = message && parked && watch.Held();
                message ? destroy() : Receive(mad);
                if (message)
                {
                    CheckDestroyReturned(destroyed, answer, second, mustWait);
                }
                second.GoOn();
                if (!message)
                {
                    EXPECT_TRUE(destroyed || answer == Disposition::kDestroy);
                }
            }
            own->consumer.react = {};
            EXPECT_EQ(Parts(TakeOwnSent()), Parts(expected));
        }
        End();
        return parked;
    }

  private:
    bool Begin()
    {
        const bool there = Reach();
        m_idsBefore = there ? own->cm.LiveIds() : 0;
        return there;
    }

    /** What is sent in all if the message's thread stands still now. */
    std::string ExpectedOvertakingMessage(const IdWatch& watch) const
    {
        const Reaction reaction = ReactionTo(scene, m_message);
        if (watch.Touched())
        {
            return Joined(reaction.sends, SentByDestroying(scene, reaction.state));
        }
        return Joined(SentByDestroying(scene, scene.state),
                      watch.Held() ? AnswerOfDying(scene, m_message) : StatelessAnswer());
    }

    /** The answer of the message's thread, which has nothing in its hands. */
    std::string StatelessAnswer() const
    {
        // Refused before anything of the id was looked at, or looked up after its end.
        return AlreadySent() ? ReactionTo(scene, m_message).sends
                             : AnswerOfGone(scene, scene.state, m_message);
    }

    bool AlreadySent() const
    {
        return !sent.empty();
    }

    /** What is sent in all if the destroying thread stands still now. */
    std::string ExpectedOvertakingDestroy(const IdWatch& watch) const
    {
        if (watch.Erased())
        {
            return Joined(SentByDestroying(scene, scene.state),
                          AnswerOfGone(scene, scene.state, m_message));
        }
        const Reaction reaction = ReactionTo(scene, m_message);
        return Joined(reaction.sends, SentByDestroying(scene, reaction.state));
    }

    void CheckDestroyReturned(const Status& destroyed,
                              Disposition answer,
                              const SecondThread& second,
                              bool mustWait)
    {
        if (answer == Disposition::kKeep)
        {
            EXPECT_TRUE(destroyed);
            EXPECT_EQ(second.WasWaitedFor(), mustWait) << "for the reference of the other thread";
            CheckGone();
            return;
        }
        // One of both destroys it; for the other it is gone.
        EXPECT_TRUE(destroyed || destroyed.error() == CmError::kInvalidHandle);
    }

    void CheckGone()
    {
        EXPECT_EQ(own->cm.StateOf(id), tl::unexpected(CmError::kInvalidHandle));
        EXPECT_EQ(own->cm.Destroy(id), tl::unexpected(CmError::kInvalidHandle));
        EXPECT_EQ(LastState(), State::kIdle) << "the walk ends in IDLE";
    }

    void End()
    {
        if (!HasFailure())
        {
            CheckGone();
            m_eventsAtReturn = m_eventsAtReturn.value_or(EventsOfId());
            EXPECT_EQ(own->port.Outstanding(), 0U) << "somebody waits for an answer still";
            wire.DropAll();
            runtime.Advance(std::chrono::minutes(1));
            EXPECT_EQ(EventsOfId(), *m_eventsAtReturn) << "told after Destroy had returned";
            EXPECT_LE(own->cm.LiveIds(), m_idsBefore) << "the one that is gone, and a new one";
        }
        Finish();
    }

    const Message m_message;
    std::size_t m_idsBefore{0};
    std::optional<std::size_t> m_eventsAtReturn;
};

class DestroyMoments : public ::testing::TestWithParam<Scene>
{
  protected:
    /** Runs @p attempt for each place until there is none. @return combinations that ran. */
    template <class F>
    static unsigned EachPlace(F&& attempt)
    {
        unsigned nth = 1;
        while (attempt(nth) && !HasFailure())
        {
            ++nth;
        }
        return nth; // the last one came after the end of the thread
    }

    static unsigned RunOvertaking(Overtaken overtaken, Disposition answer, const char* what)
    {
        unsigned combinations = 0;
        for (std::size_t m = 0; m < kMessageCount && !HasFailure(); ++m)
        {
            const auto message = static_cast<Message>(m);
            combinations += EachPlace(
                [&](unsigned nth)
                {
                    SCOPED_TRACE(std::string(what) + " " + ToString(message) + ", place " +
                                 std::to_string(nth));
                    Combination one(GetParam(), message);
                    return one.Meanwhile(nth, overtaken, answer);
                });
        }
        return combinations;
    }

    /** For the sum over all scenes, which the run's output shows. */
    static void Count(const char* what, unsigned combinations)
    {
        EXPECT_GE(combinations, kMessageCount) << what;
        RecordProperty(what, static_cast<int>(combinations));
        s_combinations += combinations;
    }

    static void TearDownTestSuite()
    {
        std::printf("[ COMBINED ] %u combinations of state, message and moment\n", s_combinations);
    }

    static unsigned s_combinations;
};

unsigned DestroyMoments::s_combinations = 0;

TEST_P(DestroyMoments, TheMessageComesBefore)
{
    for (std::size_t m = 0; m < kMessageCount; ++m)
    {
        SCOPED_TRACE(ToString(static_cast<Message>(m)));
        Combination(GetParam(), static_cast<Message>(m)).MessageThenDestroy();
    }
    Count("before", kMessageCount);
}

TEST_P(DestroyMoments, TheMessageComesAfter)
{
    for (std::size_t m = 0; m < kMessageCount; ++m)
    {
        SCOPED_TRACE(ToString(static_cast<Message>(m)));
        Combination(GetParam(), static_cast<Message>(m)).DestroyThenMessage();
    }
    Count("after", kMessageCount);
}

TEST_P(DestroyMoments, DestroyOvertakesTheMessage)
{
    Count("parked message",
          RunOvertaking(Overtaken::kMessage, Disposition::kKeep, "destroy overtakes"));
}

TEST_P(DestroyMoments, TheMessageOvertakesDestroy)
{
    Count("parked destroy", RunOvertaking(Overtaken::kDestroy, Disposition::kKeep, "overtaken by"));
}

TEST_P(DestroyMoments, DestroyOvertakesAMessageWhoseConsumerDestroysToo)
{
    Count("parked message, destroying",
          RunOvertaking(Overtaken::kMessage, Disposition::kDestroy, "destroy overtakes"));
}

TEST_P(DestroyMoments, AMessageWhoseConsumerDestroysOvertakesDestroy)
{
    Count("parked destroy, destroying",
          RunOvertaking(Overtaken::kDestroy, Disposition::kDestroy, "overtaken by"));
}

INSTANTIATE_TEST_SUITE_P(Scenes,
                         DestroyMoments,
                         ::testing::ValuesIn(Scenes().begin(), Scenes().end()),
                         [](const ::testing::TestParamInfo<Scene>& info)
                         {
                             std::string name = NameOf(info.param);
                             std::replace(name.begin(), name.end(), ' ', '_');
                             return name;
                         });

TEST(DestroyScenes, CoverEachStateAndEachLapState)
{
    for (std::size_t s = 0; s < kStateCount; ++s)
    {
        EXPECT_TRUE(std::any_of(Scenes().begin(),
                                Scenes().end(),
                                [s](const Scene& one)
                                { return one.state == static_cast<State>(s); }))
            << ToString(static_cast<State>(s));
    }
    for (std::size_t l = 0; l < kLapStateCount; ++l)
    {
        EXPECT_TRUE(std::any_of(Scenes().begin(),
                                Scenes().end(),
                                [l](const Scene& one) {
                                    return one.state == State::kEstablished &&
                                           one.lap == static_cast<LapState>(l);
                                }))
            << ToString(static_cast<LapState>(l));
    }
}

} // namespace
} // namespace ibcm::test
