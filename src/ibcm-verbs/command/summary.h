// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SUMMARY_H
#define IBCM_VERBS_SUMMARY_H

#include "ibcm-verbs/helper/call-statistics.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace cmverbs
{

/** What is still there at the end and should not be. */
struct Leftovers
{
    std::size_t ids{0};
    std::size_t peers{0}; ///< in TIMEWAIT longer than they should
    std::size_t sends{0};

    bool Any() const
    {
        return ids + peers + sends != 0;
    }
};

/** What a command has done, for a person and for a machine. */
struct Summary
{
    std::string command;
    CallStatistics statistics;
    std::chrono::nanoseconds took{0};
    std::uint64_t retries{0};           ///< CM messages that were sent again
    std::optional<Leftovers> leftovers; ///< if it was looked for them

    /** Lines of text. */
    std::string Text() const;
    /** One JSON object; times in milliseconds. */
    std::string Json() const;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_SUMMARY_H */
