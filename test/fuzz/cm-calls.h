// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Calls of a consumer with arguments from the input, each held against its contract: in which
// states it may succeed, where it leads then, how it may be refused, and that nothing has changed
// if it was.
#ifndef WEFT_TEST_FUZZ_CM_CALLS_H
#define WEFT_TEST_FUZZ_CM_CALLS_H

#include "fuzz/cm-world.h"

namespace weft::fuzz
{

/** The calls on one id, but for Destroy. */
enum class Call : std::uint8_t
{
    kListen,
    kSendReq,
    kSendRep,
    kSendRtu,
    kSendMra,
    kSendRej,
    kSendDreq,
    kSendDrep,
    kSendLap,
    kSendApr,
    kSendSidrReq,
    kSendSidrRep,
    kNotifyEstablished,
    kNotifyMigrated,
    kInitQpAttributes,
};

inline constexpr unsigned kCalls = 15;

/** The call that brings an id of this state on. */
Call CallFor(const IdRecord& record, Draws& input);

/** Makes the call; a broken contract ends the program. */
void DoCall(World& world, Draws& input, IdRecord& record, Call call);

/** A path from a host, mostly a good one. */
ibcm::Path AnyPath(const World& world, Draws& input, std::size_t host);

/** Parameters for Listen, mostly good ones. */
ibcm::ListenParameters AnyListener(const World& world, Draws& input, std::size_t host);

} // namespace weft::fuzz

#endif // WEFT_TEST_FUZZ_CM_CALLS_H
