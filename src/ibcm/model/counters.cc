// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/model/counters.h"

namespace ibcm
{

namespace
{

template <std::size_t N>
void Add(std::array<std::uint64_t, N>& sum, const std::array<std::uint64_t, N>& other)
{
    for (std::size_t i = 0; i < N; ++i)
    {
        sum[i] += other[i];
    }
}

/** The sum over causes that lie next to each other. */
std::uint64_t Sum(const std::array<std::uint64_t, kDiscardCount>& discarded,
                  Discard first,
                  Discard last)
{
    std::uint64_t sum = 0;
    for (auto i = static_cast<std::size_t>(first); i <= static_cast<std::size_t>(last); ++i)
    {
        sum += discarded[i];
    }
    return sum;
}

} // namespace

MessageCounters& MessageCounters::operator+=(const MessageCounters& other)
{
    Add(sent, other.sent);
    Add(retried, other.retried);
    Add(received, other.received);
    Add(duplicates, other.duplicates);
    Add(discarded, other.discarded);
    return *this;
}

std::uint64_t MessageCounters::Malformed() const
{
    return Sum(discarded, Discard::kBaseVersion, Discard::kAttribute);
}

std::uint64_t MessageCounters::Unmatched() const
{
    return Sum(discarded, Discard::kUnknownId, Discard::kUnexpected);
}

} // namespace ibcm
