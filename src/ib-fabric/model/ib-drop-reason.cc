// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ib-drop-reason.h"

namespace ns3
{

const char* ToString(IbDropReason reason)
{
    switch (reason)
    {
    case IbDropReason::kLinkDown:
        return "link down";
    case IbDropReason::kPortNotActive:
        return "port not active";
    case IbDropReason::kNoRoute:
        return "no route to the DLID";
    case IbDropReason::kBadLid:
        return "DLID of another port";
    case IbDropReason::kBadCrc:
        return "CRC mismatch";
    case IbDropReason::kMalformed:
        return "malformed packet";
    case IbDropReason::kVl15Overflow:
        return "VL 15 buffer full";
    case IbDropReason::kDirectedRoute:
        return "directed route leads nowhere";
    case IbDropReason::kBadPkey:
        return "P_Key mismatch";
    case IbDropReason::kBadQkey:
        return "Q_Key mismatch";
    case IbDropReason::kNoQueuePair:
        return "no queue pair ready to receive";
    case IbDropReason::kNoAgent:
        return "no agent for the MAD";
    case IbDropReason::kFault:
        return "injected fault";
    }
    return "unknown reason";
}

} // namespace ns3
