// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// S2, S4, S5: who listens, who shares a listener, and what a call that collides leaves.
#include "moment.h"
#include "scenario-fixture.h"

#include <vector>

namespace ibcm::test
{
namespace
{

// S2. The second user's handler was compared with itself, so that a stranger shared the first
// user's listener and its requests went to the wrong handler. Sharing needs the same handler, and a
// first user who meant to share.
TEST_F(SeedScenario, S02AListenerIsSharedByOneHandlerOnly)
{
    Recorder stranger(runtime);
    const auto first = hostB->cm.ListenShared(hostB->consumer, kService);
    ASSERT_TRUE(first);
    const std::size_t ids = hostB->cm.LiveIds();
    EXPECT_EQ(hostB->cm.ListenShared(stranger, kService),
              tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostB->cm.LiveIds(), ids) << "the refused listener's id";
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, kService), first);
    EXPECT_EQ(hostB->cm.Inspect().listeners.at(0).sharers, 2U);
    DestroyB(*first);
    EXPECT_TRUE(Serves(1));
    DestroyB(*first);
    EXPECT_FALSE(Serves(2));
    EXPECT_EQ(hostB->cm.Destroy(*first), tl::unexpected(CmError::kInvalidHandle));
    EXPECT_EQ(stranger.TakeNames(), "");
}

TEST_F(SeedScenario, S02AListenerOfOnesOwnIsNotShared)
{
    ListenB();
    const std::size_t ids = hostB->cm.LiveIds();
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, kService),
              tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostB->cm.LiveIds(), ids);
}

// S4 hardened destroy with assertions, which here are on in each test: a listener is in the table
// exactly as long as it has users, in whatever order they come and go.
TEST_F(SeedScenario, S04ListenersComeAndGoInAnyOrder)
{
    constexpr unsigned kSteps = 7;
    unsigned nth = 0;
    for (unsigned path = 0; path < (1U << kSteps); ++path)
    {
        std::vector<Handle> users;
        for (unsigned step = 0; step < kSteps; ++step)
        {
            if ((path >> step & 1U) == 0)
            {
                const auto id = hostB->cm.ListenShared(hostB->consumer, kService);
                ASSERT_TRUE(id);
                EXPECT_TRUE(users.empty() || users.front() == *id);
                users.push_back(*id);
            }
            else if (!users.empty())
            {
                DestroyB(users.back());
                users.pop_back();
            }
            const Report report = hostB->cm.Inspect();
            ASSERT_EQ(report.listeners.size(), users.empty() ? 0U : 1U);
            ASSERT_TRUE(users.empty() || report.listeners[0].sharers == users.size());
            ASSERT_EQ(hostB->cm.LiveIds(), report.listeners.size());
        }
        ASSERT_EQ(Serves(++nth), !users.empty());
        for (const Handle id : users)
        {
            DestroyB(id);
        }
    }
}

// S5. Listen looked at the state without the id's lock: with a REQ sent in between, one id was in
// the tree of listeners and had a REQ out, and destroying it hung. One of both calls is refused.
TEST_F(SeedScenario, S05ListenAndSendReqExcludeEachOther)
{
    for (const bool listenFirst : {true, false})
    {
        const unsigned moments = ForEachMoment(
            [&](unsigned nth)
            {
                const Handle id = CreateA();
                bool listens = false;
                bool asks = false;
                const auto listen = [&] { listens = hostA->cm.Listen(id, kService).has_value(); };
                const auto ask = [&] { asks = hostA->cm.SendReq(id, Req()).has_value(); };
                Moment moment(runtime);
                listenFirst ? moment.AtAny(nth, ask) : moment.AtAny(nth, listen);
                listenFirst ? listen() : ask();
                const bool happened = moment.Withdraw();
                EXPECT_EQ(listens + asks, 1) << "at " << moment.Where();
                EXPECT_EQ(hostA->cm.StateOf(id), listens ? State::kListen : State::kReqSent);
                EXPECT_EQ(hostA->cm.Inspect().listeners.size(), listens ? 1U : 0U);
                EXPECT_EQ(hostA->port.Outstanding(), asks ? 1U : 0U);
                const Instant before = runtime.Now();
                DestroyA(id);
                EXPECT_EQ(runtime.Now(), before) << "destroying waits for nothing";
                EXPECT_EQ(hostA->port.Outstanding(), 0U);
                wire.DropAll();
                return happened;
            });
        EXPECT_GE(moments, 3U);
    }
}

// A collision set LISTEN for a moment, and a destroy in that moment took out a node that was not
// in. Here an id that may not listen has never been in LISTEN.
TEST_F(SeedScenario, S05AListenThatCollidesWasNeverInListen)
{
    ListenB();
    const unsigned moments = ForEachMoment(
        [&](unsigned nth)
        {
            const Handle id = CreateB();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { EXPECT_EQ(hostB->cm.StateOf(id), State::kIdle); });
            EXPECT_EQ(hostB->cm.Listen(id, kService), tl::unexpected(CmError::kAddressInUse));
            const bool happened = moment.Withdraw();
            EXPECT_EQ(hostB->cm.Inspect().listeners.size(), 1U);
            DestroyB(id);
            return happened;
        });
    EXPECT_GE(moments, 2U);
    EXPECT_TRUE(Serves(1)) << "the first listener is still there";
}

// S5b. The rework of patch 5 lost the id of a shared listener when its service id was a reserved
// one.
TEST_F(SeedScenario, S05bAReservedServiceIdLeavesNoId)
{
    const std::size_t living = life.Living();
    const auto reserved = kAssignServiceId | 5;
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, reserved),
              tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostB->cm.LiveIds(), 0U);
    EXPECT_EQ(life.Living(), living);
    const Handle id = CreateB();
    EXPECT_EQ(hostB->cm.Listen(id, reserved), tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostB->cm.StateOf(id), State::kIdle);
}

/** Room for one listener at each host. */
class SeedScenarioOneListener : public SeedScenario
{
  protected:
    static Options One()
    {
        Options options;
        options.limits.maxListeners = 1;
        return options;
    }

    SeedScenarioOneListener()
        : SeedScenario(One())
    {
    }
};

// The same where the service id is a good one, and it is the table that refuses.
TEST_F(SeedScenarioOneListener, S05bARefusedSharedListenerLeavesNoId)
{
    ListenB(kService + 1);
    const std::size_t living = life.Living();
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, kService),
              tl::unexpected(CmError::kNoResources));
    EXPECT_EQ(hostB->cm.LiveIds(), 1U);
    EXPECT_EQ(life.Living(), living);
}

// And where another thread is first with the same service: both share one listener, and the id that
// came too late is gone.
TEST_F(SeedScenario, S05bTwoWhoShareAtOnceGetOneListener)
{
    const unsigned moments = ForEachMoment(
        [&](unsigned nth)
        {
            Result<Handle> inner = Handle::kNone;
            Moment moment(runtime);
            moment.AtAny(nth, [&] { inner = hostB->cm.ListenShared(hostB->consumer, kService); });
            const auto outer = hostB->cm.ListenShared(hostB->consumer, kService);
            const bool happened = moment.Withdraw();
            EXPECT_TRUE(outer) << "at " << moment.Where();
            EXPECT_TRUE(!happened || inner == outer) << "at " << moment.Where();
            EXPECT_EQ(hostB->cm.LiveIds(), 1U) << "at " << moment.Where();
            EXPECT_EQ(hostB->cm.Inspect().listeners.at(0).sharers, happened ? 2U : 1U);
            for (unsigned users = happened ? 2 : 1; users > 0; --users)
            {
                DestroyB(outer.value());
            }
            EXPECT_EQ(hostB->cm.LiveIds(), 0U);
            return happened;
        });
    EXPECT_GE(moments, 5U);
}

} // namespace
} // namespace ibcm::test
