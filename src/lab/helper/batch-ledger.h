// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_BATCH_LEDGER_H
#define LAB_BATCH_LEDGER_H

#include "lab/helper/campaign-tally.h"

#include <cstdint>
#include <map>
#include <optional>

namespace lab
{

/** Which batches of a campaign have been made, from the first to the last run, and their sum. */
class BatchLedger
{
  public:
    bool Has(std::uint64_t batch) const;

    /** A batch that was not there is, with what it has brought. */
    void Add(std::uint64_t batch, const Tally& tally);

    /** The first batch from @p batch on that is missing. */
    std::uint64_t FirstMissing(std::uint64_t batch) const;

    const Tally& Sum() const
    {
        return m_sum;
    }

    /** Half-open ranges of batches: first to end. */
    const std::map<std::uint64_t, std::uint64_t>& Ranges() const
    {
        return m_ranges;
    }

    /** Throws Json::exception or std::exception for what ToJson() has not written. */
    static BatchLedger FromJson(const Json& json);
    Json ToJson() const;

    friend bool operator==(const BatchLedger&, const BatchLedger&) = default;

  private:
    std::map<std::uint64_t, std::uint64_t> m_ranges;
    Tally m_sum;
};

} // namespace lab

#endif /* LAB_BATCH_LEDGER_H */
