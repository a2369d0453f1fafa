// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Each promise of a Connection Manager: what breaks it, and what comes close and does not. The
// hooks are called as a core, good or defective, would call them.

#include "ib-wire/model/cm-messages.h"
#include "ibcm/model/protocol.h"
#include "interleave/model/virtual-time.h"
#include "lab/model/cm-checks.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace
{

using ibcm::Disposition;
using ibcm::EventType;
using ibcm::Handle;
using I = ibcm::Input;
using S = ibcm::State;
using interleave::ViolationKind;

constexpr Handle kClientId{11};
constexpr Handle kServerId{22};
constexpr std::uint32_t kClient = 0xc1;
constexpr std::uint32_t kServer = 0x5e;

class CmChecksTest : public testing::Test
{
  protected:
    /** What was found, if anything: kind and subject. */
    std::optional<std::string> Found()
    {
        const auto result = engine.Run();
        return result.violation ? std::optional(result.violation->Signature()) : std::nullopt;
    }

    /** A step, and what the consumer is told of it unless that is what the test is about. */
    void Step(lab::HostChecks& host, Handle id, std::uint32_t local, S from, I input, S to)
    {
        const bool client = local == kClient;
        const bool remoteKnown = !client || to == S::kRepRcvd || from != S::kReqSent;
        const std::uint32_t remote = client ? kServer : kClient;
        host.OnTransition({id,
                           local,
                           from == S::kIdle && client ? 0
                           : remoteKnown              ? remote
                                                      : 0,
                           from,
                           to,
                           input});
        const EventType event = lab::CallbackCheck::EventOf(input);
        if (tells && event != EventType::kNone)
        {
            host.EventBegins(id, event);
            host.EventEnds(id, Disposition::kKeep);
        }
    }

    void ClientStep(S from, I input, S to)
    {
        Step(client, kClientId, kClient, from, input, to);
    }

    void ServerStep(S from, I input, S to)
    {
        Step(server, kServerId, kServer, from, input, to);
    }

    /** From one host to the other. */
    template <class M>
    void Send(lab::HostChecks& from, lab::HostChecks& to, const M& message, bool lost = false)
    {
        const ibwire::MadBytes mad = Mad(message);
        from.Sent(mad);
        if (!lost)
        {
            to.Received(mad);
        }
    }

    template <class M>
    static ibwire::MadBytes Mad(const M& message)
    {
        return ibwire::EncodeCm({}, message).value();
    }

    template <class M>
    static M FromClient()
    {
        M message;
        message.localCommId = kClient;
        message.remoteCommId = kServer;
        return message;
    }

    template <class M>
    static M FromServer()
    {
        M message;
        message.localCommId = kServer;
        message.remoteCommId = kClient;
        return message;
    }

    static ibwire::CmReq Req()
    {
        ibwire::CmReq req;
        req.localCommId = kClient;
        return req;
    }

    void Ask()
    {
        ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
        Send(client, server, Req());
        ServerStep(S::kIdle, I::kReqAccepted, S::kReqRcvd);
    }

    void Connect()
    {
        Ask();
        ServerStep(S::kReqRcvd, I::kCallSendRep, S::kRepSent);
        Send(server, client, FromServer<ibwire::CmRep>());
        ClientStep(S::kReqSent, I::kRep, S::kRepRcvd);
        ClientStep(S::kRepRcvd, I::kCallSendRtu, S::kEstablished);
        Send(client, server, FromClient<ibwire::CmRtu>());
        ServerStep(S::kRepSent, I::kRtu, S::kEstablished);
    }

    void Tell(EventType type, Disposition answer = Disposition::kKeep)
    {
        client.EventBegins(kClientId, type);
        client.EventEnds(kClientId, answer);
    }

    bool tells{true};
    interleave::VirtualTime time;
    interleave::Engine engine{time};
    lab::CmChecks checks{engine};
    lab::HostChecks& client = checks.Host("client");
    lab::HostChecks& server = checks.Host("server");
};

// ---- states

TEST_F(CmChecksTest, AConnectionAndItsEndAreLegal)
{
    Connect();
    ClientStep(S::kEstablished, I::kCallSendDreq, S::kDreqSent);
    Send(client, server, FromClient<ibwire::CmDreq>());
    ServerStep(S::kEstablished, I::kDreq, S::kDreqRcvd);
    ServerStep(S::kDreqRcvd, I::kCallSendDrep, S::kTimewait);
    Send(server, client, FromServer<ibwire::CmDrep>());
    ClientStep(S::kDreqSent, I::kDrep, S::kTimewait);
    ClientStep(S::kTimewait, I::kTimewaitExit, S::kIdle);
    ServerStep(S::kTimewait, I::kTimewaitExit, S::kIdle);
    EXPECT_FALSE(checks.CheckEnds());
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CmChecksTest, AStepThatTheProtocolDoesNotHave)
{
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    ClientStep(S::kReqSent, I::kRep, S::kEstablished);
    EXPECT_EQ(Found(), "transition: REQ_SENT to ESTABLISHED by REP");
}

TEST_F(CmChecksTest, AStateThatChangedBehindTheTrace)
{
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    ClientStep(S::kRepRcvd, I::kCallSendRtu, S::kEstablished);
    EXPECT_EQ(Found(), "transition: REP_RCVD to ESTABLISHED by send RTU, left in REQ_SENT");
}

TEST_F(CmChecksTest, ASharedListenerGoesWithItsLastUser)
{
    ServerStep(S::kIdle, I::kCallListen, S::kListen);
    server.Destroyed(kServerId); // by the first of two
    ServerStep(S::kListen, I::kCallDestroy, S::kIdle);
    server.Destroyed(kServerId);
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CmChecksTest, AListenerThatIsGoneIsForgotten)
{
    ServerStep(S::kIdle, I::kCallListen, S::kListen);
    ServerStep(S::kListen, I::kCallDestroy, S::kIdle);
    server.Destroyed(kServerId);
    ServerStep(S::kListen, I::kCallDestroy, S::kIdle);
    EXPECT_EQ(Found(), "transition: LISTEN to IDLE by destroy, left in IDLE");
}

TEST_F(CmChecksTest, TheCoresTablesKeepToTheProtocol)
{
    unsigned rows = 0;
    for (const ibcm::Transition& row : ibcm::Transitions())
    {
        rows += row.from != row.to ? 1 : 0;
        EXPECT_TRUE(row.from == row.to ||
                    lab::TransitionCheck::Allowed(row.from, row.input, row.to))
            << ToString(row.from) << " " << ToString(row.input) << " " << ToString(row.to);
    }
    EXPECT_GT(rows, 60U);
    for (const auto& exception : ibcm::LinuxTransitions())
    {
        const ibcm::Transition& row = exception.row;
        EXPECT_TRUE(row.from == row.to ||
                    lab::TransitionCheck::Allowed(row.from, row.input, row.to))
            << ToString(row.from) << " " << ToString(row.input) << " " << ToString(row.to);
    }
}

TEST_F(CmChecksTest, FewOfAllThinkableStepsAreAllowed)
{
    unsigned allowed = 0;
    for (unsigned from = 0; from < ibcm::kStateCount; ++from)
    {
        for (unsigned input = 0; input < ibcm::kInputCount; ++input)
        {
            for (unsigned to = 0; to < ibcm::kStateCount; ++to)
            {
                allowed += lab::TransitionCheck::Allowed(
                               static_cast<S>(from), static_cast<I>(input), static_cast<S>(to))
                               ? 1
                               : 0;
            }
        }
    }
    EXPECT_LT(allowed, 110U); // of about 10,000
}

// ---- events

TEST_F(CmChecksTest, EventsOfAConnectionInOrder)
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

TEST_F(CmChecksTest, AnEventAfterTheTerminalOne)
{
    Tell(EventType::kRepReceived);
    Tell(EventType::kDreqReceived);
    Tell(EventType::kTimewaitExit);
    Tell(EventType::kDrepReceived);
    EXPECT_EQ(Found(), "callback: DREP_RECEIVED after TIMEWAIT_EXIT");
}

TEST_F(CmChecksTest, AnIdThatIsUsedAgainMayBeToldAgain)
{
    Tell(EventType::kReqError);
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    Tell(EventType::kRepReceived);
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CmChecksTest, AnEventOfTheLifeBeforeMayComeLate)
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

TEST_F(CmChecksTest, NothingIsToldOfALifeThatHasEnded)
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

TEST_F(CmChecksTest, NoLateEventAfterOneOfTheNewLife)
{
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    Tell(EventType::kRepReceived);
    ClientStep(S::kReqSent, I::kRej, S::kIdle);
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    Tell(EventType::kReqError); // only a REQ that has just been sent can fail
    Tell(EventType::kRejReceived);
    EXPECT_EQ(Found(), "callback: REJ_RECEIVED after REQ_ERROR");
}

TEST_F(CmChecksTest, AnEventAfterDestroy)
{
    Tell(EventType::kRepReceived);
    client.Destroyed(kClientId);
    Tell(EventType::kDreqReceived);
    EXPECT_EQ(Found(), "callback: DREQ_RECEIVED after destruction");
}

TEST_F(CmChecksTest, TwoHandlersOfOneIdAtOnce)
{
    client.EventBegins(kClientId, EventType::kRepReceived);
    client.EventBegins(kClientId, EventType::kDreqReceived);
    EXPECT_EQ(Found(), "callback: DREQ_RECEIVED during REP_RECEIVED");
}

TEST_F(CmChecksTest, HandlersOfTwoIdsAtOnce)
{
    client.EventBegins(kClientId, EventType::kRepReceived);
    client.EventBegins(kServerId, EventType::kReqReceived); // another id of that host
    server.EventBegins(kClientId, EventType::kReqReceived); // another host's
    client.EventEnds(kClientId, Disposition::kKeep);
    client.EventBegins(kClientId, EventType::kDreqReceived);
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CmChecksTest, AHandlerThatEndsItsIdHearsNoMore)
{
    Tell(EventType::kRejReceived, Disposition::kDestroy);
    Tell(EventType::kTimewaitExit);
    EXPECT_EQ(Found(), "callback: TIMEWAIT_EXIT after destruction");
}

// ---- messages

TEST_F(CmChecksTest, AnRtuBeforeTheRep)
{
    Ask();
    Send(client, server, FromClient<ibwire::CmRtu>());
    EXPECT_EQ(Found(), "illegal-message: RTU: no REP has come");
}

TEST_F(CmChecksTest, AnRtuForARepThatWasLost)
{
    Ask();
    Send(server, client, FromServer<ibwire::CmRep>(), true);
    Send(client, server, FromClient<ibwire::CmRtu>());
    EXPECT_EQ(Found(), "illegal-message: RTU: no REP has come");
}

TEST_F(CmChecksTest, TwoDifferentRepsToOneReq)
{
    for (const bool different : {false, true})
    {
        Ask();
        Send(server, client, FromServer<ibwire::CmRep>());
        auto rep = FromServer<ibwire::CmRep>();
        rep.startingPsn = different ? 7 : 0;
        Send(server, client, rep); // the same again is a repetition
        EXPECT_EQ(Found().value_or(""),
                  different ? "illegal-message: REP: another REP to the same REQ went before" : "");
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CmChecksTest, ARepWithoutAReq)
{
    Send(server, client, FromServer<ibwire::CmRep>());
    EXPECT_EQ(Found(), "illegal-message: REP: no REQ has come from that id");
}

TEST_F(CmChecksTest, AnotherReqUnderOneIdNeedsARefusal)
{
    for (const bool refused : {true, false})
    {
        Ask();
        if (refused)
        {
            ibwire::CmRej rej;
            rej.remoteCommId = kClient;
            rej.reason = ibwire::RejReason{24};
            Send(server, client, rej);
        }
        ibwire::CmReq req = Req();
        req.localQpn = 5;
        Send(client, server, req);
        EXPECT_EQ(Found().value_or(""),
                  refused ? "" : "illegal-message: REQ: another REQ under that id was not refused");
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CmChecksTest, AnIdThatIsUsedAgainMayAskAnew)
{
    Send(client, server, Req(), true);
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    Send(client, server, Req(), true);
    ClientStep(S::kReqSent, I::kReqTimeout, S::kIdle);
    ibwire::CmReq req = Req();
    req.localQpn = 5;
    Send(client, server, req, true);
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    EXPECT_EQ(Found(), std::nullopt);
    req.localQpn = 6;
    Send(client, server, req, true);
    EXPECT_EQ(Found(), "illegal-message: REQ: another REQ under that id was not refused");
}

TEST_F(CmChecksTest, ADrepWithoutADreq)
{
    Connect();
    Send(server, client, FromServer<ibwire::CmDrep>());
    EXPECT_EQ(Found(), "illegal-message: DREP: no DREQ has come");
}

TEST_F(CmChecksTest, AStatelessDrepAnswersADreq)
{
    Send(client, server, FromClient<ibwire::CmDreq>());
    Send(server, client, FromServer<ibwire::CmDrep>());
    // The DREQ itself is the client's mistake: it was never connected.
    EXPECT_EQ(Found(), "illegal-message: DREQ: the connection was never established");
}

TEST_F(CmChecksTest, ARejOfAnEstablishedConnection)
{
    for (const bool established : {true, false})
    {
        established ? Connect() : Ask();
        auto rej = FromServer<ibwire::CmRej>();
        rej.messageRejected = ibwire::MessageRejected{0};
        Send(server, client, rej);
        EXPECT_EQ(Found().value_or(""),
                  established ? "illegal-message: REJ: the connection is established" : "");
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CmChecksTest, ARejThatThePeerCannotTellTheReqBy)
{
    Ask();
    auto rej = FromServer<ibwire::CmRej>();
    rej.messageRejected = ibwire::MessageRejected{2}; // formatted after the state was reset
    Send(server, client, rej);
    EXPECT_EQ(Found(),
              "illegal-message: REJ: it must name the REQ, which is all that the peer knows of");
}

TEST_F(CmChecksTest, ARejByWhoeverAskedAndHasGivenUp)
{
    for (const bool asked : {true, false})
    {
        if (asked)
        {
            // A core sends before it changes the state.
            Send(client, server, Req());
        }
        ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
        ClientStep(S::kReqSent, I::kReqTimeout, S::kIdle);
        ibwire::CmRej rej;
        rej.localCommId = kClient;
        rej.messageRejected = ibwire::MessageRejected{2};
        rej.reason = ibwire::RejReason::kTimeout;
        Send(client, server, rej);
        EXPECT_EQ(Found().value_or(""),
                  asked ? ""
                        : "illegal-message: REJ: it must name the REQ, which is all that the peer "
                          "knows of");
        engine.Reset();
        checks.Clear();
    }
}

TEST_F(CmChecksTest, ARejOfAReqFromNoId)
{
    Ask();
    ibwire::CmRej rej;
    rej.remoteCommId = kClient;
    Send(server, client, rej);
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CmChecksTest, AnMraForWhatHasNotCome)
{
    Ask();
    auto mra = FromClient<ibwire::CmMra>();
    mra.messageMraed = ibwire::MessageMraed{1};
    Send(client, server, mra);
    EXPECT_EQ(Found(), "illegal-message: MRA: what it acknowledges has not come");
}

TEST_F(CmChecksTest, AnAprWithoutALap)
{
    Connect();
    Send(client, server, FromClient<ibwire::CmLap>());
    Send(server, client, FromServer<ibwire::CmApr>());
    EXPECT_EQ(Found(), std::nullopt);
    Send(client, server, FromClient<ibwire::CmApr>());
    EXPECT_EQ(Found(), "illegal-message: APR: no LAP has come");
}

TEST_F(CmChecksTest, ASidrRepEchoesTheService)
{
    for (const bool echoed : {true, false})
    {
        ibwire::CmSidrReq req;
        req.requestId = 9;
        req.serviceId = 0x1234;
        Send(client, server, req);
        ibwire::CmSidrRep rep;
        rep.requestId = 9;
        rep.serviceId = echoed ? 0x1234 : 0;
        Send(server, client, rep);
        EXPECT_EQ(Found().value_or(""),
                  echoed ? ""
                         : "illegal-message: SIDR_REP: nobody has asked for that service under "
                           "that request id");
        engine.Reset();
        checks.Clear();
    }
}

// ---- what is due

TEST_F(CmChecksTest, AnEventThatIsNeverTold)
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

TEST_F(CmChecksTest, AnotherEventDoesNotStandInForIt)
{
    Connect();
    tells = false;
    client.OnLapTransition(
        {kClientId, kClient, kServer, ibcm::LapState::kUninit, ibcm::LapState::kLapRcvd, I::kLap});
    Tell(EventType::kMraReceived);
    EXPECT_TRUE(checks.CheckEnds());
    EXPECT_EQ(Found(), "callback: LAP_RECEIVED is never told");
}

TEST_F(CmChecksTest, WhatDoesNotChangeAStateNeedNotBeTold)
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

TEST_F(CmChecksTest, ADestroyedIdIsToldNothing)
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

TEST_F(CmChecksTest, AnIdThatIsBeingDestroyedNeedNotBeTold)
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

TEST_F(CmChecksTest, AHostThatForgetsTellsNothing)
{
    tells = false;
    ClientStep(S::kIdle, I::kCallSendSidrReq, S::kSidrReqSent);
    ClientStep(S::kSidrReqSent, I::kSidrReqTimeout, S::kIdle);
    client.Restarted();
    EXPECT_FALSE(checks.CheckEnds());
    EXPECT_EQ(Found(), std::nullopt);
}

// ---- ends

TEST_F(CmChecksTest, AnIdThatStaysWhereATimeMustEndIt)
{
    Ask();
    EXPECT_TRUE(checks.CheckEnds());
    EXPECT_EQ(Found(), "liveness: REQ_SENT does not end");
}

TEST_F(CmChecksTest, BothEndsConnectedIsAnEnd)
{
    Connect();
    EXPECT_FALSE(checks.CheckEnds());
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CmChecksTest, APeerThatGoesWithoutAWordLeavesTheOtherHalfOpen)
{
    Connect();
    ServerStep(S::kEstablished, I::kCallDestroyXrcTarget, S::kIdle);
    EXPECT_TRUE(checks.CheckEnds());
    EXPECT_EQ(Found(), "liveness: half open: ESTABLISHED, the peer is gone without a word");
}

TEST_F(CmChecksTest, APeerWhoseLastWordWasLostIsExcused)
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

TEST_F(CmChecksTest, ARestartedPeerIsExcused)
{
    Connect();
    server.Restarted();
    EXPECT_FALSE(checks.CheckEnds());
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CmChecksTest, APeerWithoutAPortIsExcused)
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

TEST_F(CmChecksTest, APeerWhosePortIsBackHasToSpeak)
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

TEST_F(CmChecksTest, AnOperationHasItsTime)
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

TEST_F(CmChecksTest, AnOperationThatDoesNotEnd)
{
    client.Began("destroy", 1000);
    EXPECT_TRUE(checks.CheckEnds());
    EXPECT_EQ(Found(), "liveness: destroy does not end");
}

} // namespace
