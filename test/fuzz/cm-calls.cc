// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fuzz/cm-calls.h"

namespace weft::fuzz
{

namespace
{

using ibcm::CmError;
using ibcm::LapState;
using ibcm::State;
using ibcm::Status;

template <class... Values>
constexpr std::uint32_t Set(Values... values)
{
    return ((1U << static_cast<unsigned>(values)) | ... | 0U);
}

template <class Value>
constexpr bool In(std::uint32_t set, Value value)
{
    return (set >> static_cast<unsigned>(value) & 1) != 0;
}

constexpr std::uint32_t kWaitingForRej = Set(State::kReqSent,
                                             State::kReqRcvd,
                                             State::kMraReqSent,
                                             State::kMraReqRcvd,
                                             State::kRepSent,
                                             State::kRepRcvd,
                                             State::kMraRepSent,
                                             State::kMraRepRcvd);
constexpr std::uint32_t kArgument = Set(CmError::kInvalidArgument);
constexpr std::uint32_t kLength = Set(CmError::kPrivateDataLength);
constexpr std::uint32_t kRoute = Set(CmError::kNoPort, CmError::kNoPkey);
constexpr std::uint32_t kSending = Set(CmError::kSendFailed);
constexpr std::uint32_t kMemory = Set(CmError::kNoResources);

/** What connection-manager.h promises; kInvalidState and kInvalidHandle are always possible. */
struct Contract
{
    const char* name;
    std::uint32_t from; ///< states in which it may succeed
    std::uint32_t to;   ///< states that it may lead to
    std::uint32_t errors;
    std::uint32_t afterSendFailed; ///< the states then; none: the one before
};

constexpr Contract kContracts[kCalls] = {
    {"Listen",
     Set(State::kIdle),
     Set(State::kListen),
     kArgument | kMemory | Set(CmError::kAddressInUse),
     0},
    {"SendReq",
     Set(State::kIdle),
     Set(State::kReqSent),
     kArgument | kLength | kRoute | kMemory | kSending,
     0},
    {"SendRep",
     Set(State::kReqRcvd, State::kMraReqSent),
     Set(State::kRepSent),
     kArgument | kLength | kSending,
     0},
    {"SendRtu",
     Set(State::kRepRcvd, State::kMraRepSent),
     Set(State::kEstablished),
     kLength | kSending,
     0},
    {"SendMra",
     Set(State::kReqRcvd, State::kRepRcvd, State::kEstablished),
     Set(State::kMraReqSent, State::kMraRepSent, State::kEstablished),
     kArgument | kLength | kSending,
     0},
    {"SendRej",
     kWaitingForRej,
     Set(State::kIdle, State::kTimewait),
     kLength | kSending,
     Set(State::kIdle, State::kTimewait)},
    {"SendDreq",
     Set(State::kEstablished),
     Set(State::kDreqSent),
     kLength | kSending,
     Set(State::kTimewait)},
    {"SendDrep",
     Set(State::kDreqRcvd),
     Set(State::kTimewait),
     kLength | kSending,
     Set(State::kTimewait)},
    {"SendLap",
     Set(State::kEstablished),
     Set(State::kEstablished),
     kArgument | kLength | kRoute | kSending,
     0},
    {"SendApr", Set(State::kEstablished), Set(State::kEstablished), kLength | kSending, 0},
    {"SendSidrReq",
     Set(State::kIdle),
     Set(State::kSidrReqSent),
     kArgument | kLength | kRoute | kSending,
     0},
    {"SendSidrRep", Set(State::kSidrReqRcvd), Set(State::kIdle), kArgument | kLength | kSending, 0},
    {"NotifyEstablished",
     Set(State::kRepSent, State::kMraRepRcvd),
     Set(State::kEstablished),
     Set(CmError::kAlreadyConnected),
     0},
    {"NotifyMigrated", Set(State::kEstablished), Set(State::kEstablished), 0, 0},
    {"InitQpAttributes", ~0U, ~0U, 0, 0},
};

constexpr std::array<std::uint8_t, kMaxPrivateData> kData = []
{
    std::array<std::uint8_t, kMaxPrivateData> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
    {
        bytes[i] = static_cast<std::uint8_t>(i + 1);
    }
    return bytes;
}();

/** Private data: mostly none or a little, sometimes as much as there is room for, or more. */
std::span<const std::uint8_t> AnyData(Draws& input)
{
    return std::span(kData).first(input.OneIn(4) ? input.Byte() : input.Below(16));
}

std::uint8_t AnyExponent(Draws& input, std::uint8_t usual)
{
    return input.OneIn(8) ? input.Byte() : usual;
}

std::uint32_t AnyQpn(Draws& input)
{
    return input.OneIn(16) ? static_cast<std::uint32_t>(input.Number(4)) : 1 + input.Below(4);
}

ibwire::ClassPortInfo AnyTarget(const World& world, Draws& input, std::size_t host)
{
    ibwire::ClassPortInfo target;
    target.redirectLid = world.hosts[host].sides[input.Below(kPorts)].lid;
    target.redirectPkey = 0xffff;
    target.redirectQpn = input.Below(2);
    return target;
}

Status SendReq(World& world, Draws& input, const IdRecord& record)
{
    ibcm::ReqParameters req = world.Req(record.host, AnyQpn(input));
    const std::uint8_t choice = input.Byte();
    req.serviceId = kService + (choice & 3);
    req.qpType = static_cast<ibcm::QpType>((choice >> 2 & 7) == 7 ? input.Below(5) : 0);
    req.peerToPeer = (choice >> 5 & 1) != 0;
    req.maxCmRetries = choice >> 6;
    if (input.OneIn(4))
    {
        req.primaryPath = AnyPath(world, input, record.host);
        req.remoteCmResponseTimeout = AnyExponent(input, 18);
        req.localCmResponseTimeout = AnyExponent(input, 18);
        req.minResponderResources = static_cast<std::uint8_t>(input.Below(8));
        req.ece = {static_cast<std::uint32_t>(input.Below(2)), input.Byte()};
    }
    if (input.OneIn(4))
    {
        req.alternatePath = AnyPath(world, input, record.host);
    }
    req.privateData = AnyData(input);
    return world.hosts[record.host].cm->SendReq(record.id, req);
}

Status SendRep(World& world, Draws& input, const IdRecord& record)
{
    ibcm::RepParameters rep;
    rep.localQpn = AnyQpn(input);
    rep.responderResources = 4;
    rep.initiatorDepth = 4;
    if (input.OneIn(4))
    {
        rep.startingPsn = static_cast<std::uint32_t>(input.Number(4));
        rep.targetAckDelay = AnyExponent(input, 15);
        rep.failoverAccepted = static_cast<std::uint8_t>(input.Below(5));
        rep.rnrRetryCount = static_cast<std::uint8_t>(input.Below(9));
        rep.responderResources = input.Byte();
    }
    rep.privateData = AnyData(input);
    return world.hosts[record.host].cm->SendRep(record.id, rep);
}

Status SendSidrReq(World& world, Draws& input, const IdRecord& record)
{
    ibcm::SidrReqParameters req;
    req.serviceId = kService + input.Below(4);
    req.path = AnyPath(world, input, record.host);
    req.maxCmRetries = static_cast<std::uint8_t>(input.Below(18));
    req.timeout = ibcm::Duration{std::chrono::milliseconds{input.Byte()}};
    req.privateData = AnyData(input);
    return world.hosts[record.host].cm->SendSidrReq(record.id, req);
}

Status SendSidrRep(World& world, Draws& input, const IdRecord& record)
{
    ibcm::SidrRepParameters rep;
    rep.status = static_cast<ibwire::SidrStatus>(input.Below(8));
    rep.qpn = AnyQpn(input);
    rep.info = std::span(kData).first(input.Below(80));
    rep.privateData = AnyData(input);
    return world.hosts[record.host].cm->SendSidrRep(record.id, rep);
}

Status SendLap(World& world, Draws& input, const IdRecord& record)
{
    ibcm::LapParameters lap;
    lap.alternatePath = world.PathFrom(record.host, 1);
    if (input.OneIn(4))
    {
        lap.alternatePath = AnyPath(world, input, record.host);
    }
    lap.remoteCmResponseTimeout = AnyExponent(input, 18);
    lap.privateData = AnyData(input);
    return world.hosts[record.host].cm->SendLap(record.id, lap);
}

Status Make(World& world, Draws& input, const IdRecord& record, Call call)
{
    ibcm::ConnectionManager& cm = *world.hosts[record.host].cm;
    switch (call)
    {
    case Call::kListen:
    {
        const ibcm::ListenParameters parameters = AnyListener(world, input, record.host);
        const auto service = cm.Listen(record.id, parameters);
        if (service && parameters.shared)
        {
            world.oracle.Find(record.host, record.id)->shared = true; // ListenShared may join it
        }
        return service ? Status{} : tl::unexpected(service.error());
    }
    case Call::kSendReq:
        return SendReq(world, input, record);
    case Call::kSendRep:
        return SendRep(world, input, record);
    case Call::kSendRtu:
        return cm.SendRtu(record.id, AnyData(input));
    case Call::kSendMra:
    {
        const std::uint8_t timeout = AnyExponent(input, 20);
        const bool onDuplicateOnly = input.OneIn(4);
        return cm.SendMra(record.id, {timeout, onDuplicateOnly, AnyData(input)});
    }
    case Call::kSendRej:
    {
        const auto reason = static_cast<ibwire::RejReason>(input.Below(40));
        const auto info = std::span(kData).first(input.Below(80));
        return cm.SendRej(record.id, reason, info, AnyData(input));
    }
    case Call::kSendDreq:
        return cm.SendDreq(record.id, AnyData(input));
    case Call::kSendDrep:
        return cm.SendDrep(record.id, AnyData(input));
    case Call::kSendLap:
        return SendLap(world, input, record);
    case Call::kSendApr:
    {
        const auto status = static_cast<ibwire::AprStatus>(input.Below(16));
        const auto info = std::span(kData).first(input.Below(80));
        return cm.SendApr(record.id, {status, info, AnyData(input)});
    }
    case Call::kSendSidrReq:
        return SendSidrReq(world, input, record);
    case Call::kSendSidrRep:
        return SendSidrRep(world, input, record);
    case Call::kNotifyEstablished:
        return cm.NotifyEstablished(record.id);
    case Call::kNotifyMigrated:
        return cm.NotifyMigrated(record.id);
    case Call::kInitQpAttributes:
    {
        const auto attributes =
            cm.InitQpAttributes(record.id, static_cast<ibcm::QpTarget>(input.Below(3)));
        return attributes ? Status{} : tl::unexpected(attributes.error());
    }
    }
    return {};
}

} // namespace

ibcm::Path AnyPath(const World& world, Draws& input, std::size_t host)
{
    ibcm::Path path = world.PathFrom(host, input.Below(kPorts));
    switch (input.Below(16))
    {
    case 1:
        path.pkey = static_cast<std::uint16_t>(input.Number(2));
        break;
    case 2:
        path.mtu = input.Byte();
        break;
    case 3:
        path.packetLifeTime = input.Byte();
        break;
    case 4:
        path.hopLimit = input.Byte(); // with a GRH
        path.flowLabel = static_cast<std::uint32_t>(input.Number(3));
        break;
    case 5:
        path.sl = input.Byte();
        break;
    case 6:
        path.rate = input.Byte();
        break;
    case 7:
        std::swap(path.dgid, path.sgid);
        break;
    case 8:
        path.dlid = static_cast<std::uint16_t>(input.Number(2));
        break;
    case 9:
        path.dgid = {};
        break;
    case 10: // to itself
        path.dgid = path.sgid;
        path.dlid = path.slid;
        break;
    case 11:
        path.pkey = 0x0001; // the limited one
        break;
    default:
        break;
    }
    return path;
}

ibcm::ListenParameters AnyListener(const World& world, Draws& input, std::size_t host)
{
    ibcm::ListenParameters parameters;
    const std::uint8_t choice = input.Byte();
    parameters.serviceId = kService + (choice & 3);
    parameters.backlog = choice >> 2 & 3;
    switch (choice >> 4)
    {
    case 15:
        parameters.serviceId = ibcm::kAssignServiceId;
        break;
    case 14:
        parameters.serviceMask = ~std::uint64_t{3};
        break;
    case 13:
        parameters.serviceMask = 0;
        break;
    case 12:
        parameters.serviceId = input.Number(8);
        parameters.serviceMask = input.Number(8);
        break;
    case 11:
        parameters.redirect = AnyTarget(world, input, host);
        break;
    case 10:
        parameters.shared = true;
        break;
    default:
        break;
    }
    return parameters;
}

Call CallFor(const IdRecord& record, Draws& input)
{
    const unsigned choice = input.Byte();
    switch (record.state)
    {
    case State::kIdle:
        return choice % 4 == 3 ? Call::kSendSidrReq : Call::kSendReq;
    case State::kReqRcvd:
        return choice % 4 == 3 ? Call::kSendMra : Call::kSendRep;
    case State::kMraReqSent:
        return Call::kSendRep;
    case State::kRepRcvd:
        return choice % 4 == 3 ? Call::kSendMra : Call::kSendRtu;
    case State::kMraRepSent:
        return Call::kSendRtu;
    case State::kRepSent:
    case State::kMraRepRcvd:
        return Call::kNotifyEstablished;
    case State::kEstablished:
        if (record.lapState == LapState::kLapRcvd || record.lapState == LapState::kMraLapSent)
        {
            return choice % 4 == 3 ? Call::kSendMra : Call::kSendApr;
        }
        return choice % 3 == 0   ? Call::kSendDreq
               : choice % 3 == 1 ? Call::kSendLap
                                 : Call::kNotifyMigrated;
    case State::kDreqRcvd:
        return Call::kSendDrep;
    case State::kSidrReqRcvd:
        return Call::kSendSidrRep;
    default:
        return static_cast<Call>(choice % kCalls);
    }
}

void DoCall(World& world, Draws& input, IdRecord& record, Call call)
{
    ibcm::ConnectionManager& cm = *world.hosts[record.host].cm;
    const Contract& contract = kContracts[static_cast<std::size_t>(call)];
    const bool gone = record.dying || record.dead;
    const State before = record.state;
    const LapState lapBefore = record.lapState;
    const Status done = Make(world, input, record, call);
    const State after = record.state;
    if (!gone)
    {
        const auto told = cm.StateOf(record.id);
        const auto lapTold = cm.LapStateOf(record.id);
        if (!told || *told != after || !lapTold || *lapTold != record.lapState)
        {
            Die("host %zu: after %s an id is not in %s",
                record.host,
                contract.name,
                ToString(after));
        }
    }
    const bool queries = call == Call::kInitQpAttributes;
    if (done)
    {
        if (gone || !In(contract.from, before) ||
            (queries ? after != before : !In(contract.to, after)))
        {
            Die("host %zu: %s succeeds%s and leads from %s to %s",
                record.host,
                contract.name,
                gone ? " on an id that is destroyed" : "",
                ToString(before),
                ToString(after));
        }
        return;
    }
    const std::uint32_t errors =
        contract.errors |
        (gone ? Set(CmError::kInvalidHandle, CmError::kInvalidState) : Set(CmError::kInvalidState));
    const bool moves = done.error() == CmError::kSendFailed && contract.afterSendFailed != 0;
    if (moves && call == Call::kSendDreq)
    {
        record.DreqRefused();
    }
    const bool stays = after == before && record.lapState == lapBefore;
    if (!In(errors, done.error()) || (moves ? !In(contract.afterSendFailed, after) : !stays))
    {
        Die("host %zu: %s is refused with '%s' and leads from %s to %s",
            record.host,
            contract.name,
            ToString(done.error()),
            ToString(before),
            ToString(after));
    }
}

} // namespace weft::fuzz
