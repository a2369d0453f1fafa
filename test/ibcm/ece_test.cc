// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Enhanced connection establishment: the vendor's OUI in 24 bits of REQ, REP and SIDR_REP, its
// options in the attribute modifier, and nothing of it anywhere else.
#include "two_ports.h"

namespace ibcm::test
{
namespace
{

constexpr Ece kEceA{0xa1b2c3, 0x01020304};
constexpr Ece kEceB{0x5e6f70, 0xfffefdfc};
constexpr std::size_t kData = 24; ///< where CM data begins in a MAD

class EceTest : public TwoPorts
{
  protected:
    using TwoPorts::TwoPorts;

    ReqParameters ReqWith(const Ece& ece) const
    {
        ReqParameters parameters = Req();
        parameters.ece = ece;
        return parameters;
    }

    RepParameters RepWith(const Ece& ece) const
    {
        RepParameters parameters = Rep();
        parameters.ece = ece;
        return parameters;
    }
};

TEST_F(EceTest, OfTheReqAndTheRep)
{
    ListenB();
    a = Connect(ReqWith(kEceA));
    EXPECT_EQ(sent.back().header.attributeModifier, kEceA.options);
    EXPECT_EQ(sent.back().bytes[kData + 5], 0xa1);
    EXPECT_EQ(sent.back().bytes[kData + 6], 0xb2);
    EXPECT_EQ(sent.back().bytes[kData + 7], 0xc3);
    Settle();
    b = Accepted();
    EXPECT_EQ(std::get<ReqReceived>(hostB->consumer.Last().event.parameters).ece, kEceA);

    ASSERT_TRUE(hostB->cm.SendRep(b, RepWith(kEceB)));
    EXPECT_EQ(sent.back().header.attributeModifier, kEceB.options);
    EXPECT_EQ(sent.back().bytes[kData + 15], 0x5e);
    EXPECT_EQ(sent.back().bytes[kData + 19], 0x6f);
    EXPECT_EQ(sent.back().bytes[kData + 23], 0x70);
    Settle();
    EXPECT_EQ(std::get<RepReceived>(hostA->consumer.Last().event.parameters).ece, kEceB);
}

TEST_F(EceTest, OfASidrRep)
{
    ListenB();
    a = CreateA();
    SidrReqParameters ask;
    ask.serviceId = kService;
    ask.path = PathToB();
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, ask));
    Settle();
    b = hostB->consumer.Last().id;
    created.emplace_back(hostB.get(), b);
    SidrRepParameters answer;
    answer.ece = kEceA;
    ASSERT_TRUE(hostB->cm.SendSidrRep(b, answer));
    EXPECT_EQ(sent.back().header.attributeModifier, kEceA.options);
    EXPECT_EQ(sent.back().bytes[kData + 6], 0xa1) << "which Linux loses";
    EXPECT_EQ(sent.back().bytes[kData + 7], 0xb2);
    EXPECT_EQ(sent.back().bytes[kData + 11], 0xc3);
    Settle();
    EXPECT_EQ(std::get<SidrRepReceived>(hostA->consumer.Last().event.parameters).ece, kEceA);
}

TEST_F(EceTest, EachBitOfBothHalves)
{
    ListenB();
    for (unsigned bit = 0; bit < 32; ++bit)
    {
        const Ece ece{bit < 24 ? 1U << bit : 0, 1U << bit};
        ReqParameters req = ReqWith(ece);
        req.localQpn = kQpnA + bit;
        const Handle id = Connect(req);
        Settle();
        const Handle accepted = Accepted();
        EXPECT_EQ(std::get<ReqReceived>(hostB->consumer.Last().event.parameters).ece, ece);
        RepParameters rep = RepWith(ece);
        rep.localQpn = kQpnB + bit;
        ASSERT_TRUE(hostB->cm.SendRep(accepted, rep));
        Settle();
        EXPECT_EQ(std::get<RepReceived>(hostA->consumer.Last().event.parameters).ece, ece);
        DestroyA(id);
        Settle();
    }
}

TEST_F(EceTest, StaysInWhatIsSentAgain)
{
    ListenB();
    a = Connect(ReqWith(kEceA));
    wire.DropAll();
    runtime.Advance(2 * Exponent(kLifeTime) + Exponent(kResponseTimeout));
    EXPECT_EQ(sent.at(0).bytes, sent.at(1).bytes);
    Settle();
    b = Accepted();
    ASSERT_TRUE(hostB->cm.SendRep(b, RepWith(kEceB)));
    const ibwire::MadBytes first = sent.back().bytes;
    wire.DropAll();
    InjectToB(sent.at(0).message, sent.at(0).header.transactionId);
    EXPECT_EQ(sent.back().bytes, first);
}

TEST_F(EceTest, IsInNothingElse)
{
    listener = ListenB();
    a = Connect(ReqWith(kEceA));
    Settle();
    b = Accepted();
    ASSERT_TRUE(hostB->cm.SendMra(b, {}));
    ASSERT_TRUE(hostB->cm.SendRep(b, RepWith(kEceB)));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
    Settle();
    ASSERT_TRUE(hostB->cm.SendApr(b, {}));
    Settle();
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    Settle();
    ASSERT_TRUE(hostB->cm.SendDrep(b));
    Settle();
    for (const SentMad& mad : sent)
    {
        const auto attribute = ibwire::AttributeOf(mad.message);
        const std::uint32_t expected = attribute == ibwire::CmAttribute::kReq   ? kEceA.options
                                       : attribute == ibwire::CmAttribute::kRep ? kEceB.options
                                                                                : 0;
        EXPECT_EQ(mad.header.attributeModifier, expected) << ibwire::ToString(attribute);
    }
    EXPECT_EQ(TakeSent(), "A>REQ B>MRA B>REP A>RTU A>LAP B>APR A>DREQ B>DREP");
}

TEST_F(EceTest, WithoutItAllIsZero)
{
    ReachA(State::kReqSent);
    DestroyA(a);
    a = Connect();
    EXPECT_EQ(sent.back().header.attributeModifier, 0U);
    EXPECT_EQ(LastSent<ibwire::CmReq>().vendorId, 0U);
    Settle();
    EXPECT_EQ(std::get<ReqReceived>(hostB->consumer.Last().event.parameters).ece, Ece{});
}

TEST_F(EceTest, AnOuiHas24Bits)
{
    a = CreateA();
    EXPECT_EQ(hostA->cm.SendReq(a, ReqWith({0x1000000, 0})),
              tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(StateA(), State::kIdle);
    ReachB(State::kReqRcvd);
    EXPECT_EQ(hostB->cm.SendRep(b, RepWith({0x1000000, 0})),
              tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(StateB(), State::kReqRcvd);
    EXPECT_TRUE(hostB->cm.SendRep(b, RepWith({0xffffff, 0xffffffff})));
}

TEST_F(EceTest, OfAnXrcTargetLiesBetweenItsNumbers)
{
    ListenB();
    ReqParameters req = ReqWith(kEceA);
    req.qpType = QpType::kXrcInitiator;
    a = Connect(req);
    Settle();
    b = Accepted();
    ASSERT_TRUE(hostB->cm.SendRep(b, RepWith(kEceB)));
    const auto& rep = LastSent<ibwire::CmRep>();
    EXPECT_EQ(rep.vendorId, kEceB.vendorId);
    EXPECT_EQ(rep.localQpn, 0U);
    EXPECT_EQ(rep.localEecn, kQpnB);
    Settle();
    const auto& received = std::get<RepReceived>(hostA->consumer.Last().event.parameters);
    EXPECT_EQ(received.ece, kEceB);
    EXPECT_EQ(received.remoteQpn, kQpnB);
}

TEST_F(EceTest, AVendorsOptionMayBeRejected)
{
    ListenB();
    a = Connect(ReqWith(kEceA));
    Settle();
    ASSERT_TRUE(
        hostB->cm.SendRej(Accepted(), ibwire::RejReason::kVendorOptionNotSupported, {}, {}));
    Settle();
    EXPECT_EQ(std::get<RejReceived>(hostA->consumer.Last().event.parameters).reason,
              ibwire::RejReason::kVendorOptionNotSupported);
}

} // namespace
} // namespace ibcm::test
