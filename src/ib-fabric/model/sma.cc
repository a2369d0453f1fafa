// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/sma.h"

#include "ib-fabric/model/ib-node.h"
#include "ib-fabric/model/ib-port.h"
#include "ib-fabric/model/ib-switch.h"

#include <ns3/log.h>

#include <algorithm>
#include <array>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbSma");

using ibwire::MadMethod;
using ibwire::MadStatus;
using ibwire::SmAttribute;

namespace
{

template <ibwire::Message A>
void Write(const A& attribute, std::span<std::uint8_t, 64> data)
{
    std::fill(data.begin(), data.end(), 0);
    // All registers were checked when they were set.
    if (!ibwire::EncodeAttribute(attribute, data))
    {
        NS_LOG_ERROR("a register of " << A::kName << " does not fit its field");
    }
}

} // namespace

SubnetManagementAgent::SubnetManagementAgent(IbNode& node)
    : m_node(node)
{
}

std::span<const SubnetManagementAgent::Attribute> SubnetManagementAgent::Table()
{
    using Agent = SubnetManagementAgent;
    static constexpr std::array<Attribute, 7> kTable{{
        {SmAttribute::kNodeInfo, &Agent::NodeInfo, false, false},
        {SmAttribute::kNodeDescription, &Agent::NodeDescription, false, false},
        {SmAttribute::kSwitchInfo, &Agent::SwitchInfo, true, true},
        {SmAttribute::kPortInfo, &Agent::PortInfo, true, false},
        {SmAttribute::kGuidInfo, &Agent::GuidInfo, true, false},
        {SmAttribute::kPkeyTable, &Agent::PkeyTable, true, false},
        {SmAttribute::kLinearForwardingTable, &Agent::LinearForwardingTable, true, true},
    }};
    return kTable;
}

bool SubnetManagementAgent::Process(IbPort& ingress,
                                    IbPort& endPort,
                                    std::span<std::uint8_t, 256> mad)
{
    const auto header = ibwire::Unpack<ibwire::MadHeader>(mad.first<ibwire::MadHeader::kBytes>());
    if (header.method != MadMethod::kGet && header.method != MadMethod::kSet)
    {
        NS_LOG_WARN(m_node.GetName()
                    << " ignores an SMP of method " << static_cast<unsigned>(header.method));
        return false;
    }
    const bool set = header.method == MadMethod::kSet;
    if (!CheckMkey(endPort, ibwire::Get<&ibwire::DirectedSmp::mKey>(mad), set))
    {
        return false;
    }
    MadStatus status = MadStatus::kBadVersion;
    if (header.baseVersion == ibwire::kMadBaseVersion &&
        header.classVersion == ibwire::kSmpClassVersion)
    {
        status = Dispatch(
            header.attributeId,
            Request{ingress, endPort, set, header.attributeModifier, mad.subspan<64, 64>()});
    }
    mad[3] = static_cast<std::uint8_t>(MadMethod::kGetResp);
    mad[4] = static_cast<std::uint8_t>(static_cast<std::uint16_t>(status) >> 8);
    mad[5] = static_cast<std::uint8_t>(status);
    return true;
}

bool SubnetManagementAgent::CheckMkey(IbPort& endPort, std::uint64_t mKey, bool set)
{
    auto& info = endPort.GetInfo();
    // Protection 0: anybody may read, and without a key set anybody may do anything.
    if (info.mKey == 0 || mKey == info.mKey || (!set && info.mKeyProtectBits < 2))
    {
        return true;
    }
    info.mKeyViolations =
        static_cast<std::uint16_t>(std::min<std::uint32_t>(info.mKeyViolations + 1U, 0xffff));
    return false;
}

MadStatus SubnetManagementAgent::Dispatch(std::uint16_t attribute, const Request& request)
{
    const bool isSwitch = m_node.GetNodeType() == IbNodeType::kSwitch;
    for (const Attribute& row : Table())
    {
        if (static_cast<std::uint16_t>(row.id) != attribute)
        {
            continue;
        }
        if ((request.set && !row.settable) || (row.switchOnly && !isSwitch))
        {
            break;
        }
        return (this->*row.function)(request);
    }
    return MadStatus::kMethodAttributeNotSupported;
}

IbPort* SubnetManagementAgent::PortOf(const Request& request, std::uint32_t number)
{
    if (number == 0 && m_node.GetNodeType() != IbNodeType::kSwitch)
    {
        return &request.ingress;
    }
    return m_node.HasPort(number) ? &m_node.GetPort(static_cast<std::uint8_t>(number)) : nullptr;
}

MadStatus SubnetManagementAgent::NodeInfo(const Request& request)
{
    const TopologyNode& node = m_node.GetDescription();
    ibwire::NodeInfo info;
    info.nodeType = static_cast<ibwire::NodeType>(node.type);
    info.numPorts = m_node.GetNPorts();
    info.systemImageGuid = node.systemImageGuid;
    info.nodeGuid = node.guid;
    info.portGuid = request.endPort.GetGuid();
    info.partitionCap = static_cast<std::uint16_t>(request.endPort.GetPkeys().size());
    info.deviceId = node.deviceId;
    info.localPortNum = request.ingress.GetNumber();
    info.vendorId = node.vendorId;
    Write(info, request.data);
    return MadStatus::kSuccess;
}

MadStatus SubnetManagementAgent::NodeDescription(const Request& request)
{
    Write(ibwire::NodeDescription::From(m_node.GetDescription().description), request.data);
    return MadStatus::kSuccess;
}

MadStatus SubnetManagementAgent::SwitchInfo(const Request& request)
{
    auto& node = static_cast<IbSwitch&>(m_node);
    if (request.set)
    {
        const auto wanted = ibwire::UnpackAttribute<ibwire::SwitchInfo>(request.data);
        if (!node.SetSwitchInfo(wanted))
        {
            return MadStatus::kInvalidValue;
        }
    }
    Write(node.GetSwitchInfo(), request.data);
    return MadStatus::kSuccess;
}

MadStatus SubnetManagementAgent::GuidInfo(const Request& request)
{
    constexpr std::size_t kEach = 8;
    auto& guids = request.endPort.GetGuids();
    const std::size_t first = request.modifier * kEach;
    const std::size_t capacity = request.endPort.GetInfo().guidCap;
    if (request.modifier > 0xff || first >= std::max<std::size_t>(capacity, 1))
    {
        return MadStatus::kInvalidValue;
    }
    auto block = ibwire::UnpackAttribute<ibwire::GuidInfo>(request.data);
    for (std::size_t i = 0; i < kEach; ++i)
    {
        const std::size_t at = first + i;
        // Entry 0 is the GUID that the port was made with.
        if (request.set && at != 0 && at < capacity)
        {
            guids.resize(std::max(guids.size(), at + 1));
            guids[at] = block.guids[i];
        }
        block.guids[i] = at < guids.size() ? guids[at] : 0;
    }
    Write(block, request.data);
    return MadStatus::kSuccess;
}

MadStatus SubnetManagementAgent::PkeyTable(const Request& request)
{
    constexpr std::size_t kEach = 32;
    IbPort* port = m_node.GetNodeType() == IbNodeType::kSwitch
                       ? PortOf(request, request.modifier >> 16)
                       : &request.endPort;
    const std::size_t first = (request.modifier & 0xffff) * kEach;
    if (port == nullptr || first >= port->GetPkeys().size())
    {
        return MadStatus::kInvalidValue;
    }
    auto& pkeys = port->GetPkeys();
    auto block = ibwire::UnpackAttribute<ibwire::PkeyTable>(request.data);
    for (std::size_t i = 0; i < kEach; ++i)
    {
        if (request.set && first + i < pkeys.size())
        {
            pkeys[first + i] = block.pkeys[i];
        }
        block.pkeys[i] = first + i < pkeys.size() ? pkeys[first + i] : 0;
    }
    Write(block, request.data);
    return MadStatus::kSuccess;
}

MadStatus SubnetManagementAgent::LinearForwardingTable(const Request& request)
{
    auto& node = static_cast<IbSwitch&>(m_node);
    const std::uint32_t block = request.modifier;
    if (block >= node.GetSwitchInfo().linearFdbCap / IbSwitch::kLftBlock)
    {
        return MadStatus::kInvalidValue;
    }
    if (request.set)
    {
        node.SetLftBlock(block, request.data);
    }
    node.GetLftBlock(block, request.data);
    return MadStatus::kSuccess;
}

} // namespace ns3
