// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * \file
 * Get and Set of PortInfo: which fields a subnet manager may write on which kind of port, and
 * what the state machines make of it (IBA vol. 1, table 155).
 */
#include "ib-fabric/model/ib-node.h"
#include "ib-fabric/model/ib-port.h"
#include "ib-fabric/model/sma.h"

#include <ns3/log.h>

#include <algorithm>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbSmaPortInfo");

using ibwire::MadStatus;
using ibwire::PortPhysState;
using ibwire::PortState;

namespace
{

constexpr std::uint16_t kMaxUnicastLid = 0xbfff;

/** True if the values are ones that this port can take. */
bool IsAcceptable(const ibwire::PortInfo& now, const ibwire::PortInfo& wanted, bool hasLid)
{
    const bool mtuGood = wanted.neighborMtu == ibwire::Mtu{} || wanted.neighborMtu <= now.mtuCap;
    const bool vlsGood = wanted.operationalVls <= now.vlCap;
    const bool lidGood = !hasLid || (wanted.lid != 0 && wanted.lid <= kMaxUnicastLid &&
                                     wanted.lid % (1U << wanted.lmc) == 0);
    const bool stateGood = wanted.portState <= PortState::kActive;
    const bool physGood = wanted.portPhysicalState <= PortPhysState::kDisabled;
    const bool downGood = wanted.linkDownDefaultState <= PortPhysState::kPolling;
    return mtuGood && vlsGood && lidGood && stateGood && physGood && downGood;
}

/** The registers of an end port: its addresses and those of its subnet manager. */
void SetEndPortRegisters(ibwire::PortInfo& info, const ibwire::PortInfo& wanted)
{
    info.mKey = wanted.mKey;
    info.gidPrefix = wanted.gidPrefix;
    info.lid = wanted.lid;
    info.lmc = wanted.lmc;
    info.masterSmLid = wanted.masterSmLid;
    info.masterSmSl = wanted.masterSmSl;
    info.mKeyLeasePeriod = wanted.mKeyLeasePeriod;
    info.mKeyProtectBits = wanted.mKeyProtectBits;
    info.subnetTimeOut = wanted.subnetTimeOut;
    info.clientReregister = wanted.clientReregister;
    info.mKeyViolations = wanted.mKeyViolations;
    info.pKeyViolations = wanted.pKeyViolations;
    info.qKeyViolations = wanted.qKeyViolations;
}

/** The registers of a port with a cable; 0 often means "as it is". */
void SetLinkRegisters(ibwire::PortInfo& info, const ibwire::PortInfo& wanted)
{
    constexpr std::uint8_t kAllSupported = 0xff;
    if (wanted.linkWidthEnabled != 0)
    {
        info.linkWidthEnabled = wanted.linkWidthEnabled == kAllSupported ? info.linkWidthSupported
                                                                         : wanted.linkWidthEnabled;
    }
    if (wanted.linkSpeedEnabled != 0)
    {
        info.linkSpeedEnabled =
            wanted.linkSpeedEnabled == 0xf ? info.linkSpeedSupported : wanted.linkSpeedEnabled;
    }
    if (wanted.linkDownDefaultState != PortPhysState::kNoChange)
    {
        info.linkDownDefaultState = wanted.linkDownDefaultState;
    }
    if (wanted.neighborMtu != ibwire::Mtu{})
    {
        info.neighborMtu = wanted.neighborMtu;
    }
    if (wanted.operationalVls != 0)
    {
        info.operationalVls = wanted.operationalVls;
    }
    info.vlHighLimit = wanted.vlHighLimit;
    info.vlStallCount = wanted.vlStallCount;
    info.hoqLife = wanted.hoqLife;
    info.partitionEnforcementInbound = wanted.partitionEnforcementInbound;
    info.partitionEnforcementOutbound = wanted.partitionEnforcementOutbound;
    info.filterRawInbound = wanted.filterRawInbound;
    info.filterRawOutbound = wanted.filterRawOutbound;
    info.localPhyErrors = wanted.localPhyErrors;
    info.overrunErrors = wanted.overrunErrors;
}

} // namespace

MadStatus SubnetManagementAgent::PortInfo(const Request& request)
{
    // Bit 31 says that the manager knows extended speeds; it changes nothing here.
    IbPort* port = PortOf(request, request.modifier & 0xff);
    if (port == nullptr)
    {
        return MadStatus::kInvalidValue;
    }
    MadStatus status = MadStatus::kSuccess;
    if (request.set)
    {
        status = SetPortInfo(*port, ibwire::UnpackAttribute<ibwire::PortInfo>(request.data));
    }
    ibwire::PortInfo answer = port->GetInfo();
    answer.localPortNum = request.ingress.GetNumber();
    std::fill(request.data.begin(), request.data.end(), 0);
    if (!ibwire::EncodeAttribute(answer, request.data))
    {
        NS_LOG_ERROR("a register of " << port->GetName() << " does not fit its field");
    }
    return status;
}

MadStatus SubnetManagementAgent::SetPortInfo(IbPort& port, const ibwire::PortInfo& wanted)
{
    const bool isSwitch = m_node.GetNodeType() == IbNodeType::kSwitch;
    const bool hasLid = !isSwitch || port.GetNumber() == 0;
    const bool hasCable = !isSwitch || port.GetNumber() != 0;
    ibwire::PortInfo& info = port.GetInfo();
    if (!IsAcceptable(info, wanted, hasLid))
    {
        return MadStatus::kInvalidValue;
    }
    if (hasLid)
    {
        SetEndPortRegisters(info, wanted);
    }
    if (!hasCable)
    {
        return MadStatus::kSuccess;
    }
    SetLinkRegisters(info, wanted);
    bool good = true;
    if (wanted.portPhysicalState != PortPhysState::kNoChange)
    {
        good = port.SetPhysicalState(wanted.portPhysicalState);
    }
    if (wanted.portState != PortState::kNoChange && wanted.portState != PortState::kInit)
    {
        good = port.SetState(wanted.portState) && good;
    }
    return good ? MadStatus::kSuccess : MadStatus::kInvalidValue;
}

} // namespace ns3
