// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CAMPAIGN_TALLY_H
#define LAB_CAMPAIGN_TALLY_H

#include "lab/helper/distinct-sample.h"
#include "lab/helper/json-report.h"
#include "lab/model/step-coverage.h"

#include <cstdint>
#include <map>
#include <string>

namespace lab
{

/** A violation, and the run of the lowest index that shows it. */
struct CampaignFinding
{
    std::string signature; ///< interleave::Violation::Signature()
    std::string kind;
    std::string text;     ///< the whole report, for people
    std::string strategy; ///< that decided in the run
    /** The run as a decision log, with a trail (interleave::Trail) and no other header. */
    std::string log;
    std::uint64_t run{0};
    std::uint64_t times{1}; ///< runs that show it
    /** Whether the log showed the same again at once; if not, the program is not deterministic. */
    bool reproduced{true};

    friend bool operator==(const CampaignFinding&, const CampaignFinding&) = default;
};

/** What one strategy has done. */
struct StrategyCredit
{
    std::uint64_t runs{0};
    std::uint64_t violations{0}; ///< runs that ended in one
    std::uint64_t steps{0};      ///< operations of all runs
    std::uint64_t longest{0};    ///< operations of the longest run
    std::uint64_t tasks{0};      ///< most tasks in a run

    void Merge(const StrategyCredit& other);

    friend bool operator==(const StrategyCredit&, const StrategyCredit&) = default;
};

/**
 * What came out of a set of runs. Merging is commutative and associative, so that it does not
 * matter who has made which of them, nor when.
 */
struct Tally
{
    std::uint64_t runs{0};
    std::uint64_t missed{0}; ///< runs that were given up because others of their batch crashed
    bool exhausted{false};   ///< an exhaustive search has come to its end
    std::map<std::string, StrategyCredit> credits;   ///< by name of the strategy
    std::map<std::string, CampaignFinding> findings; ///< by signature
    DistinctSample schedules;                        ///< values of interleave::TraceHashObserver
    StepCoverage coverage;

    void Found(CampaignFinding finding);
    void Merge(const Tally& other);

    friend bool operator==(const Tally&, const Tally&) = default;
};

Json ToJson(const CampaignFinding& finding);
Json ToJson(const Tally& tally);

/** The reverse. Throws Json::exception or std::exception for what ToJson() has not written. */
CampaignFinding FindingFromJson(const Json& json);
Tally TallyFromJson(const Json& json);

} // namespace lab

#endif /* LAB_CAMPAIGN_TALLY_H */
