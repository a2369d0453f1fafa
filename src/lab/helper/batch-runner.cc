// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/batch-runner.h"

#include <algorithm>

namespace lab
{

namespace
{

interleave::ExploreOptions OptionsOf(const Batch& batch)
{
    interleave::ExploreOptions options;
    options.seed = batch.seed;
    options.firstRun = batch.first;
    options.runs = batch.runs;
    return options;
}

} // namespace

BatchRunner::BatchRunner(CampaignTarget& target, interleave::Strategy& strategy, const Batch& batch)
    : m_target(target),
      m_batch(batch),
      m_explorer(target.GetProgram(), strategy, OptionsOf(batch))
{
    if (StepCoverage* const coverage = m_target.Coverage())
    {
        coverage->Clear();
    }
}

bool BatchRunner::Step()
{
    const std::size_t known = m_explorer.Findings().size();
    if (!m_explorer.Step())
    {
        return false;
    }
    if (m_explorer.LastResult().Passed())
    {
        return true;
    }
    ++m_times[m_explorer.LastResult().violation->Signature()];
    if (m_explorer.Findings().size() > known && m_onFinding)
    {
        m_onFinding(Convert(m_explorer.Findings().back()));
    }
    return true;
}

CampaignFinding BatchRunner::Convert(const interleave::Finding& finding) const
{
    CampaignFinding converted;
    converted.signature = finding.signature;
    converted.kind = interleave::ViolationKindText(finding.violation.kind);
    converted.text = finding.violation.Format();
    converted.strategy = finding.strategy;
    converted.run = finding.run;
    converted.reproduced = finding.reproduced;
    const auto times = m_times.find(finding.signature);
    converted.times = times == m_times.end() ? 1 : times->second;
    interleave::DecisionLog log;
    log.decisions = finding.log.decisions;
    if (const std::string* const trail = finding.log.Header(interleave::Trail::kHeader))
    {
        log.SetHeader(interleave::Trail::kHeader, *trail);
    }
    converted.log = log.Format();
    return converted;
}

Tally BatchRunner::Take() const
{
    Tally tally;
    tally.runs = m_explorer.Runs();
    tally.exhausted = m_explorer.Exhausted();
    for (const auto& [name, counts] : m_explorer.Tallies())
    {
        tally.credits[name] = {
            counts.runs, counts.violations, counts.steps, counts.longest, counts.tasks};
    }
    for (const interleave::Finding& finding : m_explorer.Findings())
    {
        tally.Found(Convert(finding));
    }
    for (const auto& [value, times] : m_explorer.Coverage().Counts())
    {
        tally.schedules.Add(value, times);
    }
    if (const StepCoverage* const coverage = m_target.Coverage())
    {
        tally.coverage = *coverage;
    }
    return tally;
}

} // namespace lab
