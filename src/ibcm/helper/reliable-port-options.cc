// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/helper/reliable-port-options.h"

#include <algorithm>

namespace ibcm
{

Duration NextTimeout(const Backoff& backoff, Duration timeout)
{
    if (timeout >= backoff.maxTimeout)
    {
        return timeout;
    }
    // Cannot overflow: 24 hours times 1000 are less than 2^57 ns.
    return std::min(timeout * backoff.numerator / backoff.denominator, backoff.maxTimeout);
}

Duration WithJitter(const Backoff& backoff, Duration timeout, std::uint64_t random)
{
    // Hundredths first: the longest Duration must not overflow either.
    const auto span = static_cast<std::uint64_t>((timeout / 100).count()) * backoff.jitterPercent;
    if (span == 0)
    {
        return timeout;
    }
    // A span is far below 2^64, so that the remainder is as good as uniform.
    const std::uint64_t drawn = random % (2 * span + 1);
    return timeout - Duration{static_cast<std::int64_t>(span)} +
           Duration{static_cast<std::int64_t>(drawn)};
}

std::string ReliablePortOptions::Problem() const
{
    if (maxPending < 1 || maxPending > kMaxPending)
    {
        return "maxPending is " + std::to_string(maxPending) + ", expected 1.." +
               std::to_string(kMaxPending);
    }
    if (!backoff)
    {
        return {};
    }
    if (backoff->denominator < 1 || backoff->denominator > backoff->numerator ||
        backoff->numerator > Backoff::kMaxFactorTerm)
    {
        return "the back-off factor is " + std::to_string(backoff->numerator) + "/" +
               std::to_string(backoff->denominator) + ", expected 1 or more, of two terms in 1.." +
               std::to_string(Backoff::kMaxFactorTerm);
    }
    if (backoff->maxTimeout <= Duration{0} || backoff->maxTimeout > Backoff::kMaxTimeout)
    {
        return "the back-off's maxTimeout is " + std::to_string(backoff->maxTimeout.count()) +
               " ns, expected above 0 and at most 24 hours";
    }
    if (backoff->jitterPercent > 99)
    {
        return "the back-off's jitterPercent is " + std::to_string(backoff->jitterPercent) +
               ", expected 0..99";
    }
    return {};
}

} // namespace ibcm
