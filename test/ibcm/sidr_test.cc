// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Service id resolution: client and server, each status, each message lost or doubled.
#include "two_ports.h"

namespace ibcm::test
{
namespace
{

using ibwire::CmAttribute;
using ibwire::CmSidrRep;
using ibwire::CmSidrReq;
using ibwire::SidrStatus;

constexpr Duration kTimeout = std::chrono::milliseconds(250);

SidrRepParameters Answer(std::uint32_t qpn)
{
    SidrRepParameters parameters;
    parameters.qpn = qpn;
    return parameters;
}

class Sidr : public TwoPorts
{
  protected:
    using TwoPorts::TwoPorts;

    SidrReqParameters Ask(std::uint64_t serviceId = kService) const
    {
        SidrReqParameters parameters;
        parameters.serviceId = serviceId;
        parameters.path = PathToB();
        parameters.timeout = kTimeout;
        parameters.maxCmRetries = kRetries;
        return parameters;
    }

    /** A's request is at B, whose handler has kept it: ids a and b; the records are empty. */
    void AskB()
    {
        if (listener == Handle::kNone)
        {
            listener = ListenB();
        }
        a = a == Handle::kNone ? CreateA() : a;
        ASSERT_TRUE(hostA->cm.SendSidrReq(a, Ask()));
        request = sent.back();
        Settle();
        ASSERT_EQ(hostB->consumer.Last().event.type, EventType::kSidrReqReceived);
        b = hostB->consumer.Last().id;
        created.emplace_back(hostB.get(), b);
        ForgetRecords();
    }

    SentMad request{};
};

TEST_F(Sidr, TheRequestSaysWhatItIs)
{
    listener = ListenB();
    const auto data = Bytes(216);
    SidrReqParameters parameters = Ask();
    parameters.privateData = data;
    a = CreateA();
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, parameters));
    EXPECT_EQ(StateA(), State::kSidrReqSent);
    const auto& req = LastSent<CmSidrReq>();
    EXPECT_EQ(req.requestId, hostA->cm.CommIdOf(a).value());
    EXPECT_EQ(req.serviceId, kService);
    EXPECT_EQ(req.pkey, 0xffff);
    EXPECT_TRUE(Holds(req.privateData, data));
    EXPECT_EQ(sent.back().header.attributeModifier, 0U);
    Settle();
    const Told& told = hostB->consumer.Last();
    created.emplace_back(hostB.get(), told.id);
    ASSERT_EQ(told.event.type, EventType::kSidrReqReceived);
    EXPECT_TRUE(Holds(told.event.privateData.Bytes(), data));
    const auto& received = std::get<SidrReqReceived>(told.event.parameters);
    EXPECT_EQ(received.listener, listener);
    EXPECT_EQ(received.serviceId, kService);
    EXPECT_EQ(received.requestId, hostA->cm.CommIdOf(a).value());
    EXPECT_EQ(received.pkey, 0xffff);
    EXPECT_EQ(received.bthPkey, 0xffff);
    EXPECT_EQ(received.port, 1);
    EXPECT_EQ(received.address.dlid, kLidA);
    EXPECT_EQ(hostB->cm.StateOf(told.id), State::kSidrReqRcvd);
}

TEST_F(Sidr, TheAnswerEndsBothIds)
{
    AskB();
    SidrRepParameters answer;
    answer.qpn = 0xffffff;
    answer.qkey = 0xffffffff;
    answer.ece = {0xffffff, 0xfedcba98};
    const auto info = Bytes(72, 3);
    const auto data = Bytes(136, 5);
    answer.info = info;
    answer.privateData = data;
    ASSERT_TRUE(hostB->cm.SendSidrRep(b, answer));
    EXPECT_EQ(StateB(), State::kIdle);
    const auto& rep = LastSent<CmSidrRep>();
    EXPECT_EQ(rep.requestId, hostA->cm.CommIdOf(a).value());
    EXPECT_EQ(rep.serviceId, kService);
    EXPECT_EQ(rep.additionalInfoLength, 72);
    EXPECT_EQ(sent.back().header.transactionId, request.header.transactionId);
    EXPECT_EQ(sent.back().header.attributeModifier, 0xfedcba98U);
    Settle();
    EXPECT_EQ(StateA(), State::kIdle);
    const Event& event = hostA->consumer.Last().event;
    ASSERT_EQ(event.type, EventType::kSidrRepReceived);
    const auto& received = std::get<SidrRepReceived>(event.parameters);
    EXPECT_EQ(received.status, SidrStatus::kSuccess);
    EXPECT_EQ(received.qpn, 0xffffffU);
    EXPECT_EQ(received.qkey, 0xffffffffU);
    EXPECT_EQ(received.ece, (Ece{0xffffff, 0xfedcba98}));
    EXPECT_EQ(received.infoLength, 72);
    EXPECT_TRUE(Holds(received.info, info));
    EXPECT_TRUE(Holds(event.privateData.Bytes(), data));
    EXPECT_EQ(hostA->port.Outstanding(), 0U);
    EXPECT_EQ(runtime.ArmedTimers(), 0U);
}

TEST_F(Sidr, EachStatusArrivesAndNamesTheService)
{
    for (unsigned status = 0; status < 256; status += status < 6 ? 1 : 83)
    {
        SCOPED_TRACE(status);
        AskB();
        SidrRepParameters answer;
        answer.status = static_cast<SidrStatus>(status);
        ASSERT_TRUE(hostB->cm.SendSidrRep(b, answer));
        EXPECT_EQ(LastSent<CmSidrRep>().serviceId, kService);
        EXPECT_EQ(LastSent<CmSidrRep>().additionalInfoLength, 0);
        Settle();
        EXPECT_EQ(std::get<SidrRepReceived>(hostA->consumer.Last().event.parameters).status,
                  answer.status);
        EXPECT_EQ(StateA(), State::kIdle);
    }
}

TEST_F(Sidr, WithoutAListenerTheServiceIsNotSupported)
{
    listener = ListenB();
    a = CreateA();
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, Ask(kService + 1)));
    Settle();
    const auto& rep = LastSent<CmSidrRep>();
    EXPECT_EQ(rep.status, SidrStatus::kServiceNotSupported);
    EXPECT_EQ(rep.serviceId, kService + 1);
    EXPECT_EQ(rep.requestId, hostA->cm.CommIdOf(a).value());
    EXPECT_EQ(hostA->consumer.TakeNames(), "SIDR_REP_RECEIVED");
    EXPECT_EQ(hostB->cm.LiveIds(), 1U) << "the listener";
}

TEST_F(Sidr, AHandlerThatDestroysRejects)
{
    listener = ListenB();
    for (const Disposition answer : {Disposition::kDestroy, Disposition::kDestroyNoMemory})
    {
        hostB->consumer.react = [answer](auto&, Handle, const Event&) { return answer; };
        a = CreateA();
        ASSERT_TRUE(hostA->cm.SendSidrReq(a, Ask()));
        Settle();
        EXPECT_EQ(LastSent<CmSidrRep>().status, SidrStatus::kRejected);
        EXPECT_EQ(LastSent<CmSidrRep>().serviceId, kService);
        EXPECT_EQ(hostA->consumer.TakeNames(), "SIDR_REP_RECEIVED");
        EXPECT_EQ(hostB->cm.LiveIds(), 1U);
    }
}

TEST_F(Sidr, AHandlerMayAnswerAndDestroy)
{
    listener = ListenB();
    hostB->consumer.react = [](ConnectionManager& cm, Handle id, const Event&)
    {
        EXPECT_TRUE(cm.SendSidrRep(id, Answer(7)));
        return Disposition::kDestroy;
    };
    a = CreateA();
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, Ask()));
    Settle();
    EXPECT_EQ(TakeSent(), "A>SIDR_REQ B>SIDR_REP");
    EXPECT_EQ(std::get<SidrRepReceived>(hostA->consumer.Last().event.parameters).qpn, 7U);
}

TEST_F(Sidr, DestroyingTheServersIdRejects)
{
    AskB();
    DestroyB(b);
    EXPECT_EQ(LastSent<CmSidrRep>().status, SidrStatus::kRejected);
    EXPECT_EQ(sent.back().header.transactionId, request.header.transactionId);
    Settle();
    EXPECT_EQ(hostA->consumer.TakeNames(), "SIDR_REP_RECEIVED");
}

TEST_F(Sidr, DestroyingTheClientsIdSaysNothing)
{
    AskB();
    DestroyA(a);
    EXPECT_EQ(TakeSent(), "");
    EXPECT_EQ(hostA->port.Outstanding(), 0U);
    ASSERT_TRUE(hostB->cm.SendSidrRep(b, {}));
    Settle();
    EXPECT_EQ(CountOf(hostA->cm.Counters(), Discard::kUnknownId), 1U);
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
}

TEST_F(Sidr, ALostRequestIsSentAgainUntilTheRetriesHaveRunOut)
{
    a = CreateA();
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, Ask()));
    const ibwire::MadBytes first = sent.back().bytes;
    for (unsigned i = 0; i < kRetries; ++i)
    {
        wire.DropAll();
        TakeSent();
        runtime.Advance(kTimeout - Duration{1});
        ASSERT_TRUE(sent.empty());
        runtime.Advance(Duration{1});
        ASSERT_EQ(sent.size(), 1U);
        EXPECT_EQ(sent.back().bytes, first);
    }
    wire.DropAll();
    TakeSent();
    runtime.Advance(kTimeout - Duration{1});
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
    runtime.Advance(Duration{1});
    EXPECT_EQ(std::get<SendFailed>(hostA->consumer.Last().event.parameters).cause,
              SendFailed::Cause::kTimeout);
    EXPECT_EQ(hostA->consumer.TakeNames(), "SIDR_REQ_ERROR");
    EXPECT_EQ(StateA(), State::kIdle);
    EXPECT_EQ(TakeSent(), "");
}

TEST_F(Sidr, WithoutRetriesItIsSentOnce)
{
    a = CreateA();
    SidrReqParameters parameters = Ask();
    parameters.maxCmRetries = 0;
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, parameters));
    wire.DropAll();
    runtime.Advance(kTimeout);
    EXPECT_EQ(TakeSent(), "A>SIDR_REQ");
    EXPECT_EQ(hostA->consumer.TakeNames(), "SIDR_REQ_ERROR");
}

TEST_F(Sidr, ARequestThatComesAgainBeforeItsAnswerIsDropped)
{
    AskB();
    runtime.Advance(kTimeout);
    Settle();
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
    EXPECT_EQ(CountOf(hostB->cm.Counters().duplicates, CmAttribute::kSidrReq), 1U);
    EXPECT_EQ(hostB->cm.LiveIds(), 2U);
}

TEST_F(Sidr, ARequestThatComesAgainAfterItsAnswerIsANewOne)
{
    AskB();
    ASSERT_TRUE(hostB->cm.SendSidrRep(b, {}));
    wire.DropAll();
    runtime.Advance(kTimeout);
    Settle();
    ASSERT_EQ(hostB->consumer.Last().event.type, EventType::kSidrReqReceived);
    const Handle second = hostB->consumer.Last().id;
    EXPECT_NE(second, b);
    ASSERT_TRUE(hostB->cm.SendSidrRep(second, {}));
    Settle();
    EXPECT_EQ(hostA->consumer.TakeNames(), "SIDR_REP_RECEIVED");
    EXPECT_TRUE(hostB->cm.Destroy(second));
}

/** A request from some client, as it arrives at B. */
ReceivedMad FromClient(std::uint32_t requestId, std::uint16_t lid, std::uint64_t guid)
{
    CmSidrReq req;
    req.requestId = requestId;
    req.serviceId = kService;
    ReceivedMad mad;
    mad.bytes = ibwire::EncodeCm(ibwire::MadHeader{.transactionId = 9}, req).value();
    mad.replyAddress.dlid = lid;
    mad.replyAddress.hasGrh = guid != 0;
    if (guid != 0)
    {
        mad.replyAddress.dgid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, guid);
    }
    return mad;
}

TEST_F(Sidr, ClientsAreToldApartByRequestLidAndGid)
{
    listener = ListenB();
    const auto ask = [this](const ReceivedMad& mad)
    {
        const std::size_t before = hostB->consumer.told.size();
        hostB->port.Received(mad);
        if (hostB->consumer.told.size() == before)
        {
            return false;
        }
        created.emplace_back(hostB.get(), hostB->consumer.Last().id);
        return true;
    };
    EXPECT_TRUE(ask(FromClient(5, kLidA, 0)));
    EXPECT_FALSE(ask(FromClient(5, kLidA, 0)));
    EXPECT_TRUE(ask(FromClient(6, kLidA, 0)));
    EXPECT_TRUE(ask(FromClient(5, kLidA2, 0)));
    EXPECT_TRUE(ask(FromClient(5, 0, 1)));
    EXPECT_FALSE(ask(FromClient(5, 0, 1)));
    EXPECT_TRUE(ask(FromClient(5, 0, 2))) << "on Ethernet all clients have the same LID, none";
    EXPECT_FALSE(ask(FromClient(0, kLidA, 0))) << "a request without a name";
    EXPECT_EQ(CountOf(hostB->cm.Counters(), Discard::kZeroCommId), 1U);
    wire.DropAll();
}

TEST_F(Sidr, AsManyAsComeFindRoom)
{
    constexpr std::uint32_t kRequests = 1000; // several times what the table begins with
    listener = ListenB();
    for (std::uint32_t i = 1; i <= kRequests; ++i)
    {
        hostB->port.Received(FromClient(i, kLidA, 0));
        created.emplace_back(hostB.get(), hostB->consumer.Last().id);
    }
    EXPECT_EQ(hostB->cm.LiveIds(), kRequests + 1);
    wire.DropAll();
}

TEST_F(Sidr, AnAnswerMustAnswerThisRequest)
{
    AskB();
    CmSidrRep rep{.requestId = hostA->cm.CommIdOf(a).value(), .serviceId = kService};
    InjectToA(rep, request.header.transactionId + 1);
    EXPECT_EQ(CountOf(hostA->cm.Counters(), Discard::kTransactionId), 1U);
    rep.requestId ^= 0x10000000;
    InjectToA(rep, request.header.transactionId);
    EXPECT_EQ(CountOf(hostA->cm.Counters(), Discard::kUnknownId), 1U);
    EXPECT_EQ(StateA(), State::kSidrReqSent);
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
    rep.requestId ^= 0x10000000;
    InjectToA(rep, request.header.transactionId);
    EXPECT_EQ(hostA->consumer.TakeNames(), "SIDR_REP_RECEIVED");
    InjectToA(rep, request.header.transactionId);
    EXPECT_EQ(hostA->consumer.TakeNames(), "") << "once";
}

TEST_F(Sidr, TheLengthOfInformationIsNotBelieved)
{
    for (const unsigned claim : {0U, 71U, 72U, 73U, 255U})
    {
        AskB();
        CmSidrRep rep{.requestId = hostA->cm.CommIdOf(a).value(),
                      .status = SidrStatus::kRejected,
                      .additionalInfoLength = static_cast<std::uint8_t>(claim),
                      .serviceId = kService};
        rep.additionalInfo.fill(0xee);
        rep.privateData.fill(0xdd);
        InjectToA(rep, request.header.transactionId);
        const auto& received = std::get<SidrRepReceived>(hostA->consumer.Last().event.parameters);
        EXPECT_EQ(received.infoLength, std::min(claim, 72U));
        for (std::size_t i = 0; i < 72; ++i)
        {
            ASSERT_EQ(received.info[i], i < claim ? 0xee : 0) << i;
        }
        DestroyB(b);
        wire.DropAll();
    }
}

TEST_F(Sidr, ArgumentsOfTheRequestAreChecked)
{
    a = CreateA();
    const auto refused = [this](auto change)
    {
        SidrReqParameters parameters = Ask();
        change(parameters);
        const Status status = hostA->cm.SendSidrReq(a, parameters);
        EXPECT_EQ(StateA(), State::kIdle);
        EXPECT_EQ(TakeSent(), "");
        return status ? std::string("accepted") : std::string(ToString(status.error()));
    };
    const std::string argument = ToString(CmError::kInvalidArgument);
    const auto tooMuch = Bytes(217);
    EXPECT_EQ(refused([&](SidrReqParameters& p) { p.privateData = tooMuch; }),
              ToString(CmError::kPrivateDataLength));
    EXPECT_EQ(refused([](SidrReqParameters& p) { p.timeout = Duration{0}; }), argument);
    EXPECT_EQ(refused([](SidrReqParameters& p) { p.timeout = Duration{-1}; }), argument);
    EXPECT_EQ(refused([](SidrReqParameters& p) { p.maxCmRetries = 16; }), argument);
    EXPECT_EQ(refused([](SidrReqParameters& p) { p.path.dgid = {}; }), argument);
    EXPECT_EQ(refused([](SidrReqParameters& p) { p.path.sgid = p.path.dgid; }),
              ToString(CmError::kNoPort));
    EXPECT_EQ(refused([](SidrReqParameters& p) { p.path.pkey = 0x8001; }),
              ToString(CmError::kNoPkey));
    hostA->end.SetDown(true);
    EXPECT_EQ(refused([](SidrReqParameters&) {}), ToString(CmError::kSendFailed));
    hostA->end.SetDown(false);
    EXPECT_EQ(hostA->cm.SendSidrReq(Handle::kNone, Ask()), tl::unexpected(CmError::kInvalidHandle));
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, Ask()));
    EXPECT_EQ(hostA->cm.SendSidrReq(a, Ask()), tl::unexpected(CmError::kInvalidState));
    EXPECT_EQ(hostA->cm.SendReq(a, Req()), tl::unexpected(CmError::kInvalidState));
}

TEST_F(Sidr, ArgumentsOfTheAnswerAreChecked)
{
    AskB();
    const auto refused = [this](const SidrRepParameters& parameters)
    {
        const Status status = hostB->cm.SendSidrRep(b, parameters);
        EXPECT_EQ(StateB(), State::kSidrReqRcvd);
        return status ? std::string("accepted") : std::string(ToString(status.error()));
    };
    const std::string argument = ToString(CmError::kInvalidArgument);
    const std::string length = ToString(CmError::kPrivateDataLength);
    SidrRepParameters answer;
    const auto info = Bytes(73);
    const auto data = Bytes(137);
    answer.info = info;
    EXPECT_EQ(refused(answer), length);
    answer = {};
    answer.privateData = data;
    EXPECT_EQ(refused(answer), length);
    answer = {};
    answer.qpn = 0x1000000;
    EXPECT_EQ(refused(answer), argument);
    answer = {};
    answer.ece.vendorId = 0x1000000;
    EXPECT_EQ(refused(answer), argument);
    hostB->end.SetDown(true);
    EXPECT_EQ(refused({}), ToString(CmError::kSendFailed));
    hostB->end.SetDown(false);
    EXPECT_EQ(hostB->cm.SendSidrRep(Handle::kNone, {}), tl::unexpected(CmError::kInvalidHandle));
    EXPECT_EQ(hostA->cm.SendSidrRep(a, {}), tl::unexpected(CmError::kInvalidState));
    ASSERT_TRUE(hostB->cm.SendSidrRep(b, {}));
    EXPECT_EQ(hostB->cm.SendSidrRep(b, {}), tl::unexpected(CmError::kInvalidState)) << "once";
}

TEST_F(Sidr, AnIdThatHasAskedCanConnect)
{
    AskB();
    ASSERT_TRUE(hostB->cm.SendSidrRep(b, Answer(9)));
    Settle();
    hostA->consumer.TakeNames();
    ASSERT_TRUE(hostA->cm.SendReq(a, Req()));
    Settle();
    b = Accepted();
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    EXPECT_EQ(hostA->consumer.TakeNames(), "REP_RECEIVED");
    EXPECT_EQ(StateA(), State::kEstablished);
    EXPECT_EQ(StateB(), State::kEstablished);
}

TEST_F(Sidr, AnIdThatHasAnsweredCanConnectToo)
{
    AskB();
    ASSERT_TRUE(hostB->cm.SendSidrRep(b, {}));
    Settle();
    ASSERT_TRUE(hostA->cm.Listen(a, kService));
    ReqParameters req = Req();
    std::swap(req.primaryPath.sgid, req.primaryPath.dgid);
    std::swap(req.primaryPath.slid, req.primaryPath.dlid);
    ASSERT_TRUE(hostB->cm.SendReq(b, req));
    Settle();
    EXPECT_EQ(StateB(), State::kReqSent);
    EXPECT_EQ(hostA->consumer.Last().event.type, EventType::kReqReceived);
}

TEST_F(Sidr, AnIdMayAskAgainAndIsNotMetByTheAnswerBefore)
{
    AskB();
    ASSERT_TRUE(hostB->cm.SendSidrRep(b, Answer(1)));
    ASSERT_TRUE(wire.Duplicate());
    ASSERT_TRUE(wire.Deliver());
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, Ask()));
    ASSERT_TRUE(wire.Deliver()); // the copy of the first answer
    EXPECT_EQ(StateA(), State::kSidrReqSent);
    Settle();
    const Handle second = hostB->consumer.Last().id;
    ASSERT_TRUE(hostB->cm.SendSidrRep(second, Answer(2)));
    Settle();
    EXPECT_EQ(std::get<SidrRepReceived>(hostA->consumer.Last().event.parameters).qpn, 2U);
    EXPECT_EQ(hostA->consumer.TakeNames(), "SIDR_REP_RECEIVED SIDR_REP_RECEIVED");
    EXPECT_TRUE(hostB->cm.Destroy(second));
}

TEST_F(Sidr, ThePortThatItWaitsAtIsRemoved)
{
    AskB();
    ASSERT_TRUE(hostA->cm.RemovePort(1));
    Settle();
    EXPECT_EQ(std::get<SendFailed>(hostA->consumer.Last().event.parameters).cause,
              SendFailed::Cause::kPort);
    EXPECT_EQ(hostA->consumer.TakeNames(), "SIDR_REQ_ERROR");
    EXPECT_EQ(StateA(), State::kIdle);
    ASSERT_TRUE(hostB->cm.RemovePort(1));
    EXPECT_EQ(hostB->cm.SendSidrRep(b, {}), tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(StateB(), State::kSidrReqRcvd);
}

class SidrAsLinux : public Sidr
{
  protected:
    SidrAsLinux()
        : Sidr(LinuxOptions())
    {
    }
};

TEST_F(SidrAsLinux, ClientsOfOneLidAreNotToldApart)
{
    listener = ListenB();
    hostB->port.Received(FromClient(5, 0, 1));
    created.emplace_back(hostB.get(), hostB->consumer.Last().id);
    hostB->port.Received(FromClient(5, 0, 2));
    EXPECT_EQ(hostB->consumer.TakeNames(), "SIDR_REQ_RECEIVED");
    EXPECT_EQ(CountOf(hostB->cm.Counters().duplicates, CmAttribute::kSidrReq), 1U);
    wire.DropAll();
}

TEST_F(SidrAsLinux, TheTransactionOfAnAnswerIsNotChecked)
{
    AskB();
    InjectToA(CmSidrRep{.requestId = hostA->cm.CommIdOf(a).value()}, 1);
    EXPECT_EQ(hostA->consumer.TakeNames(), "SIDR_REP_RECEIVED");
}

} // namespace
} // namespace ibcm::test
