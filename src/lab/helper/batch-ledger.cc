// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/batch-ledger.h"

#include <iterator>
#include <stdexcept>

namespace lab
{

std::uint64_t BatchLedger::FirstMissing(std::uint64_t batch) const
{
    const auto after = m_ranges.upper_bound(batch);
    if (after == m_ranges.begin())
    {
        return batch;
    }
    const auto& [first, end] = *std::prev(after);
    return batch < end ? end : batch; // ranges never touch: behind the end one is missing
}

bool BatchLedger::Has(std::uint64_t batch) const
{
    return FirstMissing(batch) != batch;
}

void BatchLedger::Add(std::uint64_t batch, const Tally& tally)
{
    if (Has(batch))
    {
        throw std::logic_error("a batch was made twice");
    }
    m_sum.Merge(tally);
    std::uint64_t first = batch;
    std::uint64_t end = batch + 1;
    const auto after = m_ranges.upper_bound(batch);
    if (after != m_ranges.begin() && std::prev(after)->second == first)
    {
        first = std::prev(after)->first;
    }
    if (after != m_ranges.end() && after->first == end)
    {
        end = after->second;
        m_ranges.erase(after);
    }
    m_ranges[first] = end;
}

Json BatchLedger::ToJson() const
{
    Json ranges = Json::array();
    for (const auto& [first, end] : m_ranges)
    {
        ranges.push_back({first, end});
    }
    return {{"batches", std::move(ranges)}, {"sum", lab::ToJson(m_sum)}};
}

BatchLedger BatchLedger::FromJson(const Json& json)
{
    BatchLedger ledger;
    std::uint64_t free = 0;
    for (const Json& range : json.at("batches"))
    {
        const auto first = range.at(0).get<std::uint64_t>();
        const auto end = range.at(1).get<std::uint64_t>();
        if (first < free || end <= first)
        {
            throw std::invalid_argument("batches that are no ascending ranges");
        }
        ledger.m_ranges[first] = end;
        free = end + 1;
    }
    ledger.m_sum = TallyFromJson(json.at("sum"));
    return ledger;
}

} // namespace lab
