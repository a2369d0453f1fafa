// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/campaign.h"

#include "interleave/model/strategy/strategies.h"
#include "lab/helper/campaign-run.h"
#include "lab/helper/search-json.h"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

namespace lab
{

namespace
{

constexpr int kPollMilliseconds = 100;

/** An object that makes no runs: it knows what parts of the search mean. */
std::unique_ptr<interleave::DivisibleSearch> SearchOf(const std::string& name)
{
    auto strategy = interleave::MakeStrategy(name);
    interleave::DivisibleSearch* const search = strategy ? (*strategy)->AsSearch() : nullptr;
    if (search == nullptr)
    {
        throw std::invalid_argument(name + " is no search that ends by itself");
    }
    static_cast<void>(strategy->release()); // it is the same object
    return std::unique_ptr<interleave::DivisibleSearch>(search);
}

} // namespace

Campaign::Campaign(const MakeTarget& makeTarget,
                   const CampaignOptions& options,
                   const CampaignEvents& events,
                   CampaignMade& made)
    : m_options(options),
      m_events(events),
      m_made(made),
      m_pool(options.workers, makeTarget),
      m_jobs(options.workers)
{
    if (options.exhaustive && !made.batches.Has(0))
    {
        made.search
            ? m_search.emplace(
                  SearchOf(options.strategy), options.batchRuns, options.schedules, *made.search)
            : m_search.emplace(SearchOf(options.strategy), options.batchRuns, options.schedules);
    }
    for (const auto& [signature, finding] :
         (m_search ? m_search->Sum() : made.batches.Sum()).findings)
    {
        m_lowest[signature] = finding.run;
    }
    m_enough = m_options.untilFound && !m_lowest.empty();
}

void Campaign::Keep()
{
    if (!m_events.made)
    {
        return;
    }
    if (m_search)
    {
        m_made.search = m_search->SoFar();
    }
    m_events.made(m_made);
}

std::optional<Segment> Campaign::NextSegment()
{
    if (!m_left.empty())
    {
        Segment segment = std::move(m_left.front());
        m_left.pop_front();
        return segment;
    }
    if (m_options.exhaustive)
    {
        return NextPiece();
    }
    m_nextBatch = m_made.batches.FirstMissing(m_nextBatch);
    const std::uint64_t runs = m_options.batchRuns;
    if (m_nextBatch > (m_options.schedules - 1) / runs)
    {
        return std::nullopt;
    }
    Segment segment;
    segment.batch = m_nextBatch++;
    segment.first = segment.batch * runs;
    segment.runs = std::min(runs, m_options.schedules - segment.first);
    return segment;
}

std::optional<Segment> Campaign::NextPiece()
{
    auto piece = m_search ? m_search->Next() : std::nullopt;
    if (!piece)
    {
        return std::nullopt;
    }
    Segment segment;
    segment.batch = piece->ticket;
    segment.runs = piece->runs;
    segment.piece = std::move(*piece);
    return segment;
}

Json Campaign::JobMessage(const Segment& segment) const
{
    Json message = {{"job", "batch"},
                    {"strategy", m_options.strategy},
                    {"seed", m_options.seed},
                    {"batch", segment.batch},
                    {"first", segment.first},
                    {"runs", segment.runs},
                    // A part of a search is made to its end, so that the rest of it is known.
                    {"untilFound", m_options.untilFound && !segment.piece}};
    if (segment.piece)
    {
        message["part"] = ToJson(segment.piece->part);
    }
    return message;
}

void Campaign::Begin(std::size_t worker, Job job, Json message)
{
    job.moves = m_pool.CellOf(worker).moves.load(std::memory_order_relaxed);
    job.movedAt = m_time.Seconds();
    m_jobs[worker] = std::move(job);
    // Should the worker have gone, Poll() says so.
    m_pool.Send(worker, message);
}

bool Campaign::Deal(std::size_t worker)
{
    if (!m_toMake.empty())
    {
        Job job = std::move(m_toMake.front());
        m_toMake.pop_front();
        Json message = JobMessage(job.segment);
        message["crash"] = job.crash;
        Begin(worker, std::move(job), std::move(message));
        return true;
    }
    if (!m_toShrink.empty())
    {
        const CampaignFinding finding = std::move(m_toShrink.front());
        m_toShrink.pop_front();
        BeginShrinking(worker, finding);
        return true;
    }
    if (m_stopping || m_enough)
    {
        return false;
    }
    auto segment = NextSegment();
    if (!segment)
    {
        return false;
    }
    Job job;
    job.segment = std::move(*segment);
    Json message = JobMessage(job.segment);
    Begin(worker, std::move(job), std::move(message));
    return true;
}

void Campaign::BeginShrinking(std::size_t worker, const CampaignFinding& finding)
{
    if (m_events.shrinking)
    {
        m_events.shrinking(finding);
    }
    Job job;
    job.kind = Job::Kind::kShrink;
    job.signature = finding.signature;
    Json message = {{"job", "shrink"}, {"log", finding.log}, {"signature", finding.signature}};
    if (finding.kind == kCrash)
    {
        message["crash"] = true;
        message["text"] = finding.text;
    }
    Begin(worker, std::move(job), std::move(message));
}

bool Campaign::Turn()
{
    bool busy = false;
    for (std::size_t i = 0; i < m_jobs.size(); ++i)
    {
        busy = m_jobs[i] || Deal(i) || busy;
    }
    if (!busy)
    {
        return false;
    }
    m_pool.Poll(kPollMilliseconds,
                {[this](std::size_t worker, const Json& message) { Hear(worker, message); },
                 [this](std::size_t worker, const std::string& how) { Gone(worker, how); }});
    CheckTime();
    if (m_events.progress)
    {
        m_events.progress(Progress());
    }
    return !m_wrong;
}

void Campaign::CheckTime()
{
    const double now = m_time.Seconds();
    const bool late = m_options.seconds > 0 && now >= m_options.seconds;
    if (!m_stopping && (late || (m_events.stop && m_events.stop())))
    {
        m_stopping = true;
        m_pool.Stop();
    }
    for (std::size_t i = 0; i < m_jobs.size(); ++i)
    {
        if (!m_jobs[i] || m_jobs[i]->kind == Job::Kind::kShrink)
        {
            continue; // shrinking ends by itself: it counts its runs
        }
        Job& job = *m_jobs[i];
        const std::uint64_t moves = m_pool.CellOf(i).moves.load(std::memory_order_relaxed);
        if (moves != job.moves)
        {
            job.moves = moves;
            job.movedAt = now;
        }
        else if (!job.killed && now - job.movedAt > m_options.stallSeconds)
        {
            job.killed = true;
            m_pool.Kill(i);
        }
    }
}

CampaignProgress Campaign::Progress()
{
    CampaignProgress progress;
    progress.runs =
        m_made.batches.Sum().runs + m_extra.runs + (m_search ? m_search->Sum().runs : 0);
    progress.findings = m_lowest.size();
    progress.seconds = m_time.Seconds();
    for (std::size_t i = 0; i < m_jobs.size(); ++i)
    {
        if (m_jobs[i] && m_jobs[i]->kind == Job::Kind::kBatch)
        {
            const Segment& segment = m_jobs[i]->segment;
            const std::uint64_t run = m_pool.CellOf(i).run.load(std::memory_order_relaxed);
            const bool inside = run >= segment.first && run - segment.first <= segment.runs;
            progress.runs += segment.before.runs + (inside ? run - segment.first : 0);
        }
    }
    return progress;
}

void Campaign::KeepFirst()
{
    auto& findings = m_result.tally.findings;
    const auto first =
        std::min_element(findings.begin(),
                         findings.end(),
                         [](const auto& a, const auto& b) { return a.second.run < b.second.run; });
    std::erase_if(findings,
                  [run = first->second.run](const auto& entry) { return entry.second.run != run; });
}

void Campaign::ShrinkAll()
{
    for (const auto& [signature, finding] : m_result.tally.findings)
    {
        if (finding.kind == kHang)
        {
            ShrunkFinding& shrunk = m_result.shrunk[signature];
            shrunk.signature = signature;
            shrunk.problem = "a run that does not end is not shrunk";
        }
        else if (finding.reproduced)
        {
            m_toShrink.push_back(finding);
        }
    }
    while (Turn())
    {
        if (m_events.stop && m_events.stop())
        {
            return; // what is not shrunk yet stays as it was found
        }
    }
}

/** What a search has brought: for the ledger if it has come to its end. */
void Campaign::TakeSearch()
{
    if (!m_search)
    {
        return;
    }
    const Tally loose = m_search->Loose();
    m_result.partial += loose.runs;
    if (m_search->Sum().exhausted)
    {
        m_made.search.reset();
        m_made.batches.Add(0, m_search->Sum());
    }
    else
    {
        m_made.search = m_search->SoFar();
        m_extra.Merge(m_search->Sum());
        m_extra.Merge(loose);
    }
    m_search.reset();
}

tl::expected<CampaignResult, InputError> Campaign::Run(bool shrink)
{
    while (Turn())
    {
    }
    if (m_wrong)
    {
        return tl::unexpected(*m_wrong);
    }
    // What a crash has left when it was stopped in the midst.
    for (const Segment& segment : m_left)
    {
        m_result.partial += segment.before.runs;
        m_extra.Merge(segment.before);
    }
    m_left.clear();
    TakeSearch();
    m_result.stopped = m_stopping;
    m_result.tally = m_made.batches.Sum();
    m_result.tally.Merge(m_extra);
    m_result.seconds = m_time.Seconds();
    if (m_enough)
    {
        KeepFirst();
    }
    const bool interrupted = m_events.stop && m_events.stop();
    if (shrink && !interrupted)
    {
        m_stopping = true; // no more batches
        ShrinkAll();
    }
    return std::move(m_result);
}

tl::expected<CampaignResult, InputError> RunCampaign(const MakeTarget& makeTarget,
                                                     const CampaignOptions& options,
                                                     const CampaignEvents& events,
                                                     CampaignMade& made,
                                                     bool shrink)
{
    return Campaign(makeTarget, options, events, made).Run(shrink);
}

} // namespace lab
