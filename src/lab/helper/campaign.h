// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CAMPAIGN_H
#define LAB_CAMPAIGN_H

#include "lab/helper/batch-ledger.h"
#include "lab/helper/campaign-tally.h"
#include "lab/helper/campaign-target.h"
#include "lab/helper/search-dealer.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>

namespace lab
{

struct CampaignOptions
{
    static constexpr std::uint64_t kEndless = std::numeric_limits<std::uint64_t>::max();
    static constexpr std::uint64_t kBatchRuns = 1000;

    std::string strategy{"portfolio"};
    std::uint64_t seed{1};
    std::uint64_t schedules{10'000}; ///< runs to make; kEndless: until stopped
    /** Runs of a strategy object: what is found depends on it, but not on the number of workers. */
    std::uint64_t batchRuns{kBatchRuns};
    /** The strategy is a search that ends by itself: dealt in parts instead of batches. */
    bool exhaustive{false};
    /** Ends with the first run that violates something: what is found is that run's alone. */
    bool untilFound{false};
    unsigned workers{1};
    double seconds{0}; ///< of real time after which no run begins; 0: none
    /** Seconds of real time without a run after which a worker counts as hanging. */
    double stallSeconds{60};
};

/** What a campaign has made, to go on from. */
struct CampaignMade
{
    BatchLedger batches;
    /** How far a search has come that is not at its end; one that is has made batch 0. */
    std::optional<SearchDealer::State> search;

    /** Of all that need not be made again. */
    std::uint64_t Runs() const
    {
        return batches.Sum().runs + (search ? search->sum.runs : 0);
    }

    friend bool operator==(const CampaignMade&, const CampaignMade&) = default;
};

/** How far a campaign has come, for a progress bar. */
struct CampaignProgress
{
    std::uint64_t runs{0}; ///< made by now, with those of batches that are under way
    std::uint64_t findings{0};
    double seconds{0}; ///< of real time, in this process
};

/** What a campaign tells as it goes on. Every member may be empty. */
struct CampaignEvents
{
    /** A violation that is new to the campaign, or known and now with a run of a lower index. */
    std::function<void(const CampaignFinding&)> finding;
    /** There is more than at the last call, and worth keeping. */
    std::function<void(const CampaignMade&)> made;
    /** Several times a second. */
    std::function<void(const CampaignProgress&)> progress;
    /** Asked several times a second: whether to end after the runs that go on. */
    std::function<bool()> stop;
    /** A finding is about to be shrunk. */
    std::function<void(const CampaignFinding&)> shrinking;
};

/** A finding made smaller, or why it could not be. */
struct ShrunkFinding
{
    std::string signature;
    std::string log; ///< empty if it could not be shrunk
    std::string text;
    std::string certificate;
    std::string problem; ///< why not
    std::uint64_t decisions{0};
    std::uint64_t preemptions{0};
};

struct CampaignResult
{
    Tally tally;         ///< of all runs, also of batches that were cut off
    bool stopped{false}; ///< ended before its last run
    std::uint64_t partial{
        0};            ///< runs of batches that were cut off: they are made again on resuming
    double seconds{0}; ///< of real time that the runs took, without shrinking, in this process
    std::map<std::string, ShrunkFinding> shrunk; ///< by signature
};

/**
 * Runs batches in worker processes until all are made or it is stopped, and shrinks what was found.
 * What comes out, but for times, depends on the target, strategy, seed, batchRuns and schedules,
 * not on the number of workers nor on where an earlier part was interrupted.
 *
 * A worker that dies or hangs in a run does not end the campaign: the run is made again alone in a
 * new worker that tells each decision before it takes it, and is a finding; the rest of its batch
 * goes on with a fresh strategy. A search gives up what begins like the run, and goes on.
 * @param made what earlier campaigns have; has all complete batches at the end.
 * @param shrink whether findings are shrunk, unless stopped.
 */
tl::expected<CampaignResult, InputError> RunCampaign(const MakeTarget& makeTarget,
                                                     const CampaignOptions& options,
                                                     const CampaignEvents& events,
                                                     CampaignMade& made,
                                                     bool shrink);

} // namespace lab

#endif /* LAB_CAMPAIGN_H */
