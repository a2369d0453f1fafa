// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// S11, S12, S13a, S13b: a message in the midst of destroying its id.
#include "moment.h"
#include "scenario-fixture.h"

#include <string>

namespace ibcm::test
{
namespace
{

// S11. Destroying an established XRC target let go of the lock while its state was still
// ESTABLISHED: a DREQ came in, was told to a dying consumer and used a record that was freed. Here
// a DREQ is either told before destroying has looked at the state, or answered for nobody.
TEST_F(SeedScenarioEnds, S11ADreqThatMeetsTheEndOfAnXrcTarget)
{
    listener = ListenB();
    unsigned told = 0;
    unsigned unknown = 0;
    ForEachMoment(
        [&](unsigned nth)
        {
            ReqParameters parameters = Req();
            parameters.qpType = QpType::kXrcInitiator;
            a = Connect(parameters);
            Settle();
            b = Accepted();
            EXPECT_TRUE(hostB->cm.SendRep(b, Rep()));
            Settle();
            EXPECT_TRUE(hostA->cm.SendRtu(a));
            Settle();
            ibwire::CmDreq dreq;
            dreq.localCommId = hostA->cm.CommIdOf(a).value();
            dreq.remoteCommId = hostB->cm.CommIdOf(b).value();
            dreq.remoteQpn = kQpnB;
            ForgetRecords();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { InjectToB(dreq); });
            DestroyB(b);
            const bool happened = moment.Withdraw();
            const std::string names = hostB->consumer.TakeNames();
            EXPECT_TRUE(names == "DREQ_RECEIVED" || names.empty()) << names;
            EXPECT_EQ(TakeSent(), happened ? "B>DREP" : "") << "at " << moment.Where();
            told += names.empty() ? 0 : 1;
            unknown += happened && names.empty() ? 1 : 0;
            InjectToB(dreq);
            EXPECT_EQ(hostB->consumer.TakeNames(), "") << "an event after destroy";
            Clear();
            return happened;
        });
    EXPECT_GE(told, 3U);
    EXPECT_GE(unknown, 1U);
}

// S12a. In DREQ_RCVD destroy let go of the lock before it sent the DREP: a DREP that came in
// between was told to a dying consumer, and the peer's DREQ remained without an answer. Here the
// DREP of this side goes out exactly once, unless the peer's was told before destroying began.
TEST_F(SeedScenarioEnds, S12aADrepThatMeetsDestroyAfterCrossedDreqs)
{
    unsigned told = 0;
    unsigned silent = 0;
    ForEachMoment(
        [&](unsigned nth)
        {
            ReachA(State::kEstablished);
            EXPECT_TRUE(hostA->cm.SendDreq(a));
            EXPECT_TRUE(hostB->cm.SendDreq(b));
            Settle();
            EXPECT_EQ(StateA(), State::kDreqRcvd);
            EXPECT_EQ(StateB(), State::kDreqRcvd);
            EXPECT_TRUE(hostB->cm.SendDrep(b));
            ForgetRecords();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { wire.Deliver(); });
            DestroyA(a);
            const bool happened = moment.Withdraw();
            const bool heard = hostA->consumer.TakeNames() == "DREP_RECEIVED";
            EXPECT_EQ(TakeSent(), heard ? "" : "A>DREP") << "at " << moment.Where();
            told += heard ? 1 : 0;
            silent += happened && !heard ? 1 : 0;
            wire.DropAll();
            EXPECT_EQ(StateB(), State::kTimewait);
            Clear();
            return happened;
        });
    EXPECT_GE(told, 3U);
    EXPECT_GE(silent, 1U);
}

// S12b. The private data of a DREP that was refused for its length had been copied, and the copy
// was never freed. A refused call changes nothing; that nothing leaks, AddressSanitizer sees.
TEST_F(SeedScenarioEnds, S12bADrepThatIsTooLongChangesNothing)
{
    ReachB(State::kDreqRcvd);
    for (unsigned i = 225; i <= 255; ++i)
    {
        EXPECT_EQ(hostB->cm.SendDrep(b, Bytes(i)), tl::unexpected(CmError::kPrivateDataLength));
    }
    EXPECT_EQ(StateB(), State::kDreqRcvd);
    EXPECT_EQ(TakeSent(), "");
    ASSERT_TRUE(hostB->cm.SendDrep(b, Bytes(224)));
    EXPECT_TRUE(Holds(LastSent<ibwire::CmDrep>().privateData, Bytes(224)));
}

// S13a. Between looking at REQ_SENT and sending its REJ destroy had no lock: a REP came in, the
// consumer sent an RTU, the REJ was refused, and the peer kept half a connection. Here the last
// word is a REJ or a DREQ, and the peer does not stay connected.
TEST_F(SeedScenarioEnds, S13aARepThatMeetsDestroyInReqSent)
{
    for (const bool completes : {true, false})
    {
        unsigned told = 0;
        unsigned linked = 0;
        ForEachMoment(
            [&](unsigned nth)
            {
                ReachRepUnderWay();
                bool connected = false;
                hostA->consumer.react = [&](ConnectionManager& manager, Handle id, const Event&)
                {
                    // Refused once destroy has claimed the id: then it is not connected.
                    connected = completes && manager.SendRtu(id);
                    return Disposition::kKeep;
                };
                Moment moment(runtime);
                moment.AtAny(nth, [&] { wire.Deliver(); });
                DestroyA(a);
                const bool happened = moment.Withdraw();
                const bool heard = hostA->consumer.TakeNames() == "REP_RECEIVED";
                EXPECT_EQ(LastWord(0), connected ? "DREQ" : "REJ") << moment.Where();
                RunToRest();
                EXPECT_EQ(hostA->consumer.TakeNames(), "") << "an event after destroy";
                EXPECT_TRUE(StateB() == State::kIdle || StateB() == State::kTimewait)
                    << ToString(StateB()) << " after " << moment.Where();
                told += heard ? 1 : 0;
                linked += connected ? 1 : 0;
                Clear();
                return happened;
            });
        EXPECT_GE(told, 3U);
        EXPECT_EQ(linked >= 2, completes);
    }
}

// S13b. The same on the other side: an RTU came while destroy was about to reject in REP_SENT.
TEST_F(SeedScenarioEnds, S13bAnRtuThatMeetsDestroyInRepSent)
{
    unsigned told = 0;
    ForEachMoment(
        [&](unsigned nth)
        {
            ReachRepUnderWay();
            wire.Deliver();
            EXPECT_TRUE(hostA->cm.SendRtu(a));
            ForgetRecords();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { wire.Deliver(); });
            DestroyB(b);
            const bool happened = moment.Withdraw();
            const bool heard = hostB->consumer.TakeNames() == "RTU_RECEIVED";
            EXPECT_EQ(LastWord(1), heard ? "DREQ" : "REJ") << moment.Where();
            EXPECT_EQ(sent.size(), 1U);
            RunToRest();
            EXPECT_EQ(hostB->consumer.TakeNames(), "") << "an event after destroy";
            EXPECT_TRUE(StateA() == State::kIdle || StateA() == State::kTimewait)
                << ToString(StateA()) << " after " << moment.Where();
            told += heard ? 1 : 0;
            Clear();
            return happened;
        });
    EXPECT_GE(told, 3U);
}

} // namespace
} // namespace ibcm::test
