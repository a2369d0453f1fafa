// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fabric-fixture.h"
#include "ib-fabric/model/ib-mad-service.h"
#include "ib-fabric/model/packet-builder.h"
#include "ib-wire/model/crc.h"

#include <vector>

namespace ns3
{
namespace
{

using ibwire::PortPhysState;
using ibwire::PortState;

/** Two hosts, the subnet up, and a look at what passes. */
class PortTest : public FabricTest
{
  protected:
    void SetUp() override
    {
        helper.SetLinkAttribute("Delay", TimeValue(NanoSeconds(50)));
        helper.SetHcaAttribute("ReceiveLatency", TimeValue(NanoSeconds(0)));
        Build("back-to-back:rate=4xEDR");
        BringUp("host-0");
        a = &Port("host-0");
        b = &Port("host-1");
        begin = Simulator::Now().GetNanoSeconds();
        b->TraceConnectWithoutContext("Receive",
                                      Callback<void, Ptr<const IbPacket>>(
                                          [this](Ptr<const IbPacket> packet)
                                          {
                                              arrivals.push_back(Simulator::Now().GetNanoSeconds() -
                                                                 begin);
                                              psns.push_back(packet->GetPsn());
                                          }));
        for (IbPort* port : {a, b})
        {
            port->TraceConnectWithoutContext("Drop",
                                             Callback<void, Ptr<const IbPacket>, IbDropReason>(
                                                 [this](Ptr<const IbPacket>, IbDropReason reason)
                                                 { drops.push_back(reason); }));
        }
    }

    Ptr<IbPacket> MakePacket(std::uint32_t psn, std::size_t payload, std::uint8_t sl = 0)
    {
        IbPacketHeaders headers;
        headers.slid = a->GetLid();
        headers.dlid = b->GetLid();
        headers.sl = sl;
        headers.vl = sl;
        headers.bth.opCode = ibwire::OpCode::kUdSendOnly;
        headers.bth.pkey = 0xffff;
        headers.bth.destQp = 99;
        headers.bth.psn = psn;
        headers.deth.emplace();
        return BuildPacket(headers, std::vector<std::uint8_t>(payload, 0x5a));
    }

    /** A packet on VL 15 that no agent answers: a response nobody waits for. */
    Ptr<IbPacket> MakeSmp()
    {
        Ptr<IbPacket> packet = MakePacket(15, 256, 15);
        return packet;
    }

    IbPort* a{nullptr};
    IbPort* b{nullptr};
    std::int64_t begin{0};
    std::vector<std::int64_t> arrivals;
    std::vector<std::uint32_t> psns;
    std::vector<IbDropReason> drops;
};

TEST_F(PortTest, TakesSerialisationAndPropagationTime)
{
    // 28 bytes of headers, 966 of payload and 2 of pad, 6 of CRCs: 1002 bytes at 100 Gb/s.
    a->Transmit(MakePacket(1, 966));
    Simulator::Run();
    ASSERT_EQ(arrivals.size(), 1U);
    EXPECT_EQ(arrivals[0], 50 + 81); // 80.16 ns, rounded up
}

TEST_F(PortTest, KeepsABusyCableBusy)
{
    constexpr std::uint32_t kPackets = 1000;
    for (std::uint32_t i = 0; i < kPackets; ++i)
    {
        a->Transmit(MakePacket(i, 966));
    }
    Simulator::Run();
    ASSERT_EQ(arrivals.size(), kPackets);
    // No fraction of a nanosecond is lost between packets: 1000 * 80.16 ns.
    EXPECT_EQ(arrivals.back(), 50 + 80160);
    for (std::uint32_t i = 0; i < kPackets; ++i)
    {
        EXPECT_EQ(psns[i], i);
    }
    EXPECT_GT(a->GetCounters().xmitWaitPs, 0U);
}

TEST_F(PortTest, ServesVl15FirstAndDataVlsInTurn)
{
    a->Transmit(MakePacket(0, 1000));
    for (std::uint32_t i = 1; i <= 2; ++i)
    {
        a->Transmit(MakePacket(i, 64, 0));
        a->Transmit(MakePacket(10 + i, 64, 1));
    }
    a->Transmit(MakeSmp());
    EXPECT_EQ(a->GetQueueLength(), 5U);
    Simulator::Run();
    EXPECT_EQ(psns, (std::vector<std::uint32_t>{0, 15, 1, 11, 2, 12}));
}

TEST_F(PortTest, CountsWhatPasses)
{
    const IbPortCounters before = a->GetCounters();
    const std::uint64_t received = b->GetCounters().rcvBytes;
    a->Transmit(MakePacket(1, 966));
    Simulator::Run();
    EXPECT_EQ(a->GetCounters().xmitPackets, before.xmitPackets + 1);
    EXPECT_EQ(a->GetCounters().xmitBytes, before.xmitBytes + 1000);
    EXPECT_EQ(b->GetCounters().rcvBytes, received + 1000);
}

TEST_F(PortTest, HonoursItsState)
{
    ASSERT_TRUE(a->SetState(PortState::kDown)); // retrains at once
    EXPECT_EQ(a->GetState(), PortState::kInit);
    EXPECT_EQ(b->GetState(), PortState::kInit);
    EXPECT_FALSE(a->SetState(PortState::kActive));
    a->Transmit(MakePacket(1, 64));
    a->Transmit(MakeSmp());
    Simulator::Run();
    // b drops the SMP later, as malformed: its QP number is that of no SMP.
    EXPECT_EQ(psns, std::vector<std::uint32_t>{15});
    EXPECT_EQ(drops.at(0), IbDropReason::kPortNotActive);

    ASSERT_TRUE(a->SetState(PortState::kArmed));
    ASSERT_TRUE(a->SetState(PortState::kActive));
    a->Transmit(MakePacket(2, 64));
    Simulator::Run();
    EXPECT_EQ(drops.back(), IbDropReason::kPortNotActive); // b is still in Init
    EXPECT_EQ(b->GetCounters().rcvConstraintErrors, 1U);
}

TEST_F(PortTest, GoesDownWithItsCable)
{
    Ptr<IbLink> link = a->GetLink();
    a->Transmit(MakePacket(1, 64));
    a->Transmit(MakePacket(2, 64));
    link->Disconnect();
    EXPECT_EQ(a->GetState(), PortState::kDown);
    EXPECT_EQ(a->GetInfo().portPhysicalState, PortPhysState::kPolling);
    Simulator::Run();
    EXPECT_TRUE(psns.empty());
    EXPECT_EQ(drops, (std::vector{IbDropReason::kLinkDown, IbDropReason::kLinkDown}));
    a->Transmit(MakePacket(3, 64));
    EXPECT_EQ(drops.back(), IbDropReason::kLinkDown);
    link->Connect(Ptr<IbPort>(a), Ptr<IbPort>(b), link->GetRate());
    EXPECT_EQ(b->GetState(), PortState::kInit);
}

TEST_F(PortTest, CanBeDisabledAtEitherEnd)
{
    ASSERT_TRUE(b->SetPhysicalState(PortPhysState::kDisabled));
    EXPECT_EQ(a->GetInfo().portPhysicalState, PortPhysState::kPolling);
    EXPECT_EQ(b->GetInfo().portPhysicalState, PortPhysState::kDisabled);
    EXPECT_FALSE(a->IsLinkUp());
    ASSERT_TRUE(b->SetPhysicalState(PortPhysState::kPolling));
    EXPECT_EQ(a->GetState(), PortState::kInit);
    EXPECT_EQ(b->GetState(), PortState::kInit);
    EXPECT_FALSE(b->SetPhysicalState(PortPhysState::kLinkUp));
}

/** Does what it is told to the first packet, nothing to others. */
class OneFate : public IbFaultModel
{
  public:
    IbFate OnTransmit(const IbPort&, const IbPacket&) override
    {
        return std::exchange(fate, IbFate{});
    }

    IbFate fate;
};

class FaultTest : public PortTest
{
  protected:
    void SendTwo(IbFate fate)
    {
        Ptr<OneFate> model = CreateObject<OneFate>();
        model->fate = fate;
        a->SetFaultModel(model);
        a->Transmit(MakePacket(1, 100));
        a->Transmit(MakePacket(2, 100));
        Simulator::Run();
    }
};

TEST_F(FaultTest, Drop)
{
    SendTwo({IbFate::Kind::kDrop, Time(0), 0});
    EXPECT_EQ(psns, std::vector<std::uint32_t>{2});
    EXPECT_EQ(drops.at(0), IbDropReason::kFault);
}

TEST_F(FaultTest, Duplicate)
{
    SendTwo({IbFate::Kind::kDuplicate, MicroSeconds(3), 0});
    EXPECT_EQ(psns, (std::vector<std::uint32_t>{1, 2, 1}));
    EXPECT_EQ(arrivals[2], arrivals[0] + 3000);
}

TEST_F(FaultTest, Delay)
{
    SendTwo({IbFate::Kind::kDelay, MicroSeconds(1), 0});
    EXPECT_EQ(psns, (std::vector<std::uint32_t>{2, 1}));
}

TEST_F(FaultTest, CorruptionOfAnyBitIsNoticed)
{
    const std::uint32_t bits = MakePacket(0, 100)->GetSize() * 8;
    for (std::uint32_t bit = 0; bit < bits; ++bit)
    {
        psns.clear();
        drops.clear();
        SendTwo({IbFate::Kind::kCorrupt, Time(0), bit});
        ASSERT_EQ(psns, std::vector<std::uint32_t>{2}) << "bit " << bit;
        ASSERT_EQ(drops.at(0), IbDropReason::kBadCrc) << "bit " << bit;
    }
    EXPECT_EQ(b->GetCounters().rcvErrors, bits);
}

TEST(Packet, SealsItsCrcs)
{
    IbPacketHeaders headers;
    headers.slid = 1;
    headers.dlid = 2;
    headers.bth.opCode = ibwire::OpCode::kRcSendOnly;
    const std::vector<std::uint8_t> payload(77, 3);
    Ptr<IbPacket> packet = BuildPacket(headers, payload);
    EXPECT_EQ(packet->GetSize(), 8U + 12 + 80 + 6);
    EXPECT_TRUE(ibwire::VcrcIsGood(packet->Seal()));
    EXPECT_TRUE(ibwire::IcrcIsGood(packet->Seal()));
    packet->SetVl(3); // VCRC covers the VL, ICRC does not
    const std::vector<std::uint8_t> before(packet->Seal().begin(), packet->Seal().end());
    EXPECT_TRUE(ibwire::VcrcIsGood(before));
    Ptr<IbPacket> copy = packet->Copy();
    copy->FlipBit(100);
    EXPECT_FALSE(copy->CheckCrcs());
    EXPECT_TRUE(packet->CheckCrcs());
    EXPECT_TRUE(std::equal(before.begin(), before.end(), packet->Seal().begin()));
}

TEST(Packet, IsTakenFromThePoolAgain)
{
    Ptr<IbPacket> packet = IbPacket::Create(300);
    packet->Modify()[299] = 7;
    packet = nullptr;
    Ptr<IbPacket> next = IbPacket::Create(300);
    EXPECT_EQ(next->Peek()[299], 0); // whoever had it before
    EXPECT_EQ(IbPacket::Create(IbPacket::kMaxBytes)->GetSize(), IbPacket::kMaxBytes);
}

} // namespace
} // namespace ns3
