// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// S13c: what a REJ names, and the REJ that meets another.
#include "moment.h"
#include "scenario-fixture.h"

#include <ostream>
#include <string>
#include <vector>

namespace ibcm::test
{
namespace
{

using ibwire::CmRej;
using ibwire::MessageRejected;
using ibwire::RejReason;

// S13c. The REJ of a REQ that was received looked at the state after it had been reset: it named a
// message and an id that the peer could not know, was dropped, and the REQ was retried to the end.
// Each state's REJ is as the table has it, and the peer hears of it in one trip.
struct RejCase
{
    State state;
    bool active;
    MessageRejected message;
    bool namesOwnId;
};

void PrintTo(const RejCase& one, std::ostream* out)
{
    *out << ToString(one.state);
}

class SeedScenarioRej : public SeedScenarioEnds, public ::testing::WithParamInterface<RejCase>
{
  protected:
    void Reach(State state)
    {
        MraParameters mra;
        mra.serviceTimeout = 20;
        ReachA(State::kReqSent);
        if (state == State::kMraReqSent || state == State::kMraReqRcvd)
        {
            ASSERT_TRUE(hostB->cm.SendMra(b, mra));
        }
        if (state == State::kRepSent)
        {
            ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
            wire.DropAll();
        }
        if (state == State::kRepRcvd || state == State::kMraRepSent || state == State::kMraRepRcvd)
        {
            ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
            Settle();
        }
        if (state == State::kMraRepSent || state == State::kMraRepRcvd)
        {
            ASSERT_TRUE(hostA->cm.SendMra(a, mra));
        }
        Settle();
        ForgetRecords();
        ASSERT_EQ(GetParam().active ? StateA() : StateB(), state);
    }

    void Check(const CmRej& rej, RejReason reason)
    {
        const RejCase& one = GetParam();
        const std::uint32_t ownA = m_idA;
        const std::uint32_t ownB = m_idB;
        const bool asking = one.state == State::kReqSent || one.state == State::kMraReqRcvd;
        EXPECT_EQ(rej.reason, reason);
        EXPECT_EQ(rej.messageRejected, one.message);
        EXPECT_EQ(rej.localCommId, !one.namesOwnId ? 0 : one.active ? ownA : ownB);
        EXPECT_EQ(rej.remoteCommId, asking ? 0 : one.active ? ownB : ownA);
        const Instant before = runtime.Now();
        Settle();
        EXPECT_EQ(runtime.Now(), before);
        Recorder& peer = one.active ? hostB->consumer : hostA->consumer;
        EXPECT_EQ(peer.TakeNames(), "REJ_RECEIVED");
        EXPECT_EQ((one.active ? hostB : hostA)->port.Outstanding(), 0U) << "it goes on asking";
    }

    void Remember()
    {
        m_idA = hostA->cm.CommIdOf(a).value();
        m_idB = hostB->cm.CommIdOf(b).value();
    }

  private:
    std::uint32_t m_idA{0};
    std::uint32_t m_idB{0};
};

TEST_P(SeedScenarioRej, S13cNamesWhatTheStateBeforeItWas)
{
    Reach(GetParam().state);
    Remember();
    Host& host = GetParam().active ? *hostA : *hostB;
    // With the GUID, so that a peer that knows no number finds the connection.
    std::vector<std::uint8_t> info;
    for (unsigned i = 0; i < 8; ++i)
    {
        info.push_back(static_cast<std::uint8_t>(kGuidA >> (56 - 8 * i)));
    }
    const bool asking = GetParam().active && (GetParam().state == State::kReqSent ||
                                              GetParam().state == State::kMraReqRcvd);
    const RejReason reason = asking ? RejReason::kTimeout : RejReason::kConsumer;
    ASSERT_TRUE(host.cm.SendRej(GetParam().active ? a : b, reason, info));
    ASSERT_EQ(sent.size(), 1U);
    Check(LastSent<CmRej>(), reason);
}

TEST_P(SeedScenarioRej, S13cDestroyNamesTheSame)
{
    Reach(GetParam().state);
    Remember();
    const bool asking =
        GetParam().state == State::kReqSent || GetParam().state == State::kMraReqRcvd;
    GetParam().active ? DestroyA(a) : DestroyB(b);
    ASSERT_EQ(sent.size(), 1U);
    Check(LastSent<CmRej>(), asking ? RejReason::kTimeout : RejReason::kConsumer);
}

INSTANTIATE_TEST_SUITE_P(
    States,
    SeedScenarioRej,
    ::testing::Values(RejCase{State::kReqRcvd, false, MessageRejected::kReq, false},
                      RejCase{State::kMraReqSent, false, MessageRejected::kReq, true},
                      RejCase{State::kRepSent, false, MessageRejected::kOther, true},
                      RejCase{State::kMraRepRcvd, false, MessageRejected::kOther, true},
                      RejCase{State::kRepRcvd, true, MessageRejected::kRep, true},
                      RejCase{State::kMraRepSent, true, MessageRejected::kRep, true},
                      RejCase{State::kReqSent, true, MessageRejected::kOther, true},
                      RejCase{State::kMraReqRcvd, true, MessageRejected::kOther, true}),
    [](const auto& info) { return std::string(ToString(info.param.state)); });

// A REJ of the peer in the same gap (13c of the interleavings): never a second word, never an event
// after destroy.
TEST_F(SeedScenarioEnds, S13cARejThatMeetsDestroyInReqRcvd)
{
    listener = ListenB();
    ForEachMoment(
        [&](unsigned nth)
        {
            ReachB(State::kReqRcvd);
            const std::uint32_t number = hostA->cm.CommIdOf(a).value();
            CmRej rej;
            rej.localCommId = number;
            rej.remoteCommId = hostB->cm.CommIdOf(b).value();
            rej.messageRejected = MessageRejected::kOther;
            rej.reason = RejReason::kConsumer;
            Moment moment(runtime);
            moment.AtAny(nth, [&] { InjectToB(rej); });
            DestroyB(b);
            const bool happened = moment.Withdraw();
            const bool heard = hostB->consumer.TakeNames() == "REJ_RECEIVED";
            EXPECT_EQ(TakeSent(), heard ? "" : "B>REJ") << "at " << moment.Where();
            EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
            Clear();
            return happened;
        });
}

} // namespace
} // namespace ibcm::test
