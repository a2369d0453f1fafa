// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fabric-fixture.h"
#include "ib-fabric/model/ib-queue-pair.h"
#include "ib-fabric/model/qp-transitions.h"

#include <functional>
#include <numeric>
#include <vector>

namespace ns3
{
namespace
{

constexpr std::uint32_t kInitMask = kQpState | kQpPkeyIndex | kQpPort | kQpAccessFlags;
constexpr std::uint32_t kRtrMask =
    kQpState | kQpAv | kQpPathMtu | kQpDestQpn | kQpRqPsn | kQpMaxDestRdAtomic | kQpMinRnrTimer;
constexpr std::uint32_t kRtsMask =
    kQpState | kQpTimeout | kQpRetryCount | kQpRnrRetry | kQpSqPsn | kQpMaxRdAtomic;

/** Calls a function for every packet that a port sends. */
class FunctionFault : public IbFaultModel
{
  public:
    IbFate OnTransmit(const IbPort&, const IbPacket& packet) override
    {
        return function ? function(packet) : IbFate{};
    }

    std::function<IbFate(const IbPacket&)> function;
};

class QueuePairTest : public FabricTest
{
  protected:
    void SetUp() override
    {
        Build("fat-tree:k=4");
        BringUp("host-0");
        sendCq = CreateObject<IbCompletionQueue>();
        receiveCq = CreateObject<IbCompletionQueue>();
        a = Hca("host-1").CreateQueuePair({IbQpType::kRc, sendCq, sendCq, 128, 512});
        b = Hca("host-14").CreateQueuePair({IbQpType::kRc, receiveCq, receiveCq, 128, 512});
        faultsA = CreateObject<FunctionFault>();
        faultsB = CreateObject<FunctionFault>();
        Port("host-1").SetFaultModel(faultsA);
        Port("host-14").SetFaultModel(faultsB);
    }

    static IbQpAttributes Attributes(IbQpState state, const IbQueuePair& peer, IbPort& peerPort)
    {
        IbQpAttributes attributes;
        attributes.state = state;
        attributes.av.dlid = peerPort.GetLid();
        attributes.pathMtu = ibwire::Mtu::k1024;
        attributes.destQpn = peer.GetQpn();
        attributes.rqPsn = 0xfffffe; // wraps soon
        attributes.sqPsn = 0xfffffe;
        attributes.timeout = 8; // 1.05 ms
        attributes.retryCount = 3;
        attributes.rnrRetry = 2;
        attributes.minRnrTimer = 1; // 10 us
        return attributes;
    }

    void ToRtr(IbQueuePair& qp, IbQueuePair& peer, const char* peerPort)
    {
        ASSERT_TRUE(qp.ModifyQp(Attributes(IbQpState::kInit, peer, Port(peerPort)), kInitMask));
        ASSERT_TRUE(qp.ModifyQp(Attributes(IbQpState::kRtr, peer, Port(peerPort)), kRtrMask));
    }

    void ToRts(IbQueuePair& qp, IbQueuePair& peer, const char* peerPort)
    {
        ASSERT_TRUE(qp.ModifyQp(Attributes(IbQpState::kRts, peer, Port(peerPort)), kRtsMask));
    }

    void Connect()
    {
        ToRtr(*a, *b, "host-14");
        ToRtr(*b, *a, "host-1");
        ToRts(*a, *b, "host-14");
        ToRts(*b, *a, "host-1");
    }

    static std::vector<std::uint8_t> Pattern(std::size_t bytes)
    {
        std::vector<std::uint8_t> data(bytes);
        std::iota(data.begin(), data.end(), std::uint8_t{1});
        return data;
    }

    /** Sends a message and expects that it arrives and both ends complete. */
    void ExpectTransfer(std::size_t bytes)
    {
        ASSERT_TRUE(b->PostReceive({2, 1 << 24}));
        IbSendRequest request;
        request.wrId = 1;
        request.data = Pattern(bytes);
        ASSERT_TRUE(a->PostSend(request));
        Simulator::Run();
        const auto sent = sendCq->Poll();
        const auto received = receiveCq->Poll();
        ASSERT_TRUE(sent);
        ASSERT_TRUE(received);
        EXPECT_EQ(sent->status, IbWcStatus::kSuccess);
        EXPECT_EQ(sent->wrId, 1U);
        EXPECT_EQ(received->status, IbWcStatus::kSuccess);
        EXPECT_EQ(received->wrId, 2U);
        EXPECT_EQ(received->opcode, IbWcOpcode::kReceive);
        EXPECT_EQ(received->qpn, b->GetQpn());
        EXPECT_EQ(received->data, Pattern(bytes));
        EXPECT_FALSE(sendCq->Poll());
        EXPECT_FALSE(receiveCq->Poll());
    }

    static bool IsRequest(const IbPacket& packet)
    {
        return packet.GetOpcode() < 0x11 && packet.GetDestQp() > 1;
    }

    Ptr<IbCompletionQueue> sendCq;
    Ptr<IbCompletionQueue> receiveCq;
    Ptr<IbQueuePair> a;
    Ptr<IbQueuePair> b;
    Ptr<FunctionFault> faultsA;
    Ptr<FunctionFault> faultsB;
};

TEST_F(QueuePairTest, CarriesMessagesOfAllSizes)
{
    Connect();
    for (const std::size_t bytes : {0, 1, 3, 1023, 1024, 1025, 5000, 300'000})
    {
        ExpectTransfer(bytes);
    }
}

TEST_F(QueuePairTest, FillsTheCable)
{
    Connect();
    const Time begin = Simulator::Now();
    constexpr std::size_t kBytes = 1 << 20;
    ASSERT_TRUE(b->PostReceive({2, kBytes}));
    IbSendRequest request;
    request.data = Pattern(kBytes);
    Time end;
    receiveCq->SetHandler([&]() { end = Simulator::Now(); });
    ASSERT_TRUE(a->PostSend(request));
    Simulator::Run();
    // 1024 packets of 1050 bytes at 100 Gb/s take 86 us.
    const double us = static_cast<double>((end - begin).GetNanoSeconds()) / 1000;
    EXPECT_GT(us, 86.0);
    EXPECT_LT(us, 95.0);
}

TEST_F(QueuePairTest, CarriesImmediateData)
{
    Connect();
    ASSERT_TRUE(b->PostReceive({2, 4096}));
    IbSendRequest request;
    request.opcode = IbSendOpcode::kSendImmediate;
    request.immediate = 0xdeadbeef;
    request.data = Pattern(2000);
    request.signalled = false;
    ASSERT_TRUE(a->PostSend(request));
    Simulator::Run();
    const auto received = receiveCq->Poll();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->immediate, 0xdeadbeefU);
    EXPECT_EQ(received->data.size(), 2000U);
    EXPECT_FALSE(sendCq->Poll()); // not signalled
}

TEST_F(QueuePairTest, KeepsTheOrderOfMessages)
{
    Connect();
    for (std::uint64_t i = 0; i < 100; ++i)
    {
        ASSERT_TRUE(b->PostReceive({i, 4096}));
        IbSendRequest request;
        request.wrId = i;
        request.data = Pattern(i * 17);
        ASSERT_TRUE(a->PostSend(request));
    }
    Simulator::Run();
    for (std::uint64_t i = 0; i < 100; ++i)
    {
        EXPECT_EQ(sendCq->Poll()->wrId, i);
        const auto received = receiveCq->Poll();
        EXPECT_EQ(received->wrId, i);
        EXPECT_EQ(received->data.size(), i * 17);
    }
}

TEST_F(QueuePairTest, RepairsALostPacketByNak)
{
    Connect();
    int count = 0;
    faultsA->function = [&](const IbPacket& packet)
    {
        IbFate fate;
        if (IsRequest(packet) && ++count == 3)
        {
            fate.kind = IbFate::Kind::kDrop;
        }
        return fate;
    };
    const Time begin = Simulator::Now();
    Time end;
    receiveCq->SetHandler([&]() { end = Simulator::Now(); });
    ExpectTransfer(10'000);
    // Long before the time-out of a millisecond.
    EXPECT_LT(end - begin, MicroSeconds(50));
}

TEST_F(QueuePairTest, RepairsALostLastPacketAndALostAckByTimeout)
{
    Connect();
    int requests = 0;
    faultsA->function = [&](const IbPacket& packet)
    {
        IbFate fate;
        fate.kind =
            IsRequest(packet) && ++requests == 10 ? IbFate::Kind::kDrop : IbFate::Kind::kDeliver;
        return fate;
    };
    const Time begin = Simulator::Now();
    ExpectTransfer(10'000); // ten packets
    EXPECT_GE(Simulator::Now() - begin, NanoSeconds(4096 << 8));
    int acks = 0;
    faultsB->function = [&](const IbPacket& packet)
    {
        IbFate fate;
        fate.kind = packet.GetOpcode() == 0x11 && ++acks == 1 ? IbFate::Kind::kDrop
                                                              : IbFate::Kind::kDeliver;
        return fate;
    };
    ExpectTransfer(100);
    EXPECT_EQ(acks, 2);
}

TEST_F(QueuePairTest, SurvivesEveryKindOfFault)
{
    Connect();
    std::uint32_t random = 12345;
    const auto chaos = [&](const IbPacket& packet)
    {
        IbFate fate;
        if (packet.GetDestQp() <= 1)
        {
            return fate;
        }
        random = random * 1664525 + 1013904223;
        constexpr std::uint32_t kEach = 6; // of 256
        const std::uint32_t dice = (random >> 24) / kEach;
        if (dice < 4)
        {
            constexpr IbFate::Kind kKinds[] = {IbFate::Kind::kDrop,
                                               IbFate::Kind::kDuplicate,
                                               IbFate::Kind::kDelay,
                                               IbFate::Kind::kCorrupt};
            fate.kind = kKinds[dice];
            fate.delay = NanoSeconds(random % 20000);
            fate.bit = random;
        }
        return fate;
    };
    faultsA->function = chaos;
    faultsB->function = chaos;
    for (int i = 0; i < 200; ++i)
    {
        ExpectTransfer(static_cast<std::size_t>(i) * 97);
    }
}

TEST_F(QueuePairTest, GivesUpAfterItsRetries)
{
    Connect();
    int sent = 0;
    faultsA->function = [&](const IbPacket& packet)
    {
        IbFate fate;
        if (IsRequest(packet))
        {
            ++sent;
            fate.kind = IbFate::Kind::kDrop;
        }
        return fate;
    };
    const Time begin = Simulator::Now();
    IbSendRequest request;
    request.wrId = 7;
    request.data = Pattern(10);
    ASSERT_TRUE(a->PostSend(request));
    request.wrId = 8;
    ASSERT_TRUE(a->PostSend(request));
    Time failed;
    sendCq->SetHandler([&]() { failed = Simulator::Now(); });
    Simulator::Run();
    EXPECT_EQ(sent, 2 * (1 + 3));
    EXPECT_EQ((failed - begin).GetNanoSeconds(), 4 * (4096 << 8));
    const auto first = sendCq->Poll();
    EXPECT_EQ(first->wrId, 7U);
    EXPECT_EQ(first->status, IbWcStatus::kRetryExceeded);
    const auto second = sendCq->Poll();
    EXPECT_EQ(second->wrId, 8U);
    EXPECT_EQ(second->status, IbWcStatus::kFlushed);
    EXPECT_EQ(a->GetState(), IbQpState::kError);
    ASSERT_TRUE(a->PostSend(request)); // flushed at once
    EXPECT_EQ(sendCq->Poll()->status, IbWcStatus::kFlushed);
}

TEST_F(QueuePairTest, WaitsForTheReceiver)
{
    Connect();
    IbSendRequest request;
    request.data = Pattern(3000);
    ASSERT_TRUE(a->PostSend(request));
    Simulator::Schedule(MicroSeconds(15), [this]() { ASSERT_TRUE(b->PostReceive({2, 4096})); });
    Simulator::Run();
    EXPECT_EQ(sendCq->Poll()->status, IbWcStatus::kSuccess);
    EXPECT_EQ(receiveCq->Poll()->data, Pattern(3000));
    // And not for ever: two RNR retries.
    ASSERT_TRUE(a->PostSend(request));
    Simulator::Run();
    EXPECT_EQ(sendCq->Poll()->status, IbWcStatus::kRnrRetryExceeded);
}

TEST_F(QueuePairTest, RefusesAMessageThatDoesNotFit)
{
    Connect();
    ASSERT_TRUE(b->PostReceive({2, 100}));
    ASSERT_TRUE(b->PostReceive({3, 100}));
    IbSendRequest request;
    request.data = Pattern(101);
    ASSERT_TRUE(a->PostSend(request));
    Simulator::Run();
    EXPECT_EQ(sendCq->Poll()->status, IbWcStatus::kRemoteInvalidRequest);
    EXPECT_EQ(receiveCq->Poll()->status, IbWcStatus::kLocalLength);
    EXPECT_EQ(receiveCq->Poll()->status, IbWcStatus::kFlushed);
    EXPECT_EQ(a->GetState(), IbQpState::kError);
    EXPECT_EQ(b->GetState(), IbQpState::kError);
}

TEST_F(QueuePairTest, TellsThatCommunicationIsEstablished)
{
    ToRtr(*a, *b, "host-14");
    ToRts(*a, *b, "host-14");
    ToRtr(*b, *a, "host-1");
    int established = 0;
    b->SetCommunicationEstablishedHandler([&]() { ++established; });
    ASSERT_TRUE(b->PostReceive({2, 4096}));
    ASSERT_TRUE(b->PostReceive({3, 4096}));
    IbSendRequest request;
    request.data = Pattern(3000);
    ASSERT_TRUE(a->PostSend(request));
    ASSERT_TRUE(a->PostSend(request));
    EXPECT_FALSE(b->PostSend(request)); // not yet
    Simulator::Run();
    EXPECT_EQ(established, 1);
    EXPECT_EQ(receiveCq->GetCount(), 2U);
    EXPECT_EQ(sendCq->GetCount(), 2U);
}

TEST_F(QueuePairTest, IsSilentBeforeItIsReady)
{
    ToRtr(*a, *b, "host-14");
    ToRts(*a, *b, "host-14");
    IbSendRequest request;
    ASSERT_TRUE(a->PostSend(request));
    Simulator::Run();
    EXPECT_EQ(sendCq->Poll()->status, IbWcStatus::kRetryExceeded);
}

TEST_F(QueuePairTest, DrainsItsSendQueue)
{
    Connect();
    ASSERT_TRUE(b->PostReceive({2, 1 << 20}));
    ASSERT_TRUE(b->PostReceive({3, 1 << 20}));
    IbSendRequest request;
    request.wrId = 1;
    request.data = Pattern(200'000);
    ASSERT_TRUE(a->PostSend(request));
    IbQpAttributes attributes;
    attributes.state = IbQpState::kSqd;
    ASSERT_TRUE(a->ModifyQp(attributes, kQpState));
    request.wrId = 2;
    ASSERT_TRUE(a->PostSend(request));
    Simulator::Run();
    EXPECT_EQ(sendCq->GetCount(), 1U); // the message that had begun
    attributes.state = IbQpState::kRts;
    ASSERT_TRUE(a->ModifyQp(attributes, kQpState));
    Simulator::Run();
    EXPECT_EQ(sendCq->GetCount(), 2U);
    EXPECT_EQ(receiveCq->GetCount(), 2U);
}

TEST_F(QueuePairTest, FlushesWhenDestroyed)
{
    Connect();
    ASSERT_TRUE(a->PostReceive({9, 10}));
    IbSendRequest request;
    request.wrId = 4;
    ASSERT_TRUE(a->PostSend(request));
    const std::uint32_t qpn = a->GetQpn();
    Hca("host-1").DestroyQueuePair(qpn);
    EXPECT_EQ(Hca("host-1").GetQueuePair(qpn), nullptr);
    EXPECT_EQ(sendCq->Poll()->status, IbWcStatus::kFlushed);
    EXPECT_EQ(sendCq->Poll()->wrId, 9U);
    EXPECT_FALSE(a->PostSend(request));
    Simulator::Run(); // its packets and timers find nobody
    Hca("host-1").DestroyQueuePair(qpn);
    const auto next = Hca("host-1").CreateQueuePair({IbQpType::kRc, sendCq, sendCq, 1, 1});
    EXPECT_NE(next->GetQpn(), qpn);
}

TEST_F(QueuePairTest, StartsAnewFromReset)
{
    Connect();
    ExpectTransfer(5000);
    IbQpAttributes reset;
    reset.state = IbQpState::kReset;
    ASSERT_TRUE(a->ModifyQp(reset, kQpState));
    ASSERT_TRUE(b->ModifyQp(reset, kQpState));
    Connect();
    ExpectTransfer(5000);
}

TEST_F(QueuePairTest, CarriesDatagrams)
{
    const auto ua = Hca("host-1").CreateQueuePair({IbQpType::kUd, sendCq, sendCq, 8, 8});
    const auto ub = Hca("host-14").CreateQueuePair({IbQpType::kUd, receiveCq, receiveCq, 8, 8});
    for (const auto& qp : {ua, ub})
    {
        IbQpAttributes attributes;
        attributes.qkey = 0x1111;
        attributes.state = IbQpState::kInit;
        ASSERT_TRUE(qp->ModifyQp(attributes, kQpState | kQpPkeyIndex | kQpPort | kQpQkey));
        attributes.state = IbQpState::kRtr;
        ASSERT_TRUE(qp->ModifyQp(attributes, kQpState));
        attributes.state = IbQpState::kRts;
        ASSERT_TRUE(qp->ModifyQp(attributes, kQpState | kQpSqPsn));
    }
    ASSERT_TRUE(ub->PostReceive({5, 4096}));
    IbSendRequest request;
    request.data = Pattern(4095);
    request.av.dlid = Port("host-14").GetLid();
    request.av.grh.emplace();
    request.av.grh->dgid = Port("host-14").GetGid();
    request.remoteQpn = ub->GetQpn();
    request.remoteQkey = 0x1112;
    ASSERT_TRUE(ua->PostSend(request));
    Simulator::Run();
    EXPECT_FALSE(receiveCq->Poll()); // wrong Q_Key
    request.remoteQkey = 0x1111;
    ASSERT_TRUE(ua->PostSend(request));
    Simulator::Run();
    const auto received = receiveCq->Poll();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->data, Pattern(4095));
    EXPECT_EQ(received->sourceQpn, ua->GetQpn());
    EXPECT_EQ(received->slid, Port("host-1").GetLid());
    EXPECT_EQ(received->grh->sgid, Port("host-1").GetGid());
    request.data = Pattern(4097);
    EXPECT_EQ(ua->PostSend(request).error(), IbVerbsError::kMessageTooLong);
}

/** The table, cell by cell: required attributes missing one at a time, forbidden ones added. */
TEST(QpTransitions, RequiresAndForbids)
{
    struct Step
    {
        IbQpType type;
        IbQpState from;
        IbQpState to;
        std::uint32_t required;
        std::uint32_t forbidden;
    };

    IbQpAttributes attributes;
    attributes.av.dlid = 1;
    const std::vector<Step> steps{
        {IbQpType::kRc, IbQpState::kReset, IbQpState::kInit, kInitMask, kQpSqPsn},
        {IbQpType::kRc, IbQpState::kInit, IbQpState::kRtr, kRtrMask, kQpTimeout},
        {IbQpType::kRc, IbQpState::kRtr, IbQpState::kRts, kRtsMask, kQpAv},
        {IbQpType::kUd,
         IbQpState::kReset,
         IbQpState::kInit,
         kQpState | kQpPkeyIndex | kQpPort | kQpQkey,
         kQpAv},
        {IbQpType::kUd, IbQpState::kInit, IbQpState::kRtr, kQpState, kQpDestQpn},
        {IbQpType::kUd, IbQpState::kRtr, IbQpState::kRts, kQpState | kQpSqPsn, kQpTimeout},
    };
    for (const Step& step : steps)
    {
        const auto check = [&](std::uint32_t mask)
        { return CheckQpTransition(step.type, step.from, step.to, mask, attributes); };
        EXPECT_TRUE(check(step.required)) << ToString(step.to);
        EXPECT_EQ(check(step.required | step.forbidden).error(), IbVerbsError::kInvalidAttribute);
        for (std::uint32_t bit = 2; bit != 0; bit <<= 1)
        {
            if ((step.required & bit) != 0)
            {
                EXPECT_EQ(check(step.required & ~bit).error(), IbVerbsError::kMissingAttribute)
                    << ToString(step.to) << " without bit " << bit;
            }
        }
    }
}

TEST(QpTransitions, KnowsWhichStepsThereAre)
{
    using enum IbQpState;
    const std::vector states{kReset, kInit, kRtr, kRts, kSqd, kSqe, kError};
    // From each state (row) to each state (column), reliable connection: is there such a step?
    const char* allowed[] = {
        "yy....y", "yyy...y", "y..y..y", "y..yy.y", "y..yy.y", "y.....y", "y.....y"};
    IbQpAttributes attributes;
    attributes.av.dlid = 1;
    for (std::size_t from = 0; from < states.size(); ++from)
    {
        for (std::size_t to = 0; to < states.size(); ++to)
        {
            const auto result =
                CheckQpTransition(IbQpType::kRc, states[from], states[to], kQpState, attributes);
            const bool exists = result || result.error() != IbVerbsError::kInvalidTransition;
            EXPECT_EQ(exists, allowed[from][to] == 'y')
                << ToString(states[from]) << " to " << ToString(states[to]);
        }
    }
}

TEST(QpTransitions, ChecksRanges)
{
    const auto check = [](std::function<void(IbQpAttributes&)> spoil, std::uint32_t mask)
    {
        IbQpAttributes attributes;
        attributes.av.dlid = 1;
        spoil(attributes);
        const auto from = mask == kRtsMask ? IbQpState::kRtr : IbQpState::kInit;
        const auto to = mask == kRtsMask ? IbQpState::kRts : IbQpState::kRtr;
        return CheckQpTransition(IbQpType::kRc, from, to, mask, attributes);
    };
    EXPECT_TRUE(check([](auto&) {}, kRtrMask));
    EXPECT_FALSE(check([](auto& x) { x.av.dlid = 0; }, kRtrMask));
    EXPECT_FALSE(check([](auto& x) { x.av.dlid = 0xc000; }, kRtrMask));
    EXPECT_FALSE(check([](auto& x) { x.pathMtu = ibwire::Mtu{6}; }, kRtrMask));
    EXPECT_FALSE(check([](auto& x) { x.destQpn = 1 << 24; }, kRtrMask));
    EXPECT_FALSE(check([](auto& x) { x.rqPsn = 1 << 24; }, kRtrMask));
    EXPECT_FALSE(check([](auto& x) { x.minRnrTimer = 32; }, kRtrMask));
    EXPECT_FALSE(check([](auto& x) { x.timeout = 32; }, kRtsMask));
    EXPECT_FALSE(check([](auto& x) { x.retryCount = 8; }, kRtsMask));
}

} // namespace
} // namespace ns3
