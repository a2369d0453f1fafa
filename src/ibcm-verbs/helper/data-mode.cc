// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/data-mode.h"

#include "ibcm-verbs/helper/ping-mode.h"
#include "ibcm-verbs/helper/rping-mode.h"
#include "ibcm-verbs/helper/ucmatose-mode.h"
#include "ibcm-verbs/helper/udaddy-mode.h"

namespace cmverbs
{

void DataMode::SetPeer(std::unique_ptr<DatagramAddress> /*address*/,
                       std::uint32_t /*qpn*/,
                       std::uint32_t /*qkey*/)
{
}

const char* ToString(PeerKind kind)
{
    switch (kind)
    {
    case PeerKind::kNone:
        return "none";
    case PeerKind::kWeft:
        return "weft";
    case PeerKind::kRping:
        return "rping";
    case PeerKind::kUcmatose:
        return "ucmatose";
    case PeerKind::kUdaddy:
        return "udaddy";
    }
    return "unknown";
}

std::unique_ptr<DataMode> MakeDataMode(const DataModeOptions& options)
{
    switch (options.peer)
    {
    case PeerKind::kNone:
        return nullptr;
    case PeerKind::kWeft:
        if (options.passive)
        {
            return std::make_unique<EchoMode>(options.size);
        }
        return std::make_unique<PingMode>(options.count, options.size);
    case PeerKind::kRping:
        if (options.passive)
        {
            return std::make_unique<RpingServer>();
        }
        return std::make_unique<RpingClient>(options.count, options.size);
    case PeerKind::kUcmatose:
        return std::make_unique<UcmatoseMode>(options.count, options.size, options.passive);
    case PeerKind::kUdaddy:
        return std::make_unique<UdaddyMode>(options.count, options.size, options.passive);
    }
    return nullptr;
}

std::uint16_t DefaultPort(PeerKind kind)
{
    constexpr std::uint16_t kRpingPort = 7174;
    constexpr std::uint16_t kUcmatosePort = 7471;
    return kind == PeerKind::kRping || kind == PeerKind::kUdaddy ? kRpingPort : kUcmatosePort;
}

} // namespace cmverbs
