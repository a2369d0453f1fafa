// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CAMPAIGN_RUN_H
#define LAB_CAMPAIGN_RUN_H

#include "lab/helper/campaign.h"
#include "lab/helper/search-dealer.h"
#include "lab/helper/stopwatch.h"
#include "lab/helper/worker-pool.h"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lab
{

/** Kinds of findings that are not an oracle's. */
inline constexpr const char* kHang = "hang";
inline constexpr const char* kCrash = "process-crash";

/** A piece of a batch for one worker: the whole, or what is left behind a crash; or of a search. */
struct Segment
{
    std::uint64_t batch{0};
    std::uint64_t first{0};
    std::uint64_t runs{0};
    Tally before;                             ///< what earlier segments of the batch have brought
    unsigned crashes{0};                      ///< in the batch so far
    std::optional<SearchDealer::Piece> piece; ///< of a search: its runs are numbered from 0
};

/** What a worker is at. */
struct Job
{
    enum class Kind
    {
        kBatch,
        kCrash, ///< the run that takes workers down, alone
        kShrink,
    };

    Kind kind{Kind::kBatch};
    Segment segment;
    std::uint64_t crash{0}; ///< index of the crashing run
    std::string how;        ///< it crashes
    CrashPlace place;       ///< where it does, when it was made alone
    std::string strategy;   ///< that decides in it
    std::string decisions;  ///< it has told, a line each
    std::string signature;  ///< of the finding to shrink
    std::uint64_t moves{0}; ///< of the worker, when it was last seen to move
    double movedAt{0};
    bool killed{false};
};

/** See RunCampaign(). campaign.cc deals the work, campaign-answers.cc takes what comes of it. */
class Campaign
{
  public:
    /** All outlive the campaign. */
    Campaign(const MakeTarget& makeTarget,
             const CampaignOptions& options,
             const CampaignEvents& events,
             CampaignMade& made);

    tl::expected<CampaignResult, InputError> Run(bool shrink);

  private:
    // Dealing.
    std::optional<Segment> NextSegment();
    std::optional<Segment> NextPiece();
    bool Deal(std::size_t worker);
    void Begin(std::size_t worker, Job job, Json message);
    Json JobMessage(const Segment& segment) const;
    bool Turn();
    void CheckTime();

    // Hearing.
    void Hear(std::size_t worker, const Json& message);
    void Gone(std::size_t worker, const std::string& how);
    void Done(std::size_t worker, const Json& message);
    void Crashed(Segment segment, const Job& job, bool again);
    void GoOn(Segment segment, const CampaignFinding& finding);
    void Finish(Segment segment, const Tally& tally, bool complete);
    void FinishPiece(const Job& job, const Json& message);
    void Found(const Segment& segment, CampaignFinding finding);
    void TellSearch();
    void Keep();
    void Tell(const CampaignFinding& finding);
    CampaignProgress Progress();

    void KeepFirst();
    void ShrinkAll();
    void BeginShrinking(std::size_t worker, const CampaignFinding& finding);
    void TakeSearch();

    const CampaignOptions& m_options;
    const CampaignEvents& m_events;
    CampaignMade& m_made;
    Stopwatch m_time;
    WorkerPool m_pool;
    std::vector<std::optional<Job>> m_jobs; ///< by worker
    std::optional<SearchDealer> m_search;   ///< deals instead of batches
    std::deque<Segment> m_left;             ///< of batches with a crash
    std::deque<Job> m_toMake;               ///< crashing runs to be made alone
    std::deque<CampaignFinding> m_toShrink;
    std::uint64_t m_nextBatch{0};
    std::map<std::string, std::uint64_t> m_lowest; ///< run by signature
    Tally m_extra;                                 ///< of batches that are not for the ledger
    CampaignResult m_result;
    std::optional<InputError> m_wrong;
    bool m_stopping{false};
    bool m_enough{false}; ///< no more batches: what was to be found is found
};

} // namespace lab

#endif /* LAB_CAMPAIGN_RUN_H */
