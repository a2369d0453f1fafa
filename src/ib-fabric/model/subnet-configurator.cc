// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/subnet-configurator.h"

#include "ib-fabric/model/ib-switch.h"

#include <ns3/abort.h>
#include <ns3/log.h>

#include <algorithm>
#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbSubnetConfigurator");

using ibwire::MadStatus;
using ibwire::PortState;
using ibwire::SmAttribute;

SubnetConfigurator::SubnetConfigurator(SmpTransactor& transactor, SubnetDatabase& database)
    : m_transactor(transactor),
      m_database(database)
{
}

const DirectedPath& SubnetConfigurator::PathTo(std::uint32_t node, std::uint8_t port) const
{
    const SubnetNode& entry = m_database.nodes[node];
    return entry.IsSwitch() ? entry.path : entry.ports[port].path;
}

void SubnetConfigurator::SetPort(std::uint32_t node,
                                 std::uint8_t port,
                                 const ibwire::PortInfo& wanted)
{
    SmpTransactor::Request request;
    request.method = ibwire::MadMethod::kSet;
    request.attribute = SmAttribute::kPortInfo;
    request.modifier = port;
    request.path = PathTo(node, port);
    NS_ABORT_MSG_IF(!ibwire::EncodeAttribute(wanted, std::span(request.data)),
                    "a PortInfo that does not fit its fields");
    request.handler = [this, node, port](MadStatus status, SmpTransactor::Data data)
    {
        if (status != MadStatus::kSuccess)
        {
            NS_LOG_WARN("port " << static_cast<unsigned>(port) << " of "
                                << m_database.nodes[node].description << " refuses its setting");
            return;
        }
        m_database.nodes[node].ports[port].info =
            ibwire::Unpack<ibwire::PortInfo>(data.first<ibwire::PortInfo::kBytes>());
    };
    m_transactor.Submit(std::move(request));
}

void SubnetConfigurator::SetUpPorts(std::uint16_t smLid)
{
    for (std::uint32_t index = 0; index < m_database.nodes.size(); ++index)
    {
        const SubnetNode& node = m_database.nodes[index];
        for (std::size_t port = 0; port < node.ports.size(); ++port)
        {
            if (!node.ports[port].known)
            {
                continue;
            }
            const auto number = static_cast<std::uint8_t>(port);
            if (port == 0)
            {
                SetEndPort(index, number, smLid);
            }
            else if (node.ports[port].HasPeer())
            {
                SetCablePort(index, number, smLid);
            }
        }
    }
}

void SubnetConfigurator::SetEndPort(std::uint32_t node, std::uint8_t port, std::uint16_t smLid)
{
    const SubnetPort& entry = m_database.nodes[node].ports[port];
    ibwire::PortInfo wanted = entry.info;
    wanted.lid = entry.lid;
    wanted.masterSmLid = smLid;
    wanted.masterSmSl = 0;
    wanted.portState = PortState::kNoChange;
    wanted.portPhysicalState = ibwire::PortPhysState::kNoChange;
    SetPort(node, port, wanted);
}

void SubnetConfigurator::SetCablePort(std::uint32_t node, std::uint8_t port, std::uint16_t smLid)
{
    const SubnetNode& owner = m_database.nodes[node];
    const SubnetPort& entry = owner.ports[port];
    const SubnetPort& peer = m_database.nodes[entry.peerNode].ports[entry.peerPort];
    ibwire::PortInfo wanted = entry.info;
    if (!owner.IsSwitch())
    {
        wanted.lid = entry.lid;
        wanted.masterSmLid = smLid;
        wanted.masterSmSl = 0;
    }
    if (peer.known)
    {
        wanted.neighborMtu = std::min(entry.info.mtuCap, peer.info.mtuCap);
        wanted.operationalVls = std::min(entry.info.vlCap, peer.info.vlCap);
    }
    wanted.portState =
        entry.info.portState == PortState::kInit ? PortState::kArmed : PortState::kNoChange;
    wanted.portPhysicalState = ibwire::PortPhysState::kNoChange;
    SetPort(node, port, wanted);
}

void SubnetConfigurator::ActivatePorts()
{
    for (std::uint32_t index = 0; index < m_database.nodes.size(); ++index)
    {
        const SubnetNode& node = m_database.nodes[index];
        for (std::size_t port = 1; port < node.ports.size(); ++port)
        {
            if (node.ports[port].known && node.ports[port].info.portState == PortState::kArmed)
            {
                ibwire::PortInfo wanted = node.ports[port].info;
                wanted.portState = PortState::kActive;
                wanted.portPhysicalState = ibwire::PortPhysState::kNoChange;
                SetPort(index, static_cast<std::uint8_t>(port), wanted);
            }
        }
    }
}

void SubnetConfigurator::ProgramSwitches()
{
    constexpr std::size_t kBlock = IbSwitch::kLftBlock;
    for (SubnetNode& node : m_database.nodes)
    {
        if (!node.IsSwitch() || node.lft.empty())
        {
            continue;
        }
        node.switchInfo.linearFdbTop = static_cast<std::uint16_t>(node.lft.size() - 1);
        node.switchInfo.portStateChange = true; // 1 clears it
        SmpTransactor::Request request;
        request.method = ibwire::MadMethod::kSet;
        request.attribute = SmAttribute::kSwitchInfo;
        request.path = node.path;
        NS_ABORT_MSG_IF(!ibwire::EncodeAttribute(node.switchInfo, std::span(request.data)),
                        "a SwitchInfo that does not fit its fields");
        const auto check = [name = node.description](MadStatus status, SmpTransactor::Data)
        {
            if (status != MadStatus::kSuccess)
            {
                NS_LOG_WARN(name << " refuses its routes");
            }
        };
        request.handler = check;
        m_transactor.Submit(std::move(request));
        for (std::size_t first = 0; first < node.lft.size(); first += kBlock)
        {
            request = {};
            request.method = ibwire::MadMethod::kSet;
            request.attribute = SmAttribute::kLinearForwardingTable;
            request.modifier = static_cast<std::uint32_t>(first / kBlock);
            request.path = node.path;
            request.data.fill(IbSwitch::kNoRoute);
            std::copy_n(node.lft.begin() + static_cast<std::ptrdiff_t>(first),
                        std::min(kBlock, node.lft.size() - first),
                        request.data.begin());
            request.handler = check;
            m_transactor.Submit(std::move(request));
        }
    }
}

} // namespace ns3
