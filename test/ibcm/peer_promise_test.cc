// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Limits::maxPeers holds for the active side, too: each REQ that is out has a place kept for its
// peer, which comes back however the REQ ends. And a port that comes back is not counted twice.
#include "pair.h"

#include <numeric>

namespace ibcm::test
{
namespace
{

Options TwoPeers()
{
    Options options;
    options.limits.maxPeers = 2;
    return options;
}

class PeerPromise : public Pair
{
  protected:
    PeerPromise()
        : Pair(TwoPeers())
    {
    }

    Status Ask(Handle id, std::uint32_t qpn)
    {
        ReqParameters req = Req();
        req.localQpn = qpn;
        return hostA->cm.SendReq(id, req);
    }

    /** Two REQs go out and a third one is refused. */
    void FillUp()
    {
        for (std::uint32_t qpn = 1; qpn <= 2; ++qpn)
        {
            out.push_back(CreateA());
            ASSERT_TRUE(Ask(out.back(), qpn));
        }
        third = CreateA();
        EXPECT_EQ(Ask(third, 3).error(), CmError::kNoResources);
        EXPECT_EQ(hostA->cm.StateOf(third), State::kIdle);
    }

    std::vector<Handle> out;
    Handle third{Handle::kNone};
};

TEST_F(PeerPromise, RepliesToAllRequestsStayWithinTheLimit)
{
    ListenB();
    FillUp();
    Settle();
    for (const Handle id : hostB->consumer.accepted)
    {
        RepParameters rep = Rep();
        rep.localQpn = 0x100 | (static_cast<std::uint32_t>(id) & 0xff);
        ASSERT_TRUE(hostB->cm.SendRep(id, rep));
    }
    Settle();
    EXPECT_EQ(hostA->cm.PeerRecords(), 2U);
    EXPECT_EQ(Ask(third, 3).error(), CmError::kNoResources);
}

TEST_F(PeerPromise, APlaceComesBackWhenTheRequestIsDestroyed)
{
    FillUp();
    DestroyA(out[0]);
    EXPECT_TRUE(Ask(third, 3));
}

TEST_F(PeerPromise, APlaceComesBackWhenTheRequestIsRejected)
{
    FillUp();
    Settle(); // nobody listens
    EXPECT_EQ(hostA->cm.StateOf(out[0]), State::kIdle);
    EXPECT_TRUE(Ask(third, 3));
    EXPECT_TRUE(Ask(out[0], 1));
}

TEST_F(PeerPromise, APlaceIsNotTakenByARequestThatCannotBeSent)
{
    hostA->end.SetDown(true);
    const Handle id = CreateA();
    for (unsigned i = 0; i < 3; ++i)
    {
        EXPECT_EQ(Ask(id, 1).error(), CmError::kSendFailed);
    }
    hostA->end.SetDown(false);
    FillUp();
}

TEST_F(PeerPromise, AStaleRequestAgesInItsPlace)
{
    FillUp();
    ibwire::CmRej rej;
    rej.localCommId = 0x4711;
    rej.remoteCommId = hostA->cm.CommIdOf(out[0]).value();
    rej.reason = ibwire::RejReason::kStaleConnection;
    InjectToA(rej, history.front().header.transactionId);
    EXPECT_EQ(hostA->cm.StateOf(out[0]), State::kTimewait);
    EXPECT_EQ(Ask(third, 3).error(), CmError::kNoResources);
    ASSERT_TRUE(hostA->cm.Destroy(out[1]));
    EXPECT_TRUE(Ask(third, 3));
}

class ReturningPort : public Pair
{
};

TEST_F(ReturningPort, RetriesAreCountedOnce)
{
    const auto retried = [&]
    {
        const PerMessage counts = hostA->cm.Counters().retried;
        return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
    };
    Connect();
    runtime.RunUntilIdle();
    EXPECT_EQ(retried(), kRetries);
    for (unsigned i = 0; i < 2; ++i)
    {
        ASSERT_TRUE(hostA->cm.RemovePort(1));
        EXPECT_EQ(retried(), kRetries);
        ASSERT_TRUE(hostA->cm.AddPort(1, hostA->port));
        EXPECT_EQ(retried(), kRetries);
    }
}

} // namespace
} // namespace ibcm::test
