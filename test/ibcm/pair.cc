// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "pair.h"

#include <algorithm>
#include <ostream>

namespace ibcm::test
{

Disposition Recorder::OnCmEvent(ConnectionManager& manager, Handle id, const Event& event)
{
    EXPECT_EQ(m_inside[id], 0) << "two events of one id at once";
    ++m_inside[id];
    told.push_back({id, event, m_runtime.Now()});
    if (event.type == EventType::kReqReceived || event.type == EventType::kSidrReqReceived)
    {
        accepted.push_back(id);
    }
    const Disposition answer = react ? react(manager, id, event) : Disposition::kKeep;
    --m_inside[id];
    return answer;
}

std::string Recorder::TakeNames()
{
    std::string names;
    for (const Told& one : told)
    {
        names += (names.empty() ? "" : " ") + std::string(ToString(one.event.type));
    }
    told.clear();
    return names;
}

const Told& Recorder::Last() const
{
    if (told.empty())
    {
        throw std::logic_error("no event has been told");
    }
    return told.back();
}

void LifeObserver::OnSync(SyncKind, const void*, const char*)
{
}

void LifeObserver::OnAccess(const void*, const char*, bool)
{
}

void LifeObserver::OnMade(const char* objectClass, std::uint64_t, const void* object, std::size_t)
{
    ++m_made;
    EXPECT_TRUE(m_living.emplace(object, objectClass).second) << objectClass << " made twice";
}

void LifeObserver::OnFreed(const void* object)
{
    EXPECT_EQ(m_living.erase(object), 1U) << "something freed that was not made";
}

void LifeObserver::OnViolation(const char* invariant, const void*, const char* what)
{
    ADD_FAILURE() << "invariant " << invariant << " violated: " << what;
}

Host::Host(StepRuntime& runtime,
           LoopbackWire& wire,
           std::uint64_t guid,
           std::uint16_t lid,
           const Options& options)
    : gid(ibwire::Gid::From(ibwire::kDefaultGidPrefix, guid + 1)),
      end(wire.AddEnd({lid, {gid}, {0xffff}})),
      port(runtime, end, 1),
      consumer(runtime),
      cm(runtime, DeviceInfo{guid, 10}, options)
{
    end.Attach(&port);
    EXPECT_TRUE(cm.AddPort(1, port));
}

Host::~Host()
{
    end.Attach(nullptr);
}

SecondPort::SecondPort(StepRuntime& runtime, LoopbackWire& wire, Host& host, std::uint16_t portLid)
    : lid(portLid),
      gid(ibwire::Gid::From(ibwire::kDefaultGidPrefix, host.gid.Guid() + 1)),
      port(runtime, wire.AddEnd({portLid, {gid}, {0xffff}}), 2)
{
    EXPECT_TRUE(host.cm.AddPort(2, port));
}

Pair::Pair(const Options& options)
{
    runtime.SetObserver(&life);
    hostA = std::make_unique<Host>(runtime, wire, kGuidA, kLidA, options);
    hostB = std::make_unique<Host>(runtime, wire, kGuidB, kLidB, options);
    wire.SetTap(
        [this](const Flight& flight)
        {
            const auto message = ibwire::DecodeCm(flight.bytes);
            if (!message)
            {
                const ibwire::MadHeader header = ibwire::DecodeHeader(flight.bytes);
                EXPECT_EQ(header.method, ibwire::MadMethod::kGetResp)
                    << "something other than a CM message or an answer was sent";
                answers.push_back(flight);
                return;
            }
            sent.push_back({flight.from,
                            runtime.Now(),
                            flight.address,
                            ibwire::DecodeHeader(flight.bytes),
                            *message,
                            flight.bytes});
            history.push_back(sent.back());
        });
}

void Pair::TearDown()
{
    runtime.SetLockHook({});
    for (Host* host : {hostA.get(), hostB.get()})
    {
        host->end.SetDown(false);
        host->consumer.react = {};
    }
    wire.DropAll();
    for (const auto& [host, id] : created)
    {
        (void)host->cm.Destroy(id); // gone already, if the test has destroyed it
    }
    for (Host* host : {hostA.get(), hostB.get()})
    {
        for (const Handle id : host->consumer.accepted)
        {
            (void)host->cm.Destroy(id);
        }
    }
    wire.DropAll();
    runtime.RunUntilIdle();
    for (Host* host : {hostA.get(), hostB.get()})
    {
        EXPECT_EQ(host->cm.LiveIds(), 0U) << "leaked ids";
        EXPECT_EQ(host->cm.PeerRecords(), 0U) << "leaked peers";
        EXPECT_EQ(host->port.Outstanding(), 0U) << "leaked sends";
    }
    EXPECT_EQ(runtime.ReadyItems(), 0U);
    EXPECT_EQ(runtime.ArmedTimers(), 0U);
    EXPECT_EQ(life.Living(), 0U) << "objects made and not freed";
    hostA.reset();
    hostB.reset();
}

Path Pair::PathToB() const
{
    Path path;
    path.sgid = hostA->gid;
    path.dgid = hostB->gid;
    path.slid = kLidA;
    path.dlid = kLidB;
    path.packetLifeTime = kLifeTime;
    return path;
}

Path Pair::Reverse(const Path& path)
{
    Path reverse = path;
    std::swap(reverse.sgid, reverse.dgid);
    std::swap(reverse.slid, reverse.dlid);
    return reverse;
}

void Pair::AddSecondPorts()
{
    secondA = std::make_unique<SecondPort>(runtime, wire, *hostA, kLidA + 1);
    secondB = std::make_unique<SecondPort>(runtime, wire, *hostB, kLidB + 1);
}

Path Pair::AlternatePathToB() const
{
    Path path = PathToB();
    path.sgid = secondA->gid;
    path.dgid = secondB->gid;
    path.slid = secondA->lid;
    path.dlid = secondB->lid;
    return path;
}

ReqParameters Pair::ReachReq() const
{
    ReqParameters parameters = Req();
    if (secondA != nullptr)
    {
        parameters.alternatePath = AlternatePathToB();
    }
    return parameters;
}

ReqParameters Pair::Req() const
{
    ReqParameters parameters;
    parameters.serviceId = kService;
    parameters.primaryPath = PathToB();
    parameters.localQpn = kQpnA;
    parameters.startingPsn = kPsnA;
    parameters.responderResources = 3;
    parameters.initiatorDepth = 5;
    parameters.remoteCmResponseTimeout = kResponseTimeout;
    parameters.localCmResponseTimeout = kResponseTimeout + 1;
    parameters.maxCmRetries = kRetries;
    return parameters;
}

RepParameters Pair::Rep() const
{
    RepParameters parameters;
    parameters.localQpn = kQpnB;
    parameters.startingPsn = kPsnB;
    parameters.responderResources = 4;
    parameters.initiatorDepth = 2;
    parameters.targetAckDelay = 15;
    return parameters;
}

Handle Pair::CreateA()
{
    const auto id = hostA->cm.Create(hostA->consumer);
    EXPECT_TRUE(id);
    created.emplace_back(hostA.get(), *id);
    return *id;
}

Handle Pair::CreateB()
{
    const auto id = hostB->cm.Create(hostB->consumer);
    EXPECT_TRUE(id);
    created.emplace_back(hostB.get(), *id);
    return *id;
}

void Pair::DestroyA(Handle id)
{
    EXPECT_TRUE(hostA->cm.Destroy(id));
}

void Pair::DestroyB(Handle id)
{
    EXPECT_TRUE(hostB->cm.Destroy(id));
}

Handle Pair::ListenB(std::uint64_t serviceId)
{
    const Handle id = CreateB();
    EXPECT_TRUE(hostB->cm.Listen(id, serviceId));
    return id;
}

Handle Pair::Connect(const ReqParameters& parameters)
{
    const Handle id = CreateA();
    EXPECT_TRUE(hostA->cm.SendReq(id, parameters));
    return id;
}

Handle Pair::Connect()
{
    return Connect(Req());
}

Handle Pair::Accepted() const
{
    return hostB->consumer.accepted.at(hostB->consumer.accepted.size() - 1);
}

void Pair::Settle()
{
    while (wire.DeliverAll() + runtime.RunReady() != 0)
    {
    }
}

void Pair::ForgetRecords()
{
    sent.clear();
    hostA->consumer.told.clear();
    hostB->consumer.told.clear();
}

void Pair::Establish()
{
    ReachA(State::kEstablished);
}

void Pair::ReachSidr()
{
    if (listener == Handle::kNone)
    {
        listener = ListenB();
    }
    a = CreateA();
    SidrReqParameters parameters;
    parameters.serviceId = kService;
    parameters.path = PathToB();
    parameters.maxCmRetries = kRetries;
    ASSERT_TRUE(hostA->cm.SendSidrReq(a, parameters));
    Settle();
    b = Accepted();
    ForgetRecords();
}

void Pair::ReachA(State state)
{
    if (state == State::kIdle)
    {
        a = CreateA();
        return;
    }
    if (state == State::kListen)
    {
        a = CreateA();
        ASSERT_TRUE(hostA->cm.Listen(a, kService));
        return;
    }
    if (state == State::kSidrReqSent)
    {
        ReachSidr();
        return;
    }
    if (listener == Handle::kNone)
    {
        listener = ListenB();
    }
    a = Connect(ReachReq());
    Settle();
    b = Accepted();
    created.emplace_back(hostB.get(), b);
    if (state == State::kMraReqRcvd)
    {
        ASSERT_TRUE(hostB->cm.SendMra(b, {}));
        Settle();
    }
    if (state == State::kReqSent || state == State::kMraReqRcvd)
    {
        ForgetRecords();
        ASSERT_EQ(StateA(), state);
        return;
    }
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    if (state == State::kMraRepSent)
    {
        ASSERT_TRUE(hostA->cm.SendMra(a, {}));
        wire.DropAll();
    }
    if (state == State::kRepRcvd || state == State::kMraRepSent)
    {
        ForgetRecords();
        ASSERT_EQ(StateA(), state);
        return;
    }
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    switch (state)
    {
    case State::kEstablished:
        break;
    case State::kDreqSent:
        ASSERT_TRUE(hostA->cm.SendDreq(a));
        wire.DropAll();
        break;
    case State::kDreqRcvd:
        ASSERT_TRUE(hostB->cm.SendDreq(b));
        Settle();
        break;
    case State::kTimewait:
        ASSERT_TRUE(hostA->cm.SendDreq(a));
        Settle();
        ASSERT_TRUE(hostB->cm.SendDrep(b));
        Settle();
        break;
    default:
        throw std::logic_error("the active side cannot be brought to this state");
    }
    ForgetRecords();
    ASSERT_EQ(StateA(), state);
}

void Pair::ReachB(State state)
{
    switch (state)
    {
    case State::kIdle:
        b = CreateB();
        return;
    case State::kListen:
        b = ListenB();
        return;
    case State::kReqRcvd:
        ReachA(State::kReqSent);
        break;
    case State::kMraReqSent:
        ReachA(State::kMraReqRcvd);
        break;
    case State::kRepSent:
        ReachA(State::kReqSent);
        ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
        wire.DropAll();
        break;
    case State::kMraRepRcvd:
        ReachA(State::kRepRcvd);
        ASSERT_TRUE(hostA->cm.SendMra(a, {}));
        Settle();
        break;
    case State::kEstablished:
        ReachA(State::kEstablished);
        break;
    case State::kDreqSent:
        ReachA(State::kEstablished);
        ASSERT_TRUE(hostB->cm.SendDreq(b));
        wire.DropAll();
        break;
    case State::kDreqRcvd:
        ReachA(State::kEstablished);
        ASSERT_TRUE(hostA->cm.SendDreq(a));
        Settle();
        break;
    case State::kTimewait:
        ReachA(State::kTimewait);
        break;
    case State::kSidrReqRcvd:
        ReachSidr();
        break;
    default:
        throw std::logic_error("the passive side cannot be brought to this state");
    }
    ForgetRecords();
    ASSERT_EQ(StateB(), state);
}

void Pair::ReachLap(bool ofA, LapState state)
{
    if (secondA == nullptr)
    {
        AddSecondPorts();
    }
    ReachA(State::kEstablished);
    const bool asks = state == LapState::kLapSent || state == LapState::kMraLapRcvd;
    const bool byA = state == LapState::kIdle || asks == ofA; // who sends the LAP
    ConnectionManager& asker = byA ? hostA->cm : hostB->cm;
    ConnectionManager& answerer = byA ? hostB->cm : hostA->cm;
    if (state != LapState::kUninit)
    {
        LapParameters lap;
        lap.alternatePath = byA ? AlternatePathToB() : Reverse(AlternatePathToB());
        ASSERT_TRUE(asker.SendLap(byA ? a : b, lap));
    }
    if (state == LapState::kLapSent)
    {
        wire.DropAll();
    }
    Settle();
    if (state == LapState::kIdle)
    {
        ASSERT_TRUE(answerer.SendApr(byA ? b : a, {}));
    }
    else if (state == LapState::kMraLapSent || state == LapState::kMraLapRcvd)
    {
        ASSERT_TRUE(answerer.SendMra(byA ? b : a, {}));
    }
    Settle();
    ForgetRecords();
    ASSERT_EQ((ofA ? hostA : hostB)->cm.LapStateOf(ofA ? a : b), state);
}

void Pair::ReachLapA(LapState state)
{
    ReachLap(true, state);
}

void Pair::ReachLapB(LapState state)
{
    ReachLap(false, state);
}

State Pair::StateA() const
{
    return hostA->cm.StateOf(a).value();
}

State Pair::StateB() const
{
    return hostB->cm.StateOf(b).value();
}

std::string Pair::TakeSent()
{
    std::string names;
    for (const SentMad& mad : sent)
    {
        names += names.empty() ? "" : " ";
        names += mad.from == 0 ? "A>" : "B>";
        names += ibwire::ToString(ibwire::AttributeOf(mad.message));
    }
    sent.clear();
    return names;
}

namespace
{

ReceivedMad Received(const ibwire::CmMessage& message,
                     std::uint64_t transactionId,
                     std::uint16_t fromLid)
{
    ibwire::MadHeader header;
    header.transactionId = transactionId;
    ReceivedMad mad;
    mad.bytes = ibwire::EncodeCm(header, message).value();
    mad.replyAddress.dlid = fromLid;
    return mad;
}

} // namespace

std::uint64_t Pair::TransactionFor(const ibwire::CmMessage& message, std::size_t receiver) const
{
    constexpr std::uint64_t kNobodys = 77;
    const auto req = std::find_if(history.rbegin(),
                                  history.rend(),
                                  [receiver](const SentMad& mad) {
                                      return mad.from == receiver &&
                                             std::holds_alternative<ibwire::CmReq>(mad.message);
                                  });
    const bool rejects = std::holds_alternative<ibwire::CmRej>(message);
    return rejects && req != history.rend() ? req->header.transactionId : kNobodys;
}

void Pair::InjectToA(const ibwire::CmMessage& message, std::optional<std::uint64_t> transactionId)
{
    hostA->port.Received(
        Received(message, transactionId.value_or(TransactionFor(message, 0)), kLidB));
}

void Pair::InjectToB(const ibwire::CmMessage& message, std::optional<std::uint64_t> transactionId)
{
    hostB->port.Received(
        Received(message, transactionId.value_or(TransactionFor(message, 1)), kLidA));
}

std::vector<std::uint8_t> Bytes(std::size_t count, std::uint8_t from)
{
    std::vector<std::uint8_t> bytes(count);
    for (std::size_t i = 0; i < count; ++i)
    {
        bytes[i] = static_cast<std::uint8_t>(from + i);
    }
    return bytes;
}

bool Holds(std::span<const std::uint8_t> field, std::span<const std::uint8_t> bytes)
{
    for (std::size_t i = 0; i < field.size(); ++i)
    {
        if (field[i] != (i < bytes.size() ? bytes[i] : 0))
        {
            return false;
        }
    }
    return field.size() >= bytes.size();
}

} // namespace ibcm::test

namespace ibcm
{

void PrintTo(State state, std::ostream* out)
{
    *out << ToString(state);
}

void PrintTo(LapState state, std::ostream* out)
{
    *out << ToString(state);
}

void PrintTo(Input input, std::ostream* out)
{
    *out << ToString(input);
}

void PrintTo(CmError error, std::ostream* out)
{
    *out << ToString(error);
}

void PrintTo(EventType type, std::ostream* out)
{
    *out << ToString(type);
}

} // namespace ibcm
