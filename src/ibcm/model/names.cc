// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The names of enumerators, as logs and messages show them.
#include "ibcm/model/behaviour.h"
#include "ibcm/model/counters.h"
#include "ibcm/model/event.h"
#include "ibcm/model/runtime.h"
#include "ibcm/model/status.h"

#include <algorithm>

namespace ibcm
{

void PrivateData::Assign(std::span<const std::uint8_t> bytes)
{
    m_size = static_cast<std::uint8_t>(std::min(bytes.size(), kMaxBytes));
    std::copy_n(bytes.begin(), m_size, m_bytes.begin());
}

const char* ToString(SyncKind kind)
{
    static constexpr const char* kNames[] = {"publish", "unpublish", "get", "put", "callback"};
    return kNames[static_cast<std::size_t>(kind)];
}

const char* ToString(Behaviour behaviour)
{
    return behaviour == Behaviour::kStrict ? "strict" : "linux61";
}

const char* ToString(Discard cause)
{
    static constexpr const char* kNames[] = {
        "base version",
        "management class",
        "class version",
        "method",
        "attribute",
        "zero communication id",
        "reserved code",
        "unknown id",
        "unexpected",
        "transaction id",
        "QPN mismatch",
        "backlog full",
        "port removed",
    };
    static_assert(std::size(kNames) == kDiscardCount);
    return kNames[static_cast<std::size_t>(cause)];
}

const char* ToString(CmError error)
{
    static constexpr const char* kNames[] = {
        "invalid handle",
        "invalid state",
        "invalid argument",
        "private data too long",
        "address in use",
        "no port with this source GID",
        "P_Key not in the port's table",
        "out of resources",
        "send failed",
        "already connected",
        "would deadlock",
    };
    return kNames[static_cast<std::size_t>(error)];
}

const char* ToString(EventType type)
{
    static constexpr const char* kNames[] = {
        "REQ_ERROR",
        "REQ_RECEIVED",
        "REP_ERROR",
        "REP_RECEIVED",
        "RTU_RECEIVED",
        "USER_ESTABLISHED",
        "DREQ_ERROR",
        "DREQ_RECEIVED",
        "DREP_RECEIVED",
        "TIMEWAIT_EXIT",
        "MRA_RECEIVED",
        "REJ_RECEIVED",
        "LAP_ERROR",
        "LAP_RECEIVED",
        "APR_RECEIVED",
        "SIDR_REQ_ERROR",
        "SIDR_REQ_RECEIVED",
        "SIDR_REP_RECEIVED",
    };
    return type == EventType::kNone ? "NONE" : kNames[static_cast<std::size_t>(type)];
}

} // namespace ibcm
