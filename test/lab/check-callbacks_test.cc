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
    for (const EventType type : {EventType::kMraReceived,
                                 EventType::kRepReceived,
                                 EventType::kLapReceived,
                                 EventType::kDreqReceived,
                                 EventType::kTimewaitExit})
    {
        Tell(type);
    }
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CheckCallbacksTest, AnEventAfterTheTerminalOne)
{
    Tell(EventType::kRepReceived);
    Tell(EventType::kDreqReceived);
    Tell(EventType::kTimewaitExit);
    Tell(EventType::kDrepReceived);
    EXPECT_EQ(Found(), "callback: DREP_RECEIVED after TIMEWAIT_EXIT");
}

TEST_F(CheckCallbacksTest, AnIdThatIsUsedAgainMayBeToldAgain)
{
    Tell(EventType::kReqError);
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    Tell(EventType::kRepReceived);
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CheckCallbacksTest, AnEventOfTheLifeBeforeMayComeLate)
{
    tells = false;
    for (const bool lateAgain : {false, true})
    {
        ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
        ClientStep(S::kReqSent, I::kRep, S::kRepRcvd);
        Tell(EventType::kRepReceived);
        ClientStep(S::kRepRcvd, I::kCallSendRtu, S::kEstablished);
        ClientStep(S::kEstablished, I::kCallSendDreq, S::kDreqSent);
        ClientStep(S::kDreqSent, I::kDrep, S::kTimewait);
        ClientStep(S::kTimewait, I::kTimewaitExit, S::kIdle);
        // Used again before a thread has told what has ended the life before.
        ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
        Tell(EventType::kDrepReceived);
        Tell(EventType::kTimewaitExit);
        ClientStep(S::kReqSent, I::kRep, S::kRepRcvd);
        Tell(EventType::kRepReceived);
        EXPECT_EQ(Found(), std::nullopt);
        if (lateAgain)
        {
            Tell(EventType::kRepReceived); // a life has one
            EXPECT_EQ(Found(), "callback: REP_RECEIVED after REP_RECEIVED");
        }
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CheckCallbacksTest, NothingIsToldOfALifeThatHasEnded)
{
    tells = false;
    for (const EventType last : {EventType::kReqError, EventType::kTimewaitExit})
    {
        ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
        Tell(last);
        ClientStep(S::kReqSent, I::kReqTimeout, S::kIdle);
        ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
        Tell(EventType::kDrepReceived);
        EXPECT_EQ(Found(), "callback: DREP_RECEIVED after nothing");
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CheckCallbacksTest, NoLateEventAfterOneOfTheNewLife)
{
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    Tell(EventType::kRepReceived);
    ClientStep(S::kReqSent, I::kRej, S::kIdle);
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    Tell(EventType::kReqError); // only a REQ that has just been sent can fail
    Tell(EventType::kRejReceived);
    EXPECT_EQ(Found(), "callback: REJ_RECEIVED after REQ_ERROR");
}

TEST_F(CheckCallbacksTest, AnEventAfterDestroy)
{
    Tell(EventType::kRepReceived);
    client.Destroyed(kClientId);
    Tell(EventType::kDreqReceived);
    EXPECT_EQ(Found(), "callback: DREQ_RECEIVED after destruction");
}

TEST_F(CheckCallbacksTest, TwoHandlersOfOneIdAtOnce)
{
    client.EventBegins(kClientId, EventType::kRepReceived);
    client.EventBegins(kClientId, EventType::kDreqReceived);
    EXPECT_EQ(Found(), "callback: DREQ_RECEIVED during REP_RECEIVED");
}

TEST_F(CheckCallbacksTest, HandlersOfTwoIdsAtOnce)
{
    client.EventBegins(kClientId, EventType::kRepReceived);
    client.EventBegins(kServerId, EventType::kReqReceived); // another id of that host
    server.EventBegins(kClientId, EventType::kReqReceived); // another host's
    client.EventEnds(kClientId, Disposition::kKeep);
    client.EventBegins(kClientId, EventType::kDreqReceived);
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CheckCallbacksTest, AHandlerThatEndsItsIdHearsNoMore)
{
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
    EXPECT_TRUE(checks.CheckEnds());
    EXPECT_EQ(Found(), "callback: LAP_RECEIVED is never told");
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
