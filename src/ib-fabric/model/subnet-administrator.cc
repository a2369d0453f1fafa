// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/subnet-administrator.h"

#include "ib-fabric/model/sa-path-query.h"
#include "ib-wire/model/class-port-info.h"

#include <ns3/abort.h>
#include <ns3/log.h>

#include <span>
#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbSubnetAdministrator");

NS_OBJECT_ENSURE_REGISTERED(SubnetAdministrator);

using ibwire::MadMethod;
using ibwire::MadStatus;
using ibwire::SaMad;
using ibwire::SaStatus;

namespace
{

constexpr std::uint16_t Code(MadStatus status)
{
    return static_cast<std::uint16_t>(status);
}

constexpr std::uint16_t Code(SaStatus status)
{
    return static_cast<std::uint16_t>(status);
}

// Component masks of NodeRecord and PortInfoRecord begin with the fields that name a port.
constexpr std::uint64_t kRecordLid = 1;
constexpr std::uint64_t kRecordPortNum = 2;

template <ibwire::Message R>
std::uint16_t PutRecord(const R& record, SaMad& mad)
{
    mad.data.fill(0);
    return ibwire::Encode(record, std::span(mad.data).first(R::kBytes))
               ? Code(SaStatus::kSuccess)
               : Code(SaStatus::kNoResources);
}

template <ibwire::Message R>
R GetRecord(const SaMad& mad)
{
    return ibwire::Unpack<R>(std::span(mad.data).template first<R::kBytes>());
}

} // namespace

TypeId SubnetAdministrator::GetTypeId()
{
    static TypeId tid = TypeId("ns3::SubnetAdministrator")
                            .SetParent<Object>()
                            .SetGroupName("InfiniBand")
                            .AddConstructor<SubnetAdministrator>()
                            .AddAttribute("LinkLifeTime",
                                          "What each link of a path adds to its packet life time.",
                                          TimeValue(NanoSeconds(4096)),
                                          MakeTimeAccessor(&SubnetAdministrator::m_linkLifeTime),
                                          MakeTimeChecker(NanoSeconds(1)));
    return tid;
}

SubnetAdministrator::SubnetAdministrator() = default;

void SubnetAdministrator::DoDispose()
{
    if (m_service)
    {
        m_service->UnregisterAgent(m_agent);
        m_service = nullptr;
    }
    Object::DoDispose();
}

void SubnetAdministrator::Install(Ptr<IbMadService> service, const SubnetDatabase& database)
{
    const auto bit = [](MadMethod method) { return 1ULL << static_cast<unsigned>(method); };
    IbMadService::AgentInfo info;
    info.mgmtClass = static_cast<std::uint8_t>(ibwire::MgmtClass::kSubnAdm);
    info.classVersion = ibwire::kSaClassVersion;
    info.methods = bit(MadMethod::kGet) | bit(MadMethod::kSet) | bit(MadMethod::kGetTable);
    const auto agent =
        service->RegisterAgent(info, [this](const IbMadReceived& received) { Serve(received); });
    NS_ABORT_MSG_IF(!agent, "no subnet administrator here: " << ToString(agent.error()));
    m_agent = *agent;
    m_service = service;
    m_database = &database;
}

void SubnetAdministrator::SetReady(bool ready)
{
    m_ready = ready;
}

void SubnetAdministrator::Serve(const IbMadReceived& received)
{
    SaMad mad = ibwire::Unpack<SaMad>(std::span<const std::uint8_t, 256>(received.mad));
    const MadMethod method = mad.header.method;
    std::uint16_t status = Code(MadStatus::kMethodAttributeNotSupported);
    if (method == MadMethod::kGet)
    {
        status = m_ready ? Answer(mad) : Code(MadStatus::kBusy);
    }
    mad.header.method =
        method == MadMethod::kGetTable ? MadMethod::kGetTableResp : MadMethod::kGetResp;
    mad.header.status = status;
    ibwire::MadBytes bytes{};
    const bool encoded = ibwire::Encode(mad, std::span<std::uint8_t>(bytes)).has_value();
    const IbMadStatus sent =
        encoded ? m_service->Send(received.ReplyAddress(), bytes) : IbMadStatus::kBadAddress;
    if (sent != IbMadStatus::kSent)
    {
        NS_LOG_WARN("no answer to LID " << received.slid << ": " << ToString(sent));
    }
}

std::uint16_t SubnetAdministrator::Answer(SaMad& mad)
{
    switch (static_cast<ibwire::SaAttribute>(mad.header.attributeId))
    {
    case ibwire::SaAttribute::kPathRecord:
        return PathRecord(mad);
    case ibwire::SaAttribute::kNodeRecord:
        return NodeRecord(mad);
    case ibwire::SaAttribute::kPortInfoRecord:
        return PortInfoRecord(mad);
    case ibwire::SaAttribute::kClassPortInfo:
        return ClassPortInfo(mad);
    default:
        return Code(MadStatus::kMethodAttributeNotSupported);
    }
}

std::uint16_t SubnetAdministrator::ClassPortInfo(SaMad& mad) const
{
    ibwire::ClassPortInfo info;
    info.baseVersion = ibwire::kMadBaseVersion;
    info.classVersion = ibwire::kSaClassVersion;
    info.respTimeValue = 16;
    return PutRecord(info, mad);
}

std::uint16_t SubnetAdministrator::NodeRecord(SaMad& mad) const
{
    if ((mad.componentMask & kRecordLid) == 0)
    {
        return Code(SaStatus::kInsufficientComponents);
    }
    auto record = GetRecord<ibwire::NodeRecord>(mad);
    const auto at = m_database->FindLid(record.lid);
    if (!at || (mad.componentMask & ~kRecordLid) != 0)
    {
        return Code(at ? SaStatus::kRequestInvalid : SaStatus::kNoRecords);
    }
    record.nodeInfo = m_database->nodes[at->node].info;
    record.nodeInfo.portGuid = m_database->GetPort(*at).guid;
    record.nodeInfo.localPortNum = at->port;
    record.nodeDescription = ibwire::NodeDescription::From(m_database->nodes[at->node].description);
    return PutRecord(record, mad);
}

std::uint16_t SubnetAdministrator::PortInfoRecord(SaMad& mad) const
{
    if ((mad.componentMask & kRecordLid) == 0)
    {
        return Code(SaStatus::kInsufficientComponents);
    }
    if ((mad.componentMask & ~(kRecordLid | kRecordPortNum)) != 0)
    {
        return Code(SaStatus::kRequestInvalid);
    }
    auto record = GetRecord<ibwire::PortInfoRecord>(mad);
    const auto at = m_database->FindLid(record.endportLid);
    if (!at)
    {
        return Code(SaStatus::kNoRecords);
    }
    const SubnetNode& node = m_database->nodes[at->node];
    const std::uint8_t port = (mad.componentMask & kRecordPortNum) != 0 ? record.portNum : at->port;
    if (port >= node.ports.size() || !node.ports[port].known)
    {
        return Code(SaStatus::kNoRecords);
    }
    record.portNum = port;
    record.options = 0;
    record.portInfo = node.ports[port].info;
    return PutRecord(record, mad);
}

std::uint16_t SubnetAdministrator::PathRecord(SaMad& mad) const
{
    const auto path = QueryPath(
        *m_database, GetRecord<ibwire::PathRecord>(mad), mad.componentMask, m_linkLifeTime);
    if (!path)
    {
        mad.data.fill(0);
        return Code(path.error());
    }
    return PutRecord(*path, mad);
}

} // namespace ns3
