// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "common/scene-message.h"

#include <iterator>

namespace ibcm::test
{

namespace
{

using ibwire::MessageMraed;
using ibwire::MessageRejected;
using ibwire::RejReason;

constexpr std::uint8_t kServiceTimeout = 20; ///< of MRAs: 4.3 s

constexpr const char* kMessageNames[] = {
    "REQ",
    "MRA of REQ",
    "MRA of REP",
    "MRA of LAP",
    "REJ 28",
    "REJ 10",
    "REJ 4",
    "REP",
    "RTU",
    "DREQ",
    "DREP",
    "SIDR_REQ",
    "SIDR_REP",
    "LAP",
    "APR",
};
static_assert(std::size(kMessageNames) == kMessageCount);

} // namespace

const char* ToString(Message message)
{
    return kMessageNames[static_cast<std::size_t>(message)];
}

std::optional<ibwire::CmMessage> ComposePlain(Message message, const Correspondents& who)
{
    switch (message)
    {
    case Message::kMraReq:
        return ComposeMra(who.ids, MessageMraed::kReq, kServiceTimeout, {});
    case Message::kMraRep:
        return ComposeMra(who.ids, MessageMraed::kRep, kServiceTimeout, {});
    case Message::kMraLap:
        return ComposeMra(who.ids, MessageMraed::kLap, kServiceTimeout, {});
    case Message::kRej:
        return ComposeRej(who.ids, MessageRejected::kOther, RejReason::kConsumer, {}, {});
    case Message::kRejStale:
        return ComposeRej(who.ids, MessageRejected::kOther, RejReason::kStaleConnection, {}, {});
    case Message::kRejTimeout:
        return ComposeRej({who.ids.local, 0},
                          MessageRejected::kOther,
                          RejReason::kTimeout,
                          GuidInfo(who.senderCaGuid),
                          {});
    case Message::kRtu:
        return ComposeRtu(who.ids, {});
    case Message::kDreq:
        return ComposeDreq(who.ids, who.receiverQpn, {});
    case Message::kDrep:
        return ComposeDrep(who.ids, {});
    case Message::kApr:
        return ComposeApr(who.ids, ibwire::AprStatus::kSuccess, {}, {});
    case Message::kReq:
    case Message::kRep:
    case Message::kLap:
    case Message::kSidrReq:
    case Message::kSidrRep:
        break;
    }
    return std::nullopt;
}

} // namespace ibcm::test
