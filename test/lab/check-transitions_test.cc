// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// Steps from state to state: what breaks the protocol, and what comes close and does not.

#include "cm-checks-fixture.h"

namespace lab
{
namespace
{

using CheckTransitionsTest = CmChecksFixture;

TEST_F(CheckTransitionsTest, AConnectionAndItsEndAreLegal)
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

TEST_F(CheckTransitionsTest, AStepThatTheProtocolDoesNotHave)
{
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    ClientStep(S::kReqSent, I::kRep, S::kEstablished);
    EXPECT_EQ(Found(), "transition: REQ_SENT to ESTABLISHED by REP");
}

TEST_F(CheckTransitionsTest, AStateThatChangedBehindTheTrace)
{
    ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
    ClientStep(S::kRepRcvd, I::kCallSendRtu, S::kEstablished);
    EXPECT_EQ(Found(), "transition: REP_RCVD to ESTABLISHED by send RTU, left in REQ_SENT");
}

TEST_F(CheckTransitionsTest, ASharedListenerGoesWithItsLastUser)
{
    ServerStep(S::kIdle, I::kCallListen, S::kListen);
    server.Destroyed(kServerId); // by the first of two
    ServerStep(S::kListen, I::kCallDestroy, S::kIdle);
    server.Destroyed(kServerId);
    EXPECT_EQ(Found(), std::nullopt);
}

TEST_F(CheckTransitionsTest, AListenerThatIsGoneIsForgotten)
{
    ServerStep(S::kIdle, I::kCallListen, S::kListen);
    ServerStep(S::kListen, I::kCallDestroy, S::kIdle);
    server.Destroyed(kServerId);
    ServerStep(S::kListen, I::kCallDestroy, S::kIdle);
    EXPECT_EQ(Found(), "transition: LISTEN to IDLE by destroy, left in IDLE");
}

TEST_F(CheckTransitionsTest, TheCoresTablesKeepToTheProtocol)
{
    unsigned rows = 0;
    for (const ibcm::Transition& row : ibcm::Transitions())
    {
        rows += row.from != row.to ? 1 : 0;
        EXPECT_TRUE(row.from == row.to || TransitionCheck::Allowed(row.from, row.input, row.to))
            << ToString(row.from) << " " << ToString(row.input) << " " << ToString(row.to);
    }
    EXPECT_GT(rows, 60U);
    for (const auto& exception : ibcm::LinuxTransitions())
    {
        const ibcm::Transition& row = exception.row;
        EXPECT_TRUE(row.from == row.to || TransitionCheck::Allowed(row.from, row.input, row.to))
            << ToString(row.from) << " " << ToString(row.input) << " " << ToString(row.to);
    }
}

TEST_F(CheckTransitionsTest, FewOfAllThinkableStepsAreAllowed)
{
    unsigned allowed = 0;
    for (unsigned from = 0; from < ibcm::kStateCount; ++from)
    {
        for (unsigned input = 0; input < ibcm::kInputCount; ++input)
        {
            for (unsigned to = 0; to < ibcm::kStateCount; ++to)
            {
                allowed += TransitionCheck::Allowed(
                               static_cast<S>(from), static_cast<I>(input), static_cast<S>(to))
                               ? 1
                               : 0;
            }
        }
    }
    EXPECT_LT(allowed, 110U); // of about 10,000
}

} // namespace
} // namespace lab
