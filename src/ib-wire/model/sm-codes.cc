// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/sm-codes.h"

namespace ibwire
{

const char* ToString(NodeType type)
{
    switch (type)
    {
    case NodeType::kChannelAdapter:
        return "CA";
    case NodeType::kSwitch:
        return "Switch";
    case NodeType::kRouter:
        return "Router";
    }
    return "reserved";
}

const char* ToString(PortState state)
{
    switch (state)
    {
    case PortState::kNoChange:
        return "no change";
    case PortState::kDown:
        return "Down";
    case PortState::kInit:
        return "Initialize";
    case PortState::kArmed:
        return "Armed";
    case PortState::kActive:
        return "Active";
    case PortState::kActiveDefer:
        return "ActiveDefer";
    }
    return "reserved";
}

const char* ToString(PortPhysState state)
{
    switch (state)
    {
    case PortPhysState::kNoChange:
        return "no change";
    case PortPhysState::kSleep:
        return "Sleep";
    case PortPhysState::kPolling:
        return "Polling";
    case PortPhysState::kDisabled:
        return "Disabled";
    case PortPhysState::kTraining:
        return "PortConfigurationTraining";
    case PortPhysState::kLinkUp:
        return "LinkUp";
    case PortPhysState::kLinkErrorRecovery:
        return "LinkErrorRecovery";
    case PortPhysState::kPhyTest:
        return "PhyTest";
    }
    return "reserved";
}

const char* ToString(LinkWidth width)
{
    switch (width)
    {
    case LinkWidth::kNone:
        return "none";
    case LinkWidth::k1x:
        return "1x";
    case LinkWidth::k4x:
        return "4x";
    case LinkWidth::k8x:
        return "8x";
    case LinkWidth::k12x:
        return "12x";
    case LinkWidth::k2x:
        return "2x";
    }
    return "several";
}

std::uint32_t Lanes(LinkWidth width)
{
    switch (width)
    {
    case LinkWidth::kNone:
        return 0;
    case LinkWidth::k1x:
        return 1;
    case LinkWidth::k4x:
        return 4;
    case LinkWidth::k8x:
        return 8;
    case LinkWidth::k12x:
        return 12;
    case LinkWidth::k2x:
        return 2;
    }
    return 0;
}

const char* ToString(LinkSpeed speed)
{
    switch (speed)
    {
    case LinkSpeed::kNone:
        return "none";
    case LinkSpeed::kSdr:
        return "SDR";
    case LinkSpeed::kDdr:
        return "DDR";
    case LinkSpeed::kQdr:
        return "QDR";
    }
    return "several";
}

const char* ToString(LinkSpeedExt speed)
{
    switch (speed)
    {
    case LinkSpeedExt::kNone:
        return "none";
    case LinkSpeedExt::kFdr:
        return "FDR";
    case LinkSpeedExt::kEdr:
        return "EDR";
    case LinkSpeedExt::kHdr:
        return "HDR";
    case LinkSpeedExt::kNdr:
        return "NDR";
    }
    return "several";
}

const char* ToString(SmState state)
{
    switch (state)
    {
    case SmState::kNotActive:
        return "not active";
    case SmState::kDiscovering:
        return "discovering";
    case SmState::kStandby:
        return "standby";
    case SmState::kMaster:
        return "master";
    }
    return "reserved";
}

} // namespace ibwire
