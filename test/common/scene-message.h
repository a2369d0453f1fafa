// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The messages that can come for an id in any state: what the tests of destroying are made of, on
// one thread (test/ibcm/destroy-scene.h) as on tasks (test/lab/destroy-stage.h).
#ifndef WEFT_TEST_COMMON_SCENE_MESSAGE_H
#define WEFT_TEST_COMMON_SCENE_MESSAGE_H

#include "ibcm/model/compose.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ibcm::test
{

/** The 11 messages that may come in, and those that mean different things by what they say. */
enum class Message : std::uint8_t
{
    kReq, ///< passive: the REQ that made the id, again. Active: the peer's QP asks for another one
    kMraReq,
    kMraRep,
    kMraLap,
    kRej,        ///< reason 28
    kRejStale,   ///< reason 10
    kRejTimeout, ///< reason 4, which names the sender by its CA GUID and not the receiver
    kRep,
    kRtu,
    kDreq,
    kDrep,
    kSidrReq, ///< SIDR_REQ_RCVD: the one that made the id, again; else another one
    kSidrRep,
    kLap,
    kApr,
};

inline constexpr std::size_t kMessageCount = static_cast<std::size_t>(Message::kApr) + 1;

/** "REJ 28", "MRA of LAP". */
const char* ToString(Message message);

/** Who a message is from and for. */
struct Correspondents
{
    Ids ids; ///< local: the sender's
    std::uint64_t senderCaGuid;
    std::uint32_t receiverQpn;
};

/**
 * A message that says nothing beyond that, as the sender would write it. Nothing for REQ, REP, LAP,
 * SIDR_REQ and SIDR_REP, whose contents are up to the stage.
 */
std::optional<ibwire::CmMessage> ComposePlain(Message message, const Correspondents& who);

} // namespace ibcm::test

#endif // WEFT_TEST_COMMON_SCENE_MESSAGE_H
