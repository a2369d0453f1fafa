// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ports that go, or never came: what connections, LAPs and destroying make of it.
#include "moment.h"
#include "scenario-fixture.h"

#include <memory>
#include <string>

namespace ibcm::test
{
namespace
{

/** Two ports at each host: B1 and B2 are reached by A1 and A2. */
class FollowUpTwoPorts : public FollowUp
{
  protected:
    struct SecondPort
    {
        SecondPort(StepRuntime& runtime, LoopbackWire& wire, Host& host, std::uint16_t lid)
            : gid(ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0x4700U + lid)),
              end(wire.AddEnd({lid, {gid}})),
              port(std::make_unique<ReliablePort>(runtime, end, 2))
        {
            end.Attach(port.get());
            EXPECT_TRUE(host.cm.AddPort(2, *port));
        }

        const ibwire::Gid gid;
        LoopbackWire::End& end;
        std::unique_ptr<ReliablePort> port;
    };

    FollowUpTwoPorts()
        : m_a2(runtime, wire, *hostA, kLidA2),
          m_b2(runtime, wire, *hostB, kLidB2)
    {
    }

    /** The host's port is taken out of the machine. */
    void Remove(Host& host, SecondPort& second)
    {
        second.end.Attach(nullptr);
        EXPECT_TRUE(host.cm.RemovePort(2));
        second.port.reset();
    }

    Path SecondPath() const
    {
        Path path = PathToB();
        path.sgid = m_a2.gid;
        path.dgid = m_b2.gid;
        path.slid = kLidA2;
        path.dlid = kLidB2;
        return path;
    }

    void Propose()
    {
        LapParameters lap;
        lap.alternatePath = SecondPath();
        ASSERT_TRUE(hostA->cm.SendLap(a, lap));
        wire.DeliverAll();
        ASSERT_TRUE(hostB->cm.SendApr(b, {}));
        wire.DeliverAll();
    }

    SecondPort m_a2;
    SecondPort m_b2;
};

// Going over to the alternate path copied an address together with its links and references: lists
// broke, and the address was used after its device had gone. Here the paths of a connection hold no
// reference that could be copied: each port may go, and the ids are destroyed as ever.
TEST_F(FollowUpTwoPorts, AMigratedConnectionOutlivesItsPort)
{
    ReachA(State::kEstablished);
    Propose();
    EXPECT_EQ(hostA->consumer.TakeNames(), "APR_RECEIVED");
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    ASSERT_TRUE(hostB->cm.NotifyMigrated(b));
    EXPECT_EQ(hostA->cm.NotifyMigrated(a), tl::unexpected(CmError::kInvalidState))
        << "the path is in use; there is no other";
    Remove(*hostA, m_a2);
    EXPECT_EQ(hostA->cm.SendDreq(a), tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(StateA(), State::kTimewait);
    DestroyAtOnce(*hostA, a);
    sent.clear();
    DestroyAtOnce(*hostB, b);
    EXPECT_EQ(TakeSent(), "B>DREQ");
    Remove(*hostB, m_b2);
}

TEST_F(FollowUpTwoPorts, AnAlternatePathWhosePortHasGone)
{
    ReachA(State::kEstablished);
    Propose();
    Remove(*hostA, m_a2);
    // The QP says that it has gone over; the messages cannot follow.
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    DestroyAtOnce(*hostA, a);
    EXPECT_EQ(hostA->cm.LiveIds(), 0U);
}

TEST_F(FollowUpTwoPorts, APortGoesWhileALapIsOut)
{
    ReachA(State::kEstablished);
    LapParameters lap;
    lap.alternatePath = SecondPath();
    ASSERT_TRUE(hostA->cm.SendLap(a, lap));
    wire.DropAll();
    Remove(*hostA, m_a2);
    ibwire::CmApr apr;
    apr.localCommId = hostB->cm.CommIdOf(b).value();
    apr.remoteCommId = hostA->cm.CommIdOf(a).value();
    InjectToA(apr, sent.back().header.transactionId);
    EXPECT_EQ(hostA->consumer.TakeNames(), "APR_RECEIVED");
    ASSERT_TRUE(hostA->cm.NotifyMigrated(a));
    DestroyAtOnce(*hostA, a);
}

// A device was removed while an id was being destroyed, and its send was cancelled through what had
// gone (2026).
TEST_F(FollowUp, APortGoesInTheMidstOfDestroy)
{
    for (const State state : {State::kReqSent, State::kEstablished, State::kDreqSent})
    {
        unsigned moments = ForEachMoment(
            [&](unsigned nth)
            {
                ReachA(state);
                Moment moment(runtime);
                moment.AtAny(nth, [&] { EXPECT_TRUE(hostA->cm.RemovePort(1)); });
                DestroyA(a);
                const bool happened = moment.Withdraw();
                runtime.RunReady();
                const std::string names = hostA->consumer.TakeNames();
                EXPECT_TRUE(names.empty() || !happened ||
                            (state == State::kReqSent && names == "REQ_ERROR") ||
                            (state == State::kDreqSent && names == "DREQ_ERROR"))
                    << names << " at " << moment.Where();
                EXPECT_EQ(hostA->port.Outstanding(), 0U) << "at " << moment.Where();
                if (happened)
                {
                    EXPECT_TRUE(hostA->cm.AddPort(1, hostA->port));
                }
                Clear();
                return happened;
            });
        EXPECT_GE(moments, 5U);
    }
}

// A port that could not be registered left counters and references behind (2026, proposed).
TEST_F(FollowUp, APortThatIsRefusedLeavesNothing)
{
    const std::size_t living = life.Living();
    EXPECT_EQ(hostA->cm.AddPort(1, hostA->port), tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostA->cm.AddPort(0, hostA->port), tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostA->cm.RemovePort(3), tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostA->cm.Counters(3), tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(life.Living(), living);
    ListenB();
    a = Connect();
    Settle();
    EXPECT_EQ(hostB->consumer.TakeNames(), "REQ_RECEIVED") << "the port goes on as before";
}

// Each REQ that was accepted took one more reference to the device: it could never go (2026).
TEST_F(FollowUp, AThousandConnectionsDoNotHoldThePort)
{
    ListenB();
    for (std::uint32_t i = 0; i < 1000; ++i)
    {
        ReqParameters parameters = Req();
        parameters.localQpn = 0x1000 + i;
        Connect(parameters);
        wire.DeliverAll();
        if (i % 2 == 0)
        {
            DestroyB(Accepted());
        }
        else
        {
            RepParameters rep = Rep();
            rep.localQpn = 0x1000 + i;
            ASSERT_TRUE(hostB->cm.SendRep(Accepted(), rep));
        }
        wire.DeliverAll();
    }
    ASSERT_EQ(hostB->consumer.accepted.size(), 1000U);
    EXPECT_TRUE(hostB->cm.RemovePort(1));
    runtime.RunReady();
    for (const Handle id : hostB->consumer.accepted)
    {
        (void)hostB->cm.Destroy(id); // those that were not destroyed before
    }
    EXPECT_EQ(hostB->cm.LiveIds(), 1U) << "the listener alone";
    EXPECT_TRUE(hostB->cm.AddPort(1, hostB->port));
}

} // namespace
} // namespace ibcm::test
