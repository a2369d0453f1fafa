// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// How hosts may be left when nothing is under way any more.

#include "cm-checks-fixture.h"

namespace lab
{
namespace
{

using CheckEndsTest = CmChecksFixture;

TEST_F(CheckEndsTest, AnIdThatStaysWhereATimeMustEndIt)
{
    Ask();
    EXPECT_TRUE(checks.CheckEnds());
    EXPECT_EQ(Found(), "liveness: REQ_SENT does not end");
}

TEST_F(CheckEndsTest, BothEndsConnectedIsAnEnd)
{
    Connect();
    EXPECT_FALSE(checks.CheckEnds());
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CheckEndsTest, APeerThatGoesWithoutAWordLeavesTheOtherHalfOpen)
{
    Connect();
    ServerStep(S::kEstablished, I::kCallDestroyXrcTarget, S::kIdle);
    EXPECT_TRUE(checks.CheckEnds());
    EXPECT_EQ(Found(), "liveness: half open: ESTABLISHED, the peer is gone without a word");
}

TEST_F(CheckEndsTest, APeerWhoseLastWordWasLostIsExcused)
{
    for (const bool lost : {true, false})
    {
        Connect();
        ServerStep(S::kEstablished, I::kCallDestroy, S::kDreqSent);
        Send(server, client, FromServer<ibwire::CmDreq>(), lost);
        ServerStep(S::kDreqSent, I::kCallDestroy, S::kTimewait);
        ServerStep(S::kTimewait, I::kCallDestroy, S::kIdle);
        EXPECT_EQ(checks.CheckEnds(), !lost);
        EXPECT_EQ(Found().value_or(""),
                  lost ? ""
                       : "liveness: half open: ESTABLISHED, the peer has said that it is gone");
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CheckEndsTest, ARestartedPeerIsExcused)
{
    Connect();
    server.Restarted();
    EXPECT_FALSE(checks.CheckEnds());
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CheckEndsTest, APeerWithoutAPortIsExcused)
{
    for (const bool ofThePeer : {true, false})
    {
        Connect();
        (ofThePeer ? client : server).PortRemoved();
        ClientStep(S::kEstablished, I::kCallSendDreq, S::kTimewait);
        ClientStep(S::kTimewait, I::kTimewaitExit, S::kIdle);
        EXPECT_EQ(checks.CheckEnds(), !ofThePeer);
        EXPECT_EQ(Found().value_or(""),
                  ofThePeer ? ""
                            : "liveness: half open: ESTABLISHED, the peer is gone without a word");
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CheckEndsTest, APeerWhosePortIsBackHasToSpeak)
{
    for (const bool back : {false, true})
    {
        client.PortRemoved();
        if (back)
        {
            client.PortAdded();
        }
        Connect();
        ClientStep(S::kEstablished, I::kCallSendDreq, S::kTimewait);
        ClientStep(S::kTimewait, I::kTimewaitExit, S::kIdle);
        EXPECT_EQ(checks.CheckEnds(), back);
        EXPECT_EQ(Found().has_value(), back);
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CheckEndsTest, AnOperationHasItsTime)
{
    for (const std::int64_t tookNs : {900, 1100})
    {
        const std::size_t connect = client.Began("connect", 1000);
        engine.Spawn("a",
                     [&]
                     {
                         engine.Sleep(tookNs);
                         client.Ended(connect);
                     });
        EXPECT_EQ(Found().value_or(""), tookNs > 1000 ? "liveness: connect takes too long" : "");
        engine.Reset();
        time.Clear();
        checks.Clear();
    }
}

TEST_F(CheckEndsTest, AnOperationThatDoesNotEnd)
{
    client.Began("destroy", 1000);
    EXPECT_TRUE(checks.CheckEnds());
    EXPECT_EQ(Found(), "liveness: destroy does not end");
}

} // namespace
} // namespace lab
