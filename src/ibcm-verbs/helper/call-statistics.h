// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_CALL_STATISTICS_H
#define IBCM_VERBS_CALL_STATISTICS_H

#include "ibcm/model/runtime.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cmverbs
{

/** How one connection went. */
struct CallOutcome
{
    bool ok{false};
    std::string cause;                      ///< why not, if not
    std::uint64_t messages{0};              ///< that came back
    std::optional<ibcm::Duration> setup;    ///< from the REQ (SIDR_REQ) to the RTU (SIDR_REP)
    std::optional<ibcm::Duration> teardown; ///< from the DREQ to its answer, if this side began
};

/** The times of many connections, summed up. */
struct Percentiles
{
    std::size_t samples{0};
    ibcm::Duration p50{0};
    ibcm::Duration p90{0};
    ibcm::Duration p99{0};
    ibcm::Duration max{0};
};

/**
 * Percentile p is the smallest sample that at least p percent of them are not above (nearest rank).
 * All zero without samples.
 */
Percentiles PercentilesOf(std::vector<ibcm::Duration> samples);

/** Many outcomes, summed up. Not thread-safe. */
class CallStatistics
{
  public:
    void Add(const CallOutcome& outcome);

    std::size_t Ended() const
    {
        return m_succeeded + m_failed;
    }

    std::size_t Succeeded() const
    {
        return m_succeeded;
    }

    std::size_t Failed() const
    {
        return m_failed;
    }

    std::uint64_t Messages() const
    {
        return m_messages;
    }

    /** Failures by cause. */
    const std::map<std::string, std::size_t>& Causes() const
    {
        return m_causes;
    }

    Percentiles Setup() const;
    Percentiles Teardown() const;

  private:
    std::size_t m_succeeded{0};
    std::size_t m_failed{0};
    std::uint64_t m_messages{0};
    std::map<std::string, std::size_t> m_causes;
    std::vector<ibcm::Duration> m_setup;
    std::vector<ibcm::Duration> m_teardown;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_CALL_STATISTICS_H */
