// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "matrix-world.h"

#include <stdexcept>

namespace ibcm::test::matrix
{

namespace
{

constexpr std::uint32_t kNobodysCommId = 0x0be11e55;

Options OptionsOf(Behaviour behaviour)
{
    Options options;
    options.behaviour = behaviour;
    return options;
}

Status StatusOf(const Result<std::uint64_t>& result)
{
    return result ? Status() : tl::unexpected(result.error());
}

Status StatusOf(const Result<QpAttributes>& result)
{
    return result ? Status() : tl::unexpected(result.error());
}

} // namespace

MatrixWorld::MatrixWorld(Behaviour behaviour)
    : Pair(OptionsOf(behaviour)),
      m_portA(hostA->port),
      m_portB(hostB->port),
      m_behaviour(behaviour)
{
    EXPECT_TRUE(hostA->cm.RemovePort(1));
    EXPECT_TRUE(hostA->cm.AddPort(1, m_portA));
    EXPECT_TRUE(hostB->cm.RemovePort(1));
    EXPECT_TRUE(hostB->cm.AddPort(1, m_portB));
    AddSecondPorts();
}

void MatrixWorld::ReachUsual(const Place& place)
{
    const bool active = place.side == Side::kActive;
    if (place.state == State::kEstablished)
    {
        active ? ReachLapA(place.lap) : ReachLapB(place.lap);
    }
    else
    {
        active ? ReachA(place.state) : ReachB(place.state);
    }
}

void MatrixWorld::Reach(const Place& place)
{
    m_place = place;
    const bool active = place.side == Side::kActive;
    if (place.past == Past::kConnected)
    {
        ReachA(State::kTimewait);
        runtime.Advance(std::chrono::minutes(1));
    }
    else if (place.past == Past::kCrossed)
    {
        ReachA(State::kEstablished);
        EXPECT_TRUE(hostA->cm.SendDreq(a));
        EXPECT_TRUE(hostB->cm.SendDreq(b));
        Settle();
    }
    else
    {
        ReachUsual(place);
    }
    m_own = active ? hostA.get() : hostB.get();
    m_peer = active ? hostB.get() : hostA.get();
    m_port = active ? &m_portA : &m_portB;
    m_end = active ? 0 : 1;
    m_id = active ? a : b;
    m_commId = m_own->cm.CommIdOf(m_id).value();
    const Handle other = active ? b : a;
    const bool hasPeer =
        place.KnowsPeer() || place.state == State::kReqSent || place.state == State::kMraReqRcvd;
    m_peerCommId = hasPeer ? m_peer->cm.CommIdOf(other).value() : kNobodysCommId;
    if (active && place.state != State::kListen)
    {
        const Handle id = CreateA();
        EXPECT_TRUE(hostA->cm.Listen(id, kService));
    }
    wire.DropAll();
    ForgetRecords();
    EXPECT_EQ(m_own->cm.StateOf(m_id), place.state);
    EXPECT_EQ(m_own->cm.LapStateOf(m_id).value(), place.lap);
    m_before = m_own->cm.Counters();
    m_historyBefore = history.size();
}

void MatrixWorld::Apply(Stimulus stimulus)
{
    m_stimulus = stimulus;
    const StimulusFacts& facts = FactsOf(stimulus);
    switch (facts.kind)
    {
    case StimulusKind::kCall:
        Call(stimulus);
        break;
    case StimulusKind::kTimer:
        LetTimePass(stimulus);
        break;
    case StimulusKind::kMessage:
        switch (static_cast<ibwire::CmAttribute>(facts.attribute))
        {
        case ibwire::CmAttribute::kReq:
            InjectReq(stimulus);
            break;
        case ibwire::CmAttribute::kMra:
            InjectMra(stimulus);
            break;
        case ibwire::CmAttribute::kRej:
            InjectRej(stimulus);
            break;
        case ibwire::CmAttribute::kRep:
            InjectRep(stimulus);
            break;
        case ibwire::CmAttribute::kRtu:
            InjectRtu(stimulus);
            break;
        case ibwire::CmAttribute::kDreq:
            InjectDreq(stimulus);
            break;
        case ibwire::CmAttribute::kDrep:
            InjectDrep(stimulus);
            break;
        case ibwire::CmAttribute::kSidrReq:
        case ibwire::CmAttribute::kSidrRep:
            InjectSidr(stimulus);
            break;
        case ibwire::CmAttribute::kLap:
            InjectLap(stimulus);
            break;
        case ibwire::CmAttribute::kApr:
            InjectApr(stimulus);
            break;
        default:
            InjectUnknownAttribute(static_cast<std::uint16_t>(facts.attribute));
            break;
        }
        break;
    }
    // What calls have left to a thread of the work queue. Time does not pass.
    runtime.RunReady();
}

void MatrixWorld::Call(Stimulus stimulus)
{
    const Status status = CallOf(stimulus);
    if (!status)
    {
        m_error = status.error();
    }
}

Status MatrixWorld::CallOf(Stimulus stimulus)
{
    ConnectionManager& cm = m_own->cm;
    const bool active = m_place.side == Side::kActive;
    const Path path = active ? PathToB() : Reverse(PathToB());
    switch (stimulus)
    {
    case Stimulus::kListen:
        return StatusOf(cm.Listen(m_id, kService + 7));
    case Stimulus::kSendReq:
    {
        ReqParameters parameters = Req();
        parameters.primaryPath = path;
        return cm.SendReq(m_id, parameters);
    }
    case Stimulus::kSendRep:
        return cm.SendRep(m_id, Rep());
    case Stimulus::kSendRtu:
        return cm.SendRtu(m_id);
    case Stimulus::kSendMra:
        return cm.SendMra(m_id, {});
    case Stimulus::kSendMraLater:
        return cm.SendMra(m_id, {.onDuplicateOnly = true, .privateData = {}});
    case Stimulus::kSendRej:
        return cm.SendRej(m_id, ibwire::RejReason::kNoResources);
    case Stimulus::kSendDreq:
        return cm.SendDreq(m_id);
    case Stimulus::kSendDrep:
        return cm.SendDrep(m_id);
    case Stimulus::kSendLap:
        return cm.SendLap(
            m_id,
            {.alternatePath = active ? AlternatePathToB() : Reverse(AlternatePathToB()),
             .privateData = {}});
    case Stimulus::kSendApr:
        return cm.SendApr(m_id, {});
    case Stimulus::kSendSidrReq:
        return cm.SendSidrReq(m_id, {.serviceId = kService, .path = path, .privateData = {}});
    case Stimulus::kSendSidrRep:
        return cm.SendSidrRep(m_id, {});
    case Stimulus::kNotifyEstablished:
        return cm.NotifyEstablished(m_id);
    case Stimulus::kNotifyMigrated:
        return cm.NotifyMigrated(m_id);
    case Stimulus::kDestroy:
        return cm.Destroy(m_id);
    case Stimulus::kQpInit:
        return StatusOf(cm.InitQpAttributes(m_id, QpTarget::kInit));
    case Stimulus::kQpRtr:
        return StatusOf(cm.InitQpAttributes(m_id, QpTarget::kRtr));
    case Stimulus::kQpRts:
        return StatusOf(cm.InitQpAttributes(m_id, QpTarget::kRts));
    default:
        throw std::logic_error("not a call");
    }
}

void MatrixWorld::LetTimePass(Stimulus stimulus)
{
    using ibwire::CmAttribute;
    if (stimulus == Stimulus::kTimewait)
    {
        // Longer than any TIMEWAIT here, shorter than the first wait for any answer.
        runtime.Advance(std::chrono::seconds(1));
        return;
    }
    const CmAttribute kind = stimulus == Stimulus::kReqTimeout    ? CmAttribute::kReq
                             : stimulus == Stimulus::kRepTimeout  ? CmAttribute::kRep
                             : stimulus == Stimulus::kDreqTimeout ? CmAttribute::kDreq
                             : stimulus == Stimulus::kLapTimeout  ? CmAttribute::kLap
                                                                  : CmAttribute::kSidrReq;
    RecordingPort::Recorded send = m_port->LatestOf(kind);
    if (send.token == SendToken::kNone || !m_port->Progress(send.token))
    {
        if (send.token == SendToken::kNone)
        {
            send = {SendToken{0x7fffffff}, static_cast<std::uint64_t>(m_id)};
        }
        m_port->ReportLate(send);
        return;
    }
    while (m_port->Progress(send.token))
    {
        runtime.Advance(runtime.NextTimer() - runtime.Now());
    }
    m_retransmissions = kRetries;
}

} // namespace ibcm::test::matrix
