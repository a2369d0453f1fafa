// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SHELL_EVENTS_H
#define IBCM_VERBS_SHELL_EVENTS_H

#include "ibcm/model/event.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/**
 * @file
 * What the CM tells, in the terms in which rdma_cm reports it to a program. Pure functions.
 */

namespace cmverbs
{

/** Named as rdma_cm's events. */
enum class ShellEventType : std::uint8_t
{
    kAddrResolved,
    kAddrError,
    kRouteResolved,
    kConnectRequest,
    kConnectResponse,
    kConnectError,
    kUnreachable,
    kRejected,
    kEstablished,
    kDisconnected,
    kTimewaitExit,
};

/** What a request or a response proposes. */
struct ShellProposal
{
    std::uint8_t responderResources{0};
    std::uint8_t initiatorDepth{0};
    bool flowControl{false};
    std::uint8_t retryCount{0}; ///< 0 in a response, which has none
    std::uint8_t rnrRetryCount{0};
    bool srq{false};
    std::uint32_t qpn{0};
    ibcm::Ece ece;
};

/** Where a datagram service is. */
struct ShellService
{
    std::uint32_t qpn{0};
    std::uint32_t qkey{0};
};

/** One event of an id. */
struct ShellEvent
{
    ShellEventType type{ShellEventType::kAddrResolved};
    int status{0};                      ///< 0, a negative errno, a reject reason or a SIDR status
    std::optional<unsigned> listener{}; ///< of a request: the id that it came through
    std::optional<ShellProposal> proposal{};
    std::optional<ShellService> service{};
    std::vector<std::uint8_t> data{}; ///< the program's, zero bytes at the end with it
};

std::string_view ToString(ShellEventType type);

/**
 * The event that rdma_cm makes of @p event; nothing if it makes none. Whether the id has got so far
 * that a program is told is not asked here: see ShellPhase.
 */
std::optional<ShellEvent> EventFrom(const ibcm::Event& event);

/** Whether it brings a new id. */
bool IsRequest(const ibcm::Event& event);

/** What rdma_cm tells a program of an id by now. */
enum class ShellPhase : std::uint8_t
{
    kUnasked,      ///< nothing: not asked yet or, if asked for, not accepted yet
    kConnecting,   ///< asked or accepted, or connected
    kDisconnected, ///< only the end of TIMEWAIT
};

/** Whether an event of the CM is told in @p phase: nothing of a request that the peer gives up, no
 * second DISCONNECTED, no TIMEWAIT_EXIT of what was never said to be disconnected. */
bool IsTold(ShellPhase phase, ShellEventType type);

/** Nothing of the id comes after it. @param datagram the id is one of ps=udp. */
bool IsLast(ShellEventType type, bool datagram);

/** "ev ID NAME status=S KEY=VALUE…" */
std::string EventLine(unsigned id, const ShellEvent& event);

} // namespace cmverbs

#endif /* IBCM_VERBS_SHELL_EVENTS_H */
