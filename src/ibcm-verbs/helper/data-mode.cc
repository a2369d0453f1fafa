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

std::uint32_t DefaultSize(PeerKind kind, bool passive)
{
    constexpr std::uint32_t kRpingSize = 64;
    constexpr std::uint32_t kUcmatoseSize = 100;
    constexpr std::uint32_t kLongestEcho = 16384;
    switch (kind)
    {
    case PeerKind::kUcmatose:
    case PeerKind::kUdaddy:
        return kUcmatoseSize;
    case PeerKind::kWeft:
        return passive ? kLongestEcho : kRpingSize;
    case PeerKind::kNone:
    case PeerKind::kRping:
        break;
    }
    return kRpingSize;
}

} // namespace cmverbs
