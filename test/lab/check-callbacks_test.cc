// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What consumers are told: events in order, none after the end, and none left out.

#include "cm-checks-fixture.h"

namespace lab
{
namespace
{

using ibcm::Disposition;
using ibcm::EventType;
using CheckCallbacksTest = CmChecksFixture;

TEST_F(CheckCallbacksTest, EventsOfAConnectionInOrder)
{
    tells = false;
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    ClientStep(S::kReqSent, I::kMraReq, S::kMraReqRcvd);
    ClientStep(S::kMraReqRcvd, I::kRep, S::kRepRcvd);
    Tell(EventType::kMraReceived);
    ClientStep(S::kRepRcvd, I::kCallSendRtu, S::kEstablished);
    Tell(EventType::kRepReceived);
    client.OnLapTransition(
        {kClientId, kClient, kServer, ibcm::LapState::kUninit, ibcm::LapState::kLapRcvd, I::kLap});
    ClientStep(S::kEstablished, I::kDreq, S::kDreqRcvd);
    Tell(EventType::kLapReceived);
    Tell(EventType::kDreqReceived);
    EXPECT_FALSE(checks.CheckEnds());
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CheckCallbacksTest, AnEventBeforeAnEarlierOne)
{
    tells = false;
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    ClientStep(S::kReqSent, I::kMraReq, S::kMraReqRcvd);
    ClientStep(S::kMraReqRcvd, I::kRej, S::kIdle);
    Tell(EventType::kRejReceived);
    EXPECT_EQ(Found(), "callback: REJ_RECEIVED before MRA_RECEIVED");
}

TEST_F(CheckCallbacksTest, AnEventThatNothingHasCaused)
{
    for (const bool again : {false, true})
    {
        tells = true;
        ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
        ClientStep(S::kReqSent, I::kRep, S::kRepRcvd);
        Tell(again ? EventType::kRepReceived : EventType::kRejReceived);
        EXPECT_EQ(Found(),
                  again ? "callback: REP_RECEIVED without a cause"
                        : "callback: REJ_RECEIVED without a cause");
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CheckCallbacksTest, AnIdThatIsUsedAgainMayBeToldLateOfItsFormerLives)
{
    tells = false;
    for (unsigned life = 0; life < 3; ++life)
    {
        ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
        ClientStep(S::kReqSent, I::kMraReq, S::kMraReqRcvd);
        ClientStep(S::kMraReqRcvd, I::kRej, S::kIdle);
    }
    // One thread was kept from its handler all the while, and others have left their events to it.
    for (unsigned life = 0; life < 3; ++life)
    {
        Tell(EventType::kMraReceived);
        Tell(EventType::kRejReceived);
    }
    EXPECT_FALSE(checks.CheckEnds());
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CheckCallbacksTest, NothingOfANewLifeBeforeTheLifeBeforeItIsOver)
{
    tells = false;
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    ClientStep(S::kReqSent, I::kRej, S::kIdle);
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    ClientStep(S::kReqSent, I::kRep, S::kRepRcvd);
    Tell(EventType::kRepReceived);
    EXPECT_EQ(Found(), "callback: REP_RECEIVED before REJ_RECEIVED");
}

TEST_F(CheckCallbacksTest, AnEventAfterDestroy)
{
    client.Destroyed(kClientId);
    Tell(EventType::kDreqReceived);
    EXPECT_EQ(Found(), "callback: DREQ_RECEIVED after destruction");
}

TEST_F(CheckCallbacksTest, TwoHandlersOfOneIdAtOnce)
{
    tells = false;
    Connect();
    client.EventBegins(kClientId, EventType::kRepReceived);
    ClientStep(S::kEstablished, I::kDreq, S::kDreqRcvd);
    client.EventBegins(kClientId, EventType::kDreqReceived);
    EXPECT_EQ(Found(), "callback: DREQ_RECEIVED during REP_RECEIVED");
}

TEST_F(CheckCallbacksTest, HandlersOfTwoIdsAtOnce)
{
    tells = false;
    Connect();
    client.EventBegins(kClientId, EventType::kRepReceived);
    Step(client, kServerId, kServer, S::kIdle, I::kReqAccepted, S::kReqRcvd);
    client.EventBegins(kServerId, EventType::kReqReceived); // another id of that host
    server.EventBegins(kServerId, EventType::kReqReceived); // another host's
    client.EventEnds(kClientId, Disposition::kKeep);
    ClientStep(S::kEstablished, I::kDreq, S::kDreqRcvd);
    client.EventBegins(kClientId, EventType::kDreqReceived);
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CheckCallbacksTest, AHandlerThatEndsItsIdHearsNoMore)
{
    tells = false;
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    ClientStep(S::kReqSent, I::kRej, S::kIdle);
    Tell(EventType::kRejReceived, Disposition::kDestroy);
    Tell(EventType::kTimewaitExit);
    EXPECT_EQ(Found(), "callback: TIMEWAIT_EXIT after destruction");
}

TEST_F(CheckCallbacksTest, AnEventThatIsNeverTold)
{
    for (const bool told : {true, false})
    {
        tells = told;
        ClientStep(S::kIdle, I::kCallSendSidrReq, S::kSidrReqSent);
        ClientStep(S::kSidrReqSent, I::kSidrReqTimeout, S::kIdle);
        EXPECT_EQ(checks.CheckEnds(), !told);
        EXPECT_EQ(Found().value_or(""), told ? "" : "callback: SIDR_REQ_ERROR is never told");
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CheckCallbacksTest, AnotherEventDoesNotStandInForIt)
{
    Connect();
    tells = false;
    client.OnLapTransition(
        {kClientId, kClient, kServer, ibcm::LapState::kUninit, ibcm::LapState::kLapRcvd, I::kLap});
    Tell(EventType::kMraReceived);
    EXPECT_TRUE(checks.CheckEnds()) << "and LAP_RECEIVED is still to be told";
    EXPECT_EQ(Found(), "callback: MRA_RECEIVED before LAP_RECEIVED");
}

TEST_F(CheckCallbacksTest, WhatDoesNotChangeAStateNeedNotBeTold)
{
    tells = false;
    Connect();
    Tell(EventType::kRepReceived);
    server.EventBegins(kServerId, EventType::kReqReceived);
    server.EventEnds(kServerId, Disposition::kKeep);
    server.EventBegins(kServerId, EventType::kRtuReceived);
    server.EventEnds(kServerId, Disposition::kKeep);
    client.OnStay({kClientId, kClient, kServer, S::kEstablished, S::kEstablished, I::kRep});
    client.OnLapTransition({kClientId,
                            kClient,
                            kServer,
                            ibcm::LapState::kMraLapSent,
                            ibcm::LapState::kMraLapSent,
                            I::kLap});
    EXPECT_FALSE(checks.CheckEnds());
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CheckCallbacksTest, ADestroyedIdIsToldNothing)
{
    for (const bool byHandler : {true, false})
    {
        tells = false;
        ClientStep(S::kIdle, I::kCallSendSidrReq, S::kSidrReqSent);
        ClientStep(S::kSidrReqSent, I::kSidrRep, S::kIdle);
        ClientStep(S::kIdle, I::kCallSendSidrReq, S::kSidrReqSent);
        if (byHandler)
        {
            Tell(EventType::kSidrRepReceived, Disposition::kDestroy);
        }
        else
        {
            client.Destroyed(kClientId);
        }
        // Its end comes after the handler's answer.
        ClientStep(S::kSidrReqSent, I::kSidrReqTimeout, S::kIdle);
        EXPECT_FALSE(checks.CheckEnds());
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CheckCallbacksTest, AnIdThatIsBeingDestroyedNeedNotBeTold)
{
    for (const bool before : {true, false})
    {
        tells = false;
        ServerStep(S::kIdle, I::kReqAccepted, S::kReqRcvd);
        if (before)
        {
            ServerStep(S::kReqRcvd, I::kCallDestroyNoMemory, S::kIdle);
        }
        else
        {
            server.EventBegins(kServerId, EventType::kReqReceived);
            server.EventEnds(kServerId, Disposition::kKeep);
            ServerStep(S::kReqRcvd, I::kRejStale, S::kTimewait);
            ServerStep(S::kTimewait, I::kCallDestroy, S::kIdle);
        }
        EXPECT_FALSE(checks.CheckEnds());
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CheckCallbacksTest, WhatIsUnderWayToAnIdThatIsBeingDestroyedMayBeTold)
{
    for (const bool twice : {false, true})
    {
        tells = true;
        Ask();
        ServerStep(S::kReqRcvd, I::kCallSendRep, S::kRepSent);
        tells = false;
        ServerStep(S::kRepSent, I::kRtu, S::kEstablished);
        ServerStep(S::kEstablished, I::kDreq, S::kDreqRcvd);
        ServerStep(S::kDreqRcvd, I::kCallDestroy, S::kTimewait);
        server.EventBegins(kServerId, twice ? EventType::kDreqReceived : EventType::kRtuReceived);
        EXPECT_EQ(Found().value_or(""), twice ? "callback: DREQ_RECEIVED before RTU_RECEIVED" : "");
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CheckCallbacksTest, ADreqThatCannotBeSentIsAnAnswerOrAnEvent)
{
    for (const bool told : {false, true})
    {
        tells = true;
        Connect();
        tells = false;
        ClientStep(S::kEstablished, I::kCallSendDreq, S::kDreqSent);
        ClientStep(S::kDreqSent, I::kDreqTimeout, S::kTimewait);
        if (told)
        {
            Tell(EventType::kDreqError);
        }
        ClientStep(S::kTimewait, I::kTimewaitExit, S::kIdle);
        Tell(EventType::kTimewaitExit);
        EXPECT_EQ(Found(), std::nullopt);
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CheckCallbacksTest, ADreqThatNobodyAnswersIsAnEvent)
{
    Connect();
    tells = false;
    ClientStep(S::kEstablished, I::kCallSendDreq, S::kDreqSent);
    time.Schedule(1000, [](void*) {}, nullptr, {"later", {}});
    engine.Run();
    ClientStep(S::kDreqSent, I::kDreqTimeout, S::kTimewait);
    ClientStep(S::kTimewait, I::kTimewaitExit, S::kIdle);
    Tell(EventType::kTimewaitExit);
    EXPECT_EQ(Found(), "callback: TIMEWAIT_EXIT before DREQ_ERROR");
}

TEST_F(CheckCallbacksTest, AHostThatForgetsTellsNothing)
{
    tells = false;
    ClientStep(S::kIdle, I::kCallSendSidrReq, S::kSidrReqSent);
    ClientStep(S::kSidrReqSent, I::kSidrReqTimeout, S::kIdle);
    client.Restarted();
    EXPECT_FALSE(checks.CheckEnds());
    EXPECT_EQ(Found(), std::nullopt);
}

} // namespace
} // namespace lab
