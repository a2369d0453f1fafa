// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_BATCH_RUNNER_H
#define LAB_BATCH_RUNNER_H

#include "interleave/model/search/explorer.h"
#include "lab/helper/campaign-tally.h"
#include "lab/helper/campaign-target.h"

#include <cstdint>
#include <functional>

namespace lab
{

/** Consecutive runs of a campaign that share one strategy object. */
struct Batch
{
    std::uint64_t seed{1};  ///< of the campaign
    std::uint64_t first{0}; ///< index of its first run in the campaign
    std::uint64_t runs{0};
};

/** Makes the runs of a batch, one after the other. */
class BatchRunner
{
  public:
    /** @param strategy is fresh; both outlive the runner. */
    BatchRunner(CampaignTarget& target, interleave::Strategy& strategy, const Batch& batch);

    /** One run. @return false, without a run, when there is none left. */
    bool Step();

    /** Index in the campaign of the run that Step() would make. */
    std::uint64_t NextRun() const
    {
        return m_batch.first + m_explorer.Runs();
    }

    /** Whether any run has violated something. */
    bool HasFound() const
    {
        return !m_times.empty();
    }

    /** Called for each violation that is new in this batch, at once. */
    void OnFinding(std::function<void(const CampaignFinding&)> callback)
    {
        m_onFinding = std::move(callback);
    }

    /** What the runs so far have brought. */
    Tally Take() const;

  private:
    CampaignFinding Convert(const interleave::Finding& finding) const;

    CampaignTarget& m_target;
    Batch m_batch;
    interleave::Explorer m_explorer;
    std::map<std::string, std::uint64_t> m_times; ///< runs by signature
    std::function<void(const CampaignFinding&)> m_onFinding;
};

} // namespace lab

#endif /* LAB_BATCH_RUNNER_H */
