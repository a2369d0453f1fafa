// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/qp-transitions.h"

#include <array>

namespace ns3
{

namespace
{

struct Transition
{
    IbQpType type;
    IbQpState from;
    IbQpState to;
    std::uint32_t required;
    std::uint32_t optional;
};

using enum IbQpState;

constexpr std::uint32_t kRcInit = kQpPkeyIndex | kQpPort | kQpAccessFlags;
constexpr std::uint32_t kRcRtr =
    kQpAv | kQpPathMtu | kQpDestQpn | kQpRqPsn | kQpMaxDestRdAtomic | kQpMinRnrTimer;
constexpr std::uint32_t kRcRts =
    kQpTimeout | kQpRetryCount | kQpRnrRetry | kQpSqPsn | kQpMaxRdAtomic;
constexpr std::uint32_t kRcRunning = kQpAccessFlags | kQpMinRnrTimer;
// With the send queue drained nearly everything of the path may change.
constexpr std::uint32_t kRcDrained = kQpPort | kQpAv | kQpTimeout | kQpRetryCount | kQpRnrRetry |
                                     kQpMaxRdAtomic | kQpMaxDestRdAtomic | kQpAccessFlags |
                                     kQpPkeyIndex | kQpMinRnrTimer;
constexpr std::uint32_t kUdInit = kQpPkeyIndex | kQpPort | kQpQkey;

constexpr std::array kTransitions{
    Transition{IbQpType::kRc, kReset, kInit, kRcInit, 0},
    Transition{IbQpType::kRc, kInit, kInit, 0, kRcInit},
    Transition{IbQpType::kRc, kInit, kRtr, kRcRtr, kQpPkeyIndex | kQpAccessFlags},
    Transition{IbQpType::kRc, kRtr, kRts, kRcRts, kRcRunning},
    Transition{IbQpType::kRc, kRts, kRts, 0, kRcRunning},
    Transition{IbQpType::kRc, kRts, kSqd, 0, 0},
    Transition{IbQpType::kRc, kSqd, kRts, 0, kRcRunning},
    Transition{IbQpType::kRc, kSqd, kSqd, 0, kRcDrained},
    Transition{IbQpType::kUd, kReset, kInit, kUdInit, 0},
    Transition{IbQpType::kUd, kInit, kInit, 0, kUdInit},
    Transition{IbQpType::kUd, kInit, kRtr, 0, kQpPkeyIndex | kQpQkey},
    Transition{IbQpType::kUd, kRtr, kRts, kQpSqPsn, kQpQkey},
    Transition{IbQpType::kUd, kRts, kRts, 0, kQpQkey},
    Transition{IbQpType::kUd, kRts, kSqd, 0, 0},
    Transition{IbQpType::kUd, kSqd, kRts, 0, kQpQkey},
    Transition{IbQpType::kUd, kSqd, kSqd, 0, kQpPkeyIndex | kQpQkey},
    Transition{IbQpType::kUd, kSqe, kRts, 0, kQpQkey},
};

/** An attribute and the largest value that its field on the wire or in the context has room for. */
struct Limit
{
    std::uint32_t bit;
    std::uint32_t (*value)(const IbQpAttributes&);
    std::uint32_t least;
    std::uint32_t most;
};

constexpr std::uint32_t kMax24 = 0xffffff;

constexpr std::array kLimits{
    Limit{kQpPort, [](const IbQpAttributes& a) -> std::uint32_t { return a.port; }, 1, 254},
    Limit{kQpPathMtu,
          [](const IbQpAttributes& a) { return static_cast<std::uint32_t>(a.pathMtu); },
          1,
          5},
    Limit{kQpTimeout, [](const IbQpAttributes& a) -> std::uint32_t { return a.timeout; }, 0, 31},
    Limit{kQpRetryCount,
          [](const IbQpAttributes& a) -> std::uint32_t { return a.retryCount; },
          0,
          7},
    Limit{kQpRnrRetry, [](const IbQpAttributes& a) -> std::uint32_t { return a.rnrRetry; }, 0, 7},
    Limit{kQpRqPsn, [](const IbQpAttributes& a) { return a.rqPsn; }, 0, kMax24},
    Limit{kQpSqPsn, [](const IbQpAttributes& a) { return a.sqPsn; }, 0, kMax24},
    Limit{kQpDestQpn, [](const IbQpAttributes& a) { return a.destQpn; }, 0, kMax24},
    Limit{kQpMinRnrTimer,
          [](const IbQpAttributes& a) -> std::uint32_t { return a.minRnrTimer; },
          0,
          31},
    Limit{kQpAv, [](const IbQpAttributes& a) -> std::uint32_t { return a.av.dlid; }, 1, 0xbfff},
    Limit{kQpAv, [](const IbQpAttributes& a) -> std::uint32_t { return a.av.sl; }, 0, 15},
    Limit{kQpAv, [](const IbQpAttributes& a) -> std::uint32_t { return a.av.srcPathBits; }, 0, 127},
};

tl::expected<void, IbVerbsError> CheckRanges(std::uint32_t mask, const IbQpAttributes& attributes)
{
    for (const Limit& limit : kLimits)
    {
        const std::uint32_t value = limit.value(attributes);
        if ((mask & limit.bit) != 0 && (value < limit.least || value > limit.most))
        {
            return tl::unexpected(IbVerbsError::kInvalidValue);
        }
    }
    return {};
}

} // namespace

tl::expected<void, IbVerbsError> CheckQpTransition(IbQpType type,
                                                   IbQpState from,
                                                   IbQpState to,
                                                   std::uint32_t mask,
                                                   const IbQpAttributes& attributes)
{
    const std::uint32_t given = mask & ~static_cast<std::uint32_t>(kQpState);
    // From anywhere to RESET and ERROR, with nothing else.
    if (to == kReset || to == kError)
    {
        if (given != 0)
        {
            return tl::unexpected(IbVerbsError::kInvalidAttribute);
        }
        return {};
    }
    for (const Transition& row : kTransitions)
    {
        if (row.type != type || row.from != from || row.to != to)
        {
            continue;
        }
        if ((row.required & ~given) != 0)
        {
            return tl::unexpected(IbVerbsError::kMissingAttribute);
        }
        if ((given & ~(row.required | row.optional)) != 0)
        {
            return tl::unexpected(IbVerbsError::kInvalidAttribute);
        }
        return CheckRanges(mask, attributes);
    }
    return tl::unexpected(IbVerbsError::kInvalidTransition);
}

} // namespace ns3
