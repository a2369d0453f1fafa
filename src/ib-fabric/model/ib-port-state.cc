// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * \file
 * The state machines of a port: physical (training of the link) and logical (what may pass).
 */
#include "ib-fabric/model/ib-link.h"
#include "ib-fabric/model/ib-node.h"
#include "ib-fabric/model/ib-port.h"

#include <ns3/log.h>

#include <array>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbPortState");

using ibwire::PortPhysState;
using ibwire::PortState;

namespace
{

bool IsOff(PortPhysState state)
{
    return state == PortPhysState::kDisabled || state == PortPhysState::kSleep;
}

} // namespace

void IbPort::RecordLinkRate(IbLinkRate rate)
{
    using ibwire::LinkSpeed;
    using ibwire::LinkSpeedExt;

    struct SpeedRow
    {
        IbLinkSpeed speed;
        LinkSpeed base;
        LinkSpeedExt extended;
    };

    // FDR10 has no code of its own here (it reports QDR), nor has XDR (it reports NDR).
    static constexpr std::array<SpeedRow, 9> kRegisters{{
        {IbLinkSpeed::kSdr, LinkSpeed::kSdr, LinkSpeedExt::kNone},
        {IbLinkSpeed::kDdr, LinkSpeed::kDdr, LinkSpeedExt::kNone},
        {IbLinkSpeed::kQdr, LinkSpeed::kQdr, LinkSpeedExt::kNone},
        {IbLinkSpeed::kFdr10, LinkSpeed::kQdr, LinkSpeedExt::kNone},
        {IbLinkSpeed::kFdr, LinkSpeed::kQdr, LinkSpeedExt::kFdr},
        {IbLinkSpeed::kEdr, LinkSpeed::kQdr, LinkSpeedExt::kEdr},
        {IbLinkSpeed::kHdr, LinkSpeed::kQdr, LinkSpeedExt::kHdr},
        {IbLinkSpeed::kNdr, LinkSpeed::kQdr, LinkSpeedExt::kNdr},
        {IbLinkSpeed::kXdr, LinkSpeed::kQdr, LinkSpeedExt::kNdr},
    }};
    const SpeedRow& row = kRegisters[static_cast<std::size_t>(rate.speed)];
    const auto base = static_cast<std::uint8_t>(row.base);
    const auto extended = static_cast<std::uint8_t>(row.extended);
    m_info.linkWidthActive = static_cast<ibwire::LinkWidth>(rate.width);
    m_info.linkWidthSupported = static_cast<std::uint8_t>(rate.width);
    m_info.linkWidthEnabled = m_info.linkWidthSupported;
    m_info.linkSpeedActive = row.base;
    m_info.linkSpeedSupported = static_cast<std::uint8_t>(base * 2 - 1);
    m_info.linkSpeedEnabled = m_info.linkSpeedSupported;
    m_info.linkSpeedExtActive = row.extended;
    m_info.linkSpeedExtSupported = static_cast<std::uint8_t>(extended == 0 ? 0 : extended * 2 - 1);
    m_info.linkSpeedExtEnabled = m_info.linkSpeedExtSupported;
}

void IbPort::Attach(Ptr<IbLink> link, IbPort* peer)
{
    SetLink(link);
    m_peer = peer;
    m_kbps = DataRateKbps(link->GetRate());
    m_delayPs = link->GetDelay().GetPicoSeconds();
    m_freePs = 0;
    RecordLinkRate(link->GetRate());
    LinkChanged();
}

void IbPort::Detach()
{
    SetLink(nullptr);
    m_peer = nullptr;
    LinkChanged();
}

bool IbPort::IsLinkUp() const
{
    return m_info.portPhysicalState == PortPhysState::kLinkUp;
}

void IbPort::ChangeState(PortState state)
{
    const PortState before = m_info.portState;
    if (before == state)
    {
        return;
    }
    NS_LOG_INFO(GetName() << " " << ToString(before) << " -> " << ToString(state));
    m_info.portState = state;
    m_stateTrace(before, state);
    m_owner->PortStateChanged(*this);
}

void IbPort::LinkChanged()
{
    const bool wasUp = IsLinkUp();
    const bool off = IsOff(m_info.portPhysicalState);
    const bool up = m_peer != nullptr && !off && !IsOff(m_peer->m_info.portPhysicalState);
    if (up == wasUp)
    {
        return;
    }
    if (up)
    {
        // Both ends train at the same instant: how long training takes is not modelled.
        m_info.portPhysicalState = PortPhysState::kLinkUp;
        ChangeState(PortState::kInit);
        m_peer->LinkChanged();
    }
    else
    {
        if (!off)
        {
            m_info.portPhysicalState = PortPhysState::kPolling;
        }
        TakeDown();
    }
    NotifyLinkChange();
}

void IbPort::TakeDown()
{
    ++m_counters.linkDowned;
    ChangeState(PortState::kDown);
    FlushQueues();
}

bool IbPort::SetPhysicalState(PortPhysState state)
{
    if (m_number == 0 || (state != PortPhysState::kPolling && !IsOff(state)))
    {
        return false;
    }
    const bool wasUp = IsLinkUp();
    if (state == PortPhysState::kPolling && wasUp)
    {
        return SetState(PortState::kDown);
    }
    m_info.portPhysicalState = state;
    if (wasUp)
    {
        TakeDown();
        NotifyLinkChange();
    }
    if (m_peer != nullptr)
    {
        m_peer->LinkChanged();
    }
    LinkChanged();
    return true;
}

bool IbPort::SetState(PortState state)
{
    const PortState before = m_info.portState;
    switch (state)
    {
    case PortState::kDown:
        if (m_number == 0 || !IsLinkUp())
        {
            return m_number != 0;
        }
        // The link drops to LinkDownDefaultState. From Polling it trains again by itself, at both
        // ends; from Sleep only when it is told to.
        if (m_info.linkDownDefaultState == PortPhysState::kSleep)
        {
            return SetPhysicalState(PortPhysState::kSleep);
        }
        for (IbPort* end : {this, m_peer})
        {
            end->TakeDown();
            end->ChangeState(PortState::kInit);
            end->NotifyLinkChange();
        }
        return true;
    case PortState::kArmed:
        if (before != PortState::kInit && before != PortState::kArmed)
        {
            return false;
        }
        ChangeState(state);
        return true;
    case PortState::kActive:
        if (before != PortState::kArmed && before != PortState::kActive)
        {
            return false;
        }
        ChangeState(state);
        return true;
    default:
        return false;
    }
}

} // namespace ns3
