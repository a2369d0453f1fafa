// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Messages that no Connection Manager may send, and their neighbours that one may.

#include "cm-checks-fixture.h"

namespace lab
{
namespace
{

using CheckMessagesTest = CmChecksFixture;

TEST_F(CheckMessagesTest, AnRtuBeforeTheRep)
{
    Ask();
    Send(client, server, FromClient<ibwire::CmRtu>());
    EXPECT_EQ(Found(), "illegal-message: RTU: no REP has come");
}

TEST_F(CheckMessagesTest, AnRtuForARepThatWasLost)
{
    Ask();
    Send(server, client, FromServer<ibwire::CmRep>(), true);
    Send(client, server, FromClient<ibwire::CmRtu>());
    EXPECT_EQ(Found(), "illegal-message: RTU: no REP has come");
}

TEST_F(CheckMessagesTest, TwoDifferentRepsToOneReq)
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

TEST_F(CheckMessagesTest, ARepWithoutAReq)
{
    Send(server, client, FromServer<ibwire::CmRep>());
    EXPECT_EQ(Found(), "illegal-message: REP: no REQ has come from that id");
}

TEST_F(CheckMessagesTest, AnotherReqUnderOneIdNeedsARefusal)
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

TEST_F(CheckMessagesTest, AnIdThatIsUsedAgainMayAskAnew)
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

TEST_F(CheckMessagesTest, ADrepWithoutADreq)
{
    Connect();
    Send(server, client, FromServer<ibwire::CmDrep>());
    EXPECT_EQ(Found(), "illegal-message: DREP: no DREQ has come");
}

TEST_F(CheckMessagesTest, AStatelessDrepAnswersADreq)
{
    Send(client, server, FromClient<ibwire::CmDreq>());
    Send(server, client, FromServer<ibwire::CmDrep>());
    // The DREQ itself is the client's mistake: it was never connected.
    EXPECT_EQ(Found(), "illegal-message: DREQ: the connection was never established");
}

TEST_F(CheckMessagesTest, ARejOfAnEstablishedConnection)
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

TEST_F(CheckMessagesTest, ARejThatThePeerCannotTellTheReqBy)
{
    Ask();
    auto rej = FromServer<ibwire::CmRej>();
    rej.messageRejected = ibwire::MessageRejected{2}; // formatted after the state was reset
    Send(server, client, rej);
    EXPECT_EQ(Found(),
              "illegal-message: REJ: it must name the REQ, which is all that the peer knows of");
}

TEST_F(CheckMessagesTest, ARejByWhoeverAskedAndHasGivenUp)
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

TEST_F(CheckMessagesTest, ARejOfAReqFromNoId)
{
    Ask();
    ibwire::CmRej rej;
    rej.remoteCommId = kClient;
    Send(server, client, rej);
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CheckMessagesTest, AnMraForWhatHasNotCome)
{
    Ask();
    auto mra = FromClient<ibwire::CmMra>();
    mra.messageMraed = ibwire::MessageMraed{1};
    Send(client, server, mra);
    EXPECT_EQ(Found(), "illegal-message: MRA: what it acknowledges has not come");
}

TEST_F(CheckMessagesTest, AnAprWithoutALap)
{
    Connect();
    Send(client, server, FromClient<ibwire::CmLap>());
    Send(server, client, FromServer<ibwire::CmApr>());
    EXPECT_EQ(Found(), std::nullopt);
    Send(client, server, FromClient<ibwire::CmApr>());
    EXPECT_EQ(Found(), "illegal-message: APR: no LAP has come");
}

TEST_F(CheckMessagesTest, ASidrRepEchoesTheService)
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

} // namespace
} // namespace lab
