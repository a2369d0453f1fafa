// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Redirection: a request follows REJ 24 and SIDR status 4, never for ever, and is sent elsewhere by
// listeners and managers that say so.
#include "extra-host.h"

namespace ibcm::test
{
namespace
{

using ibwire::RejReason;

ibwire::ClassPortInfo Target(const ibwire::Gid& gid, std::uint16_t lid)
{
    ibwire::ClassPortInfo target;
    target.baseVersion = 1;
    target.classVersion = 2;
    target.redirectGid = gid;
    target.redirectLid = lid;
    target.redirectPkey = 0xffff;
    target.redirectQpn = 1;
    target.redirectQkey = 0x80010000;
    return target;
}

std::array<std::uint8_t, 72> BytesOf(const ibwire::ClassPortInfo& target)
{
    std::array<std::uint8_t, 72> bytes{};
    EXPECT_TRUE(ibwire::Encode(target, std::span<std::uint8_t>(bytes)));
    return bytes;
}

class Redirecting : public Pair
{
  protected:
    Redirecting()
        : hostC(std::make_unique<ExtraHost>(runtime, wire, kGuidC, TablesC()))
    {
    }

    void TearDown() override
    {
        wire.DropAll();
        hostC.reset();
        Pair::TearDown();
    }

    /** A listener of B that sends all to a place. */
    void ListenElsewhere(const ibwire::ClassPortInfo& target)
    {
        ListenParameters parameters;
        parameters.serviceId = kService;
        parameters.redirect = target;
        ASSERT_TRUE(hostB->cm.Listen(CreateB(), parameters));
    }

    /** A REJ 24 of B for A's REQ. */
    ibwire::CmRej Rej24(const ibwire::ClassPortInfo& target, std::uint8_t length = 72)
    {
        ibwire::CmRej rej;
        rej.remoteCommId = hostA->cm.CommIdOf(a).value();
        rej.reason = RejReason::kPortAndCmRedirect;
        rej.rejectInfoLength = length;
        rej.ari = BytesOf(target);
        return rej;
    }

    RejReceived ToldToA() const
    {
        return std::get<RejReceived>(hostA->consumer.Last().event.parameters);
    }

    SidrReqParameters Sidr() const
    {
        SidrReqParameters parameters;
        parameters.serviceId = kService;
        parameters.path = PathToB();
        parameters.maxCmRetries = 2;
        return parameters;
    }

    std::unique_ptr<ExtraHost> hostC;
};

TEST_F(Redirecting, AConnectionIsMadeWhereTheListenerPoints)
{
    ListenElsewhere(Target(hostC->gid, kLidC));
    const Handle service = hostC->Listen();
    a = Connect();
    const SentMad first = sent.back();
    Settle();
    ASSERT_EQ(hostC->consumer.told.size(), 1U);
    EXPECT_EQ(std::get<ReqReceived>(hostC->consumer.Last().event.parameters).listener, service);
    EXPECT_EQ(StateA(), State::kReqSent);
    EXPECT_EQ(hostA->consumer.TakeNames(), "") << "the consumer hears nothing of it";
    EXPECT_TRUE(hostB->consumer.told.empty());
    const SentMad& again = sent.back();
    EXPECT_EQ(again.header.transactionId, first.header.transactionId);
    EXPECT_EQ(again.address.dlid, kLidC);
    auto expected = std::get<ibwire::CmReq>(first.message);
    expected.primaryRemoteGid = hostC->gid;
    expected.primaryRemoteLid = kLidC;
    EXPECT_EQ(std::get<ibwire::CmReq>(again.message), expected)
        << "only the port that is to be connected is another";
    EXPECT_EQ(hostA->port.Outstanding(), 1U) << "the one to B is withdrawn";

    const Handle c = hostC->consumer.accepted.at(0);
    ASSERT_TRUE(hostC->cm.SendRep(c, Rep()));
    Settle();
    ASSERT_EQ(StateA(), State::kRepRcvd);
    const auto attributes = hostA->cm.InitQpAttributes(a, QpTarget::kRtr);
    ASSERT_TRUE(attributes);
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    EXPECT_EQ(sent.back().address.dlid, kLidC);
    Settle();
    EXPECT_EQ(hostC->cm.StateOf(c), State::kEstablished);
    ASSERT_TRUE(hostA->cm.SendDreq(a));
    EXPECT_EQ(sent.back().address.dlid, kLidC) << "the disconnect, too";
}

TEST_F(Redirecting, TheNewPlaceIsTriedAsOftenAsTheFirst)
{
    ListenElsewhere(Target(hostC->gid, kLidC));
    hostC->end.Attach(nullptr); // it never answers
    a = Connect();
    Settle();
    EXPECT_EQ(TakeSent(), "A>REQ B>REJ A>REQ");
    for (int i = 0; i < kRetries; ++i)
    {
        runtime.Advance(std::chrono::milliseconds(1210));
        wire.DropAll();
        ASSERT_EQ(sent.size(), 1U);
        EXPECT_EQ(sent[0].address.dlid, kLidC);
        EXPECT_EQ(TakeSent(), "A>REQ");
    }
    runtime.Advance(std::chrono::milliseconds(1210));
    EXPECT_EQ(hostA->consumer.TakeNames(), "REQ_ERROR");
    EXPECT_EQ(StateA(), State::kIdle);
}

TEST_F(Redirecting, AManagerSendsEveryRequestElsewhere)
{
    hostC.reset();
    Options options;
    options.redirect = Target(hostB->gid, kLidB);
    LoopbackWire::EndTables tables = TablesC();
    tables.lid = kLidC + 1;
    ExtraHost moved(runtime, wire, kGuidC, tables, options);
    const Handle never = moved.Listen();
    ListenB();
    ReqParameters parameters = Req();
    parameters.primaryPath.dgid = moved.gid;
    parameters.primaryPath.dlid = moved.lid;
    for (const std::uint64_t service : {kService, kService + 1})
    {
        parameters.serviceId = service;
        parameters.localQpn = static_cast<std::uint32_t>(0x100 + service % 16);
        Connect(parameters);
        Settle();
    }
    ASSERT_EQ(hostB->consumer.accepted.size(), 1U);
    EXPECT_EQ(ToldToA().reason, RejReason::kInvalidServiceId) << "that is B's answer";
    EXPECT_TRUE(moved.consumer.told.empty());
    EXPECT_EQ(moved.cm.StateOf(never), State::kListen);
    EXPECT_EQ(moved.cm.LiveIds(), 1U);

    SidrReqParameters sidr = Sidr();
    sidr.path = parameters.primaryPath;
    ASSERT_TRUE(hostA->cm.SendSidrReq(CreateA(), sidr));
    Settle();
    EXPECT_EQ(hostB->consumer.Last().event.type, EventType::kSidrReqReceived);
    created.emplace_back(hostB.get(), hostB->consumer.Last().id);
}

TEST_F(Redirecting, AManagersTargetThatNoMessageHoldsIsRefused)
{
    struct Case
    {
        const char* problem;
        std::function<void(ibwire::ClassPortInfo&)> spoil;
    };

    const Case cases[] = {
        {"the redirection's RedirectQP is 16777216, expected at most 16777215",
         [](ibwire::ClassPortInfo& target) { target.redirectQpn = 1U << 24; }},
        {"the redirection's RedirectSL is 16, expected at most 15",
         [](ibwire::ClassPortInfo& target) { target.redirectSl = 16; }},
        {"the redirection's RedirectFL is 1048576, expected at most 1048575",
         [](ibwire::ClassPortInfo& target) { target.redirectFlowLabel = 1U << 20; }},
        {"a field of the redirection's ClassPortInfo does not fit",
         [](ibwire::ClassPortInfo& target) { target.trapSl = 16; }},
    };
    Options options;
    EXPECT_EQ(options.Problem(), "");
    options.redirect = Target(hostC->gid, kLidC);
    options.redirect->redirectQpn = (1U << 24) - 1;
    options.redirect->redirectSl = 15;
    options.redirect->redirectFlowLabel = (1U << 20) - 1;
    EXPECT_EQ(options.Problem(), "");
    for (const Case& one : cases)
    {
        Options spoilt = options;
        one.spoil(*spoilt.redirect);
        EXPECT_EQ(spoilt.Problem(), one.problem);
    }
}

TEST(RedirectingDeathTest, AManagerRefusesATargetThatNoMessageHolds)
{
    StepRuntime runtime;
    Options options;
    options.redirect.emplace();
    options.redirect->redirectQpn = 1U << 24;
    EXPECT_DEATH(ConnectionManager(runtime, DeviceInfo{kGuidC, 0}, options),
                 "ConnectionManager: the redirection's RedirectQP is 16777216");
}

TEST_F(Redirecting, ACircleEndsAndTheConsumerHearsOfIt)
{
    ListenElsewhere(Target(hostB->gid, kLidB)); // to itself
    a = Connect();
    Settle();
    EXPECT_EQ(TakeSent(), "A>REQ B>REJ A>REQ B>REJ A>REQ B>REJ A>REQ B>REJ A>REQ B>REJ");
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(ToldToA().reason, RejReason::kPortAndCmRedirect);
    EXPECT_EQ(ToldToA().infoLength, 72);
    EXPECT_EQ(ToldToA().info, BytesOf(Target(hostB->gid, kLidB)));
    EXPECT_EQ(hostA->port.Outstanding(), 0U);
}

TEST_F(Redirecting, WhatPointsNowhereIsPassedOn)
{
    struct Case
    {
        const char* what;
        std::function<void(ibwire::CmRej&, ibwire::ClassPortInfo)> spoil;
    };

    const auto with = [](ibwire::CmRej& rej, const ibwire::ClassPortInfo& target)
    { rej.ari = BytesOf(target); };
    const Case cases[] = {
        {"truncated", [](ibwire::CmRej& rej, ibwire::ClassPortInfo) { rej.rejectInfoLength = 71; }},
        {"empty", [](ibwire::CmRej& rej, ibwire::ClassPortInfo) { rej.rejectInfoLength = 0; }},
        {"QP 0",
         [&](ibwire::CmRej& rej, ibwire::ClassPortInfo target)
         {
             target.redirectQpn = 0;
             with(rej, target);
         }},
        {"no LID: only the SA knows the way",
         [&](ibwire::CmRej& rej, ibwire::ClassPortInfo target)
         {
             target.redirectLid = 0;
             with(rej, target);
         }},
        {"a P_Key that the port has not",
         [&](ibwire::CmRej& rej, ibwire::ClassPortInfo target)
         {
             target.redirectPkey = 0x8123;
             with(rej, target);
         }},
        {"only the port (reason 25)",
         [](ibwire::CmRej& rej, ibwire::ClassPortInfo) { rej.reason = RejReason::kPortRedirect; }},
    };
    for (const Case& one : cases)
    {
        SCOPED_TRACE(one.what);
        a = Connect();
        wire.DropAll();
        sent.clear();
        const ibwire::ClassPortInfo target = Target(hostC->gid, kLidC);
        ibwire::CmRej rej = Rej24(target);
        one.spoil(rej, target);
        InjectToA(rej);
        EXPECT_EQ(TakeSent(), "");
        EXPECT_EQ(StateA(), State::kIdle);
        EXPECT_EQ(hostA->consumer.Last().event.type, EventType::kRejReceived);
        EXPECT_EQ(ToldToA().reason, rej.reason);
        EXPECT_EQ(ToldToA().infoLength, rej.rejectInfoLength);
        EXPECT_EQ(hostA->port.Outstanding(), 0U);
    }
}

TEST_F(Redirecting, OnlyWhoAsksAndWantsToFollowDoes)
{
    ReqParameters parameters = Req();
    parameters.followRedirect = false;
    a = Connect(parameters);
    InjectToA(Rej24(Target(hostC->gid, kLidC)));
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(ToldToA().reason, RejReason::kPortAndCmRedirect);
    wire.DropAll();

    ReachA(State::kRepRcvd);
    ibwire::CmRej late = Rej24(Target(hostC->gid, kLidC));
    late.localCommId = hostB->cm.CommIdOf(b).value();
    InjectToA(late);
    EXPECT_EQ(StateA(), State::kTimewait) << "there is a REP already: the connection has ended";
    EXPECT_EQ(TakeSent(), "");
}

TEST_F(Redirecting, AnMraDoesNotKeepFromFollowing)
{
    a = Connect();
    InjectToA(ibwire::CmMra{.localCommId = 7,
                            .remoteCommId = hostA->cm.CommIdOf(a).value(),
                            .messageMraed = ibwire::MessageMraed::kReq,
                            .serviceTimeout = 20},
              sent.back().header.transactionId);
    ASSERT_EQ(StateA(), State::kMraReqRcvd);
    wire.DropAll();
    hostA->consumer.TakeNames();
    hostC->Listen();
    InjectToA(Rej24(Target(hostC->gid, kLidC)));
    EXPECT_EQ(sent.back().address.dlid, kLidC);
    EXPECT_EQ(hostA->port.Outstanding(), 1U);
    EXPECT_EQ(StateA(), State::kReqSent) << "the MRA was of the CM that is not asked any more";

    // The new CM may ask for more time, too.
    Settle();
    ASSERT_TRUE(hostC->cm.SendMra(hostC->consumer.accepted.at(0), {.privateData = {}}));
    Settle();
    EXPECT_EQ(StateA(), State::kMraReqRcvd);
    EXPECT_EQ(hostA->consumer.TakeNames(), "MRA_RECEIVED");
    runtime.Advance(std::chrono::seconds(60));
    EXPECT_EQ(StateA(), State::kMraReqRcvd) << "the MRA has asked for 68 s";
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
}

TEST_F(Redirecting, APortThatCannotSendThereTellsTheConsumer)
{
    a = Connect();
    wire.DropAll();
    hostA->end.SetDown(true);
    InjectToA(Rej24(Target(hostC->gid, kLidC)));
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(ToldToA().reason, RejReason::kPortAndCmRedirect);
    EXPECT_EQ(hostA->port.Outstanding(), 0U);
}

TEST_F(Redirecting, DestroyAfterFollowingTellsTheNewPlace)
{
    ListenElsewhere(Target(hostC->gid, kLidC));
    hostC->Listen();
    a = Connect();
    Settle();
    DestroyA(a);
    EXPECT_EQ(sent.back().address.dlid, kLidC);
    EXPECT_EQ(LastSent<ibwire::CmRej>().reason, RejReason::kTimeout);
    Settle();
    EXPECT_EQ(hostC->consumer.TakeNames(), "REQ_RECEIVED REJ_RECEIVED");
}

TEST_F(Redirecting, ASidrRequestFollows)
{
    ListenElsewhere(Target(hostC->gid, kLidC));
    hostC->Listen();
    a = CreateA();
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, Sidr()));
    const SentMad first = sent.back();
    Settle();
    ASSERT_EQ(hostC->consumer.told.size(), 1U);
    EXPECT_EQ(StateA(), State::kSidrReqSent);
    EXPECT_EQ(sent.back().bytes, first.bytes) << "it names no port";
    SidrRepParameters answer;
    answer.qpn = 0x456;
    ASSERT_TRUE(hostC->cm.SendSidrRep(hostC->consumer.Last().id, answer));
    Settle();
    EXPECT_EQ(hostA->consumer.TakeNames(), "SIDR_REP_RECEIVED");
    EXPECT_EQ(StateA(), State::kIdle);
}

TEST_F(Redirecting, SidrCirclesAndBadTargetsEnd)
{
    ListenElsewhere(Target(hostB->gid, kLidB));
    a = CreateA();
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, Sidr()));
    Settle();
    EXPECT_EQ(sent.size(), 10U) << "five tries and their answers";
    const auto& told = std::get<SidrRepReceived>(hostA->consumer.Last().event.parameters);
    EXPECT_EQ(told.status, ibwire::SidrStatus::kRedirect);
    EXPECT_EQ(told.infoLength, 72);
    EXPECT_EQ(told.info, BytesOf(Target(hostB->gid, kLidB)));

    for (const bool follow : {true, false})
    {
        SidrReqParameters parameters = Sidr();
        parameters.followRedirect = follow;
        a = CreateA();
        ASSERT_TRUE(hostA->cm.SendSidrReq(a, parameters));
        const std::uint64_t transaction = sent.back().header.transactionId;
        wire.DropAll();
        ibwire::CmSidrRep rep;
        rep.requestId = hostA->cm.CommIdOf(a).value();
        rep.status = ibwire::SidrStatus::kRedirect;
        rep.additionalInfoLength = follow ? 40 : 72;
        rep.additionalInfo = BytesOf(Target(hostC->gid, kLidC));
        InjectToA(rep, transaction);
        EXPECT_EQ(StateA(), State::kIdle);
        EXPECT_EQ(wire.InFlight(), 0U);
    }
}

/** A port with tables of the test's choice and nobody at the other end. */
class FieldWire final : public MadWire
{
  public:
    bool Transmit(const ibwire::MadBytes& mad, const MadAddress& address) override
    {
        sent.emplace_back(mad, address);
        return true;
    }

    std::uint16_t Lid() const override
    {
        return lid;
    }

    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const override
    {
        return gid == own ? std::optional<std::uint8_t>(3) : std::nullopt;
    }

    ibwire::Gid GidAt(std::uint8_t) const override
    {
        return own;
    }

    std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const override
    {
        return pkey == 0xffff   ? std::optional<std::uint16_t>(0)
               : pkey == 0x8123 ? std::optional<std::uint16_t>(9)
                                : std::nullopt;
    }

    std::uint16_t lid{40};
    ibwire::Gid own{ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0x77)};
    std::vector<std::pair<ibwire::MadBytes, MadAddress>> sent;
};

class RedirectAddress : public ::testing::Test
{
  protected:
    RedirectAddress()
    {
        path.sgid = field.own;
        path.dgid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0x88);
        path.slid = field.lid;
        path.dlid = 50;
        target = Target(ibwire::Gid::From(ibwire::kDefaultGidPrefix, 0x99), 60);
        target.redirectPkey = 0x8123;
        target.redirectQpn = 0x123456;
        target.redirectQkey = 0x8abcdef0;
        target.redirectSl = 5;
        target.redirectTrafficClass = 0x22;
        target.redirectFlowLabel = 0x54321;
    }

    /** Where the REQ goes after a REJ 24; nothing if it does not go. */
    std::optional<MadAddress> Follow()
    {
        StepRuntime runtime;
        ReliablePort port(runtime, field, 1);
        Recorder consumer(runtime);
        std::optional<MadAddress> address;
        {
            ConnectionManager cm(runtime, DeviceInfo{0x70, 10});
            EXPECT_TRUE(cm.AddPort(1, port));
            const Handle id = cm.Create(consumer).value();
            ReqParameters parameters;
            parameters.serviceId = kService;
            parameters.primaryPath = path;
            parameters.localQpn = kQpnA;
            EXPECT_TRUE(cm.SendReq(id, parameters));
            ibwire::CmRej rej;
            rej.remoteCommId = cm.CommIdOf(id).value();
            rej.reason = RejReason::kPortAndCmRedirect;
            rej.rejectInfoLength = 72;
            rej.ari = BytesOf(target);
            ReceivedMad mad;
            ibwire::MadHeader header;
            header.transactionId = ibwire::DecodeHeader(field.sent[0].first).transactionId;
            mad.bytes = ibwire::EncodeCm(header, rej).value();
            port.Received(mad);
            if (field.sent.size() == 2)
            {
                address = field.sent[1].second;
                request = std::get<ibwire::CmReq>(ibwire::DecodeCm(field.sent[1].first).value());
            }
            EXPECT_TRUE(cm.Destroy(id));
        }
        port.SetSink(nullptr);
        runtime.RunUntilIdle();
        return address;
    }

    FieldWire field;
    Path path;
    ibwire::ClassPortInfo target;
    ibwire::CmReq request;
};

TEST_F(RedirectAddress, TakesLidQpQkeyPkeyAndSl)
{
    const auto address = Follow();
    ASSERT_TRUE(address);
    EXPECT_EQ(address->dlid, 60);
    EXPECT_EQ(address->qpn, 0x123456U);
    EXPECT_EQ(address->qkey, 0x8abcdef0U);
    EXPECT_EQ(address->pkeyIndex, 9);
    EXPECT_EQ(address->sl, 5);
    EXPECT_FALSE(address->hasGrh) << "in one subnet none is needed";
}

TEST_F(RedirectAddress, KeepsTheGrhOfTheWayThere)
{
    path.hopLimit = 7;
    const auto address = Follow();
    ASSERT_TRUE(address);
    ASSERT_TRUE(address->hasGrh);
    EXPECT_EQ(address->dgid, target.redirectGid);
    EXPECT_EQ(address->flowLabel, 0x54321U);
    EXPECT_EQ(address->trafficClass, 0x22);
    EXPECT_EQ(address->hopLimit, 7);
    EXPECT_EQ(address->sgidIndex, 3);
    EXPECT_EQ(request.primaryRemoteLid, 0xffff) << "still routed";
    EXPECT_EQ(request.primaryRemoteGid, target.redirectGid);
}

TEST_F(RedirectAddress, AnotherSubnetNeedsAGrh)
{
    target.redirectGid = ibwire::Gid::From(0xfec0000000000001, 0x99);
    const auto address = Follow();
    ASSERT_TRUE(address);
    ASSERT_TRUE(address->hasGrh);
    EXPECT_EQ(address->dgid, target.redirectGid);
    EXPECT_EQ(address->sgidIndex, 3);
    EXPECT_GT(address->hopLimit, 1) << "a router would drop it";
}

TEST_F(RedirectAddress, WithoutAGidThePortStays)
{
    target.redirectGid = {};
    const auto address = Follow();
    ASSERT_TRUE(address);
    EXPECT_EQ(address->dlid, 60);
    EXPECT_EQ(request.primaryRemoteGid, path.dgid);
    EXPECT_EQ(request.primaryRemoteLid, 50);
}

TEST_F(RedirectAddress, WithoutALidOnlyOnEthernet)
{
    target.redirectLid = 0;
    EXPECT_FALSE(Follow());
    field.sent.clear();
    field.lid = 0;
    path.slid = 0;
    path.dlid = 0;
    path.hopLimit = 1;
    const auto address = Follow();
    ASSERT_TRUE(address);
    EXPECT_TRUE(address->hasGrh);
    EXPECT_EQ(address->dgid, target.redirectGid);
    EXPECT_EQ(address->dlid, 0);
    EXPECT_EQ(address->sgidIndex, 3);
}

} // namespace
} // namespace ibcm::test
