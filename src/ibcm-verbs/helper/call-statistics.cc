// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/call-statistics.h"

#include <algorithm>

namespace cmverbs
{

Percentiles PercentilesOf(std::vector<ibcm::Duration> samples)
{
    Percentiles result;
    result.samples = samples.size();
    if (samples.empty())
    {
        return result;
    }
    std::sort(samples.begin(), samples.end());
    const auto rank = [&samples](std::size_t percent)
    { return samples[(samples.size() * percent + 99) / 100 - 1]; };
    result.p50 = rank(50);
    result.p90 = rank(90);
    result.p99 = rank(99);
    result.max = samples.back();
    return result;
}

void CallStatistics::Add(const CallOutcome& outcome)
{
    m_messages += outcome.messages;
    if (outcome.ok)
    {
        ++m_succeeded;
    }
    else
    {
        ++m_failed;
        ++m_causes[outcome.cause];
    }
    if (outcome.setup)
    {
        m_setup.push_back(*outcome.setup);
    }
    if (outcome.teardown)
    {
        m_teardown.push_back(*outcome.teardown);
    }
}

Percentiles CallStatistics::Setup() const
{
    return PercentilesOf(m_setup);
}

Percentiles CallStatistics::Teardown() const
{
    return PercentilesOf(m_teardown);
}

} // namespace cmverbs
