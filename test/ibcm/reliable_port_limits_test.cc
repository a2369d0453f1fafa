// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Requests that may not wait, and those whose turn comes when the wire is down.
#include "reliable_port_fixture.h"

#include <vector>

namespace ibcm::test
{
namespace
{

using ibwire::CmAttribute;
using std::chrono::milliseconds;
using Tags = std::vector<std::uint8_t>;

TEST_F(Windowed, OnlySoManyMayWait)
{
    options.maxWaiting = 3;
    Use(options);
    std::vector<SendToken> tokens;
    for (std::uint8_t tag = 1; tag <= 5; ++tag)
    {
        tokens.push_back(Request(tag));
    }
    EXPECT_EQ(TrySend(CmAttribute::kReq, 6), tl::unexpected(CmError::kNoResources));
    EXPECT_EQ(port->Outstanding(), 5U);
    EXPECT_TRUE(TrySend(CmAttribute::kRep, 7)) << "a reply does not wait";
    address.dlid = 3;
    EXPECT_TRUE(TrySend(CmAttribute::kReq, 8)) << "nor does the first request to another";
    address.dlid = 2;
    ASSERT_TRUE(port->Cancel(tokens[4]));
    EXPECT_TRUE(TrySend(CmAttribute::kReq, 9));
    EXPECT_EQ(port->Waiting(), 3U);
    EXPECT_EQ(TrySend(CmAttribute::kReq, 6), tl::unexpected(CmError::kNoResources));
}

TEST_F(Windowed, ADeadDestinationLeavesRoomToWaitForOthers)
{
    options.maxWaiting = 4;
    options.maxWaitingAtOneDestination = 3;
    Use(options);
    for (std::uint8_t tag = 1; tag <= 5; ++tag)
    {
        Request(tag);
    }
    EXPECT_EQ(TrySend(CmAttribute::kReq, 6), tl::unexpected(CmError::kNoResources));
    address.dlid = 3;
    for (std::uint8_t tag = 11; tag <= 13; ++tag)
    {
        Request(tag);
    }
    EXPECT_EQ(port->Waiting(), 4U);
    EXPECT_EQ(TrySend(CmAttribute::kReq, 14), tl::unexpected(CmError::kNoResources));
}

TEST_F(Windowed, OnlySoManyMayBeUnderWay)
{
    options.maxPending = 3;
    Use(options);
    const SendToken token = TrySend(CmAttribute::kRep, 1).value();
    Request(2);
    Request(3);
    for (const CmAttribute attribute : {CmAttribute::kReq, CmAttribute::kRep})
    {
        EXPECT_EQ(TrySend(attribute, 4), tl::unexpected(CmError::kNoResources));
    }
    EXPECT_TRUE(port->Send(Mad(CmAttribute::kRtu, 5), address, Duration{0}, 0, 0));
    ASSERT_TRUE(port->Cancel(token));
    EXPECT_TRUE(TrySend(CmAttribute::kRep, 6));
    EXPECT_EQ(tags, (Tags{1, 2, 3, 5, 6}));
}

TEST_F(Windowed, OneWhoseTurnTheWireRefusesIsReportedAndTheNextHasItsTurn)
{
    const SendToken first = Request(1);
    Request(2);
    const SendToken third = Request(3);
    Request(4);
    end.SetDown(true);
    ASSERT_TRUE(port->Cancel(first));
    EXPECT_TRUE(done.empty()) << "the sink was called out of Cancel";
    EXPECT_FALSE(port->Modify(third, kWait)) << "it has as good as ended";
    EXPECT_FALSE(port->Resend(third));
    end.SetDown(false);
    runtime.RunReady();
    runtime.Advance(Duration{0});
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].token, third);
    EXPECT_EQ(done[0].status, SendStatus::kFailed);
    EXPECT_EQ(done[0].when, milliseconds(0));
    EXPECT_EQ(tags, (Tags{1, 2, 4}));
}

TEST_F(Windowed, OneWhoseTurnTheWireRefusedCanStillBeCancelled)
{
    const SendToken first = Request(1);
    Request(2);
    const SendToken third = Request(3);
    end.SetDown(true);
    ASSERT_TRUE(port->Cancel(first));
    EXPECT_TRUE(port->Cancel(third));
    runtime.RunUntilIdle();
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].context, 2U);
}

TEST_F(Windowed, ADeadWireFailsAllThatWait)
{
    for (unsigned i = 0; i < 300; ++i)
    {
        Request(0);
    }
    end.SetDown(true);
    runtime.RunUntilIdle();
    EXPECT_EQ(done.size(), 300U);
    EXPECT_EQ(tags.size(), 2U);
    EXPECT_EQ(port->Outstanding(), 0U);
    EXPECT_EQ(runtime.Now(), kWait);
}

TEST_F(Windowed, ARefusedFirstRequestLeavesNoTrace)
{
    end.SetDown(true);
    EXPECT_EQ(TrySend(CmAttribute::kReq, 1), tl::unexpected(CmError::kSendFailed));
    end.SetDown(false);
    Request(2);
    Request(3);
    EXPECT_EQ(tags, (Tags{2, 3}));
    EXPECT_EQ(port->Outstanding(), 2U);
}

} // namespace
} // namespace ibcm::test
