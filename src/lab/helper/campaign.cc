// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/campaign.h"

#include "interleave/model/decision-log.h"
#include "lab/helper/stopwatch.h"
#include "lab/helper/worker-pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <utility>
#include <vector>

namespace lab
{

namespace
{

constexpr int kPollMilliseconds = 100;
// A batch whose runs keep crashing is given up after so many.
constexpr unsigned kMostCrashes = 8;
constexpr const char* kHang = "hang";

/** A piece of a batch for one worker: the whole, or what is left behind a crash. */
struct Segment
{
    std::uint64_t batch{0};
    std::uint64_t first{0};
    std::uint64_t runs{0};
    Tally before;        ///< what earlier segments of the batch have brought
    unsigned crashes{0}; ///< in the batch so far
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
    std::string strategy;   ///< that decides in it
    std::string decisions;  ///< it has told, a line each
    std::string signature;  ///< of the finding to shrink
    std::uint64_t moves{0}; ///< of the worker, when it was last seen to move
    double movedAt{0};
    bool killed{false};
};

class Campaign
{
  public:
    Campaign(const MakeTarget& makeTarget,
             const CampaignOptions& options,
             const CampaignEvents& events,
             BatchLedger& ledger)
        : m_options(options),
          m_events(events),
          m_ledger(ledger),
          m_pool(options.workers, makeTarget),
          m_jobs(options.workers)
    {
        for (const auto& [signature, finding] : ledger.Sum().findings)
        {
            m_lowest[signature] = finding.run;
        }
    }

    tl::expected<CampaignResult, InputError> Run(bool shrink);

  private:
    // Dealing.
    std::optional<Segment> NextSegment();
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
    void Finish(Segment segment, const Tally& tally, bool complete);
    void Tell(const CampaignFinding& finding);
    CampaignProgress Progress();

    void ShrinkAll();

    const CampaignOptions& m_options;
    const CampaignEvents& m_events;
    BatchLedger& m_ledger;
    Stopwatch m_time;
    WorkerPool m_pool;
    std::vector<std::optional<Job>> m_jobs; ///< by worker
    std::deque<Segment> m_left;             ///< of batches with a crash
    std::deque<Job> m_toMake;               ///< crashing runs to be made alone
    std::deque<CampaignFinding> m_toShrink;
    std::uint64_t m_nextBatch{0};
    std::map<std::string, std::uint64_t> m_lowest; ///< run by signature
    Tally m_extra;                                 ///< of batches that are not for the ledger
    CampaignResult m_result;
    std::optional<InputError> m_wrong;
    bool m_stopping{false};
};

std::optional<Segment> Campaign::NextSegment()
{
    if (!m_left.empty())
    {
        Segment segment = std::move(m_left.front());
        m_left.pop_front();
        return segment;
    }
    m_nextBatch = m_ledger.FirstMissing(m_nextBatch);
    const std::uint64_t runs = m_options.indivisible ? m_options.schedules : m_options.batchRuns;
    if (m_nextBatch > (m_options.schedules - 1) / runs ||
        (m_options.indivisible && m_nextBatch > 0))
    {
        return std::nullopt;
    }
    Segment segment;
    segment.batch = m_nextBatch++;
    segment.first = segment.batch * runs;
    segment.runs = std::min(runs, m_options.schedules - segment.first);
    return segment;
}

Json Campaign::JobMessage(const Segment& segment) const
{
    return {{"job", "batch"},
            {"strategy", m_options.strategy},
            {"seed", m_options.seed},
            {"first", segment.first},
            {"runs", segment.runs}};
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
        if (m_events.shrinking)
        {
            m_events.shrinking(finding);
        }
        Job job;
        job.kind = Job::Kind::kShrink;
        job.signature = finding.signature;
        Begin(worker,
              std::move(job),
              {{"job", "shrink"}, {"log", finding.log}, {"signature", finding.signature}});
        return true;
    }
    if (m_stopping)
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
    progress.runs = m_ledger.Sum().runs + m_extra.runs;
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

void Campaign::Tell(const CampaignFinding& finding)
{
    const auto [it, fresh] = m_lowest.try_emplace(finding.signature, finding.run);
    if (!fresh && finding.run >= it->second)
    {
        return;
    }
    it->second = finding.run;
    if (m_events.finding)
    {
        m_events.finding(finding);
    }
}

void Campaign::Hear(std::size_t worker, const Json& message)
{
    if (message.contains("wrong"))
    {
        const Json& wrong = message["wrong"];
        m_wrong = InputError{wrong.at("file").get<std::string>(),
                             wrong.at("line").get<unsigned>(),
                             wrong.at("found").get<std::string>(),
                             wrong.at("expected").get<std::string>()};
        return;
    }
    if (message.contains("broken"))
    {
        throw std::runtime_error(message["broken"].get<std::string>());
    }
    if (!m_jobs[worker])
    {
        return;
    }
    Job& job = *m_jobs[worker];
    if (message.contains("finding"))
    {
        Tell(FindingFromJson(message["finding"]));
    }
    else if (message.contains("part"))
    {
        job.segment.before.Merge(TallyFromJson(message["part"]));
    }
    else if (message.contains("begun"))
    {
        job.strategy = message["begun"].get<std::string>();
    }
    else if (message.contains("decision"))
    {
        job.decisions += message["decision"].get<std::string>() + "\n";
    }
    else
    {
        Done(worker, message);
    }
}

void Campaign::Done(std::size_t worker, const Json& message)
{
    const Job job = std::move(*m_jobs[worker]);
    m_jobs[worker].reset();
    if (message.contains("done"))
    {
        Finish(job.segment, TallyFromJson(message["done"]), message.at("complete").get<bool>());
    }
    else if (message.contains("survived"))
    {
        Crashed(job.segment, job, false);
    }
    else if (message.contains("shrunk"))
    {
        const Json& shrunk = message["shrunk"];
        m_result.shrunk[job.signature] = {job.signature,
                                          shrunk.at("log").get<std::string>(),
                                          shrunk.at("text").get<std::string>(),
                                          shrunk.at("certificate").get<std::string>(),
                                          "",
                                          shrunk.at("decisions").get<std::uint64_t>(),
                                          shrunk.at("preemptions").get<std::uint64_t>()};
    }
    else
    {
        ShrunkFinding& finding = m_result.shrunk[job.signature];
        finding.signature = job.signature;
        finding.problem = message.at("unshrunk").get<std::string>();
    }
}

void Campaign::Finish(Segment segment, const Tally& tally, bool complete)
{
    segment.before.Merge(tally);
    const bool whole = m_options.indivisible
                           ? segment.before.exhausted
                           : segment.before.runs + segment.before.missed == m_options.batchRuns;
    if (complete && whole)
    {
        m_ledger.Add(segment.batch, segment.before);
        if (m_events.batch)
        {
            m_events.batch(m_ledger);
        }
        return;
    }
    m_result.partial += complete ? 0 : segment.before.runs;
    m_extra.Merge(segment.before);
}

void Campaign::Gone(std::size_t worker, const std::string& how)
{
    if (!m_jobs[worker] || m_wrong)
    {
        return;
    }
    Job job = std::move(*m_jobs[worker]);
    m_jobs[worker].reset();
    if (job.kind == Job::Kind::kShrink)
    {
        ShrunkFinding& finding = m_result.shrunk[job.signature];
        finding.signature = job.signature;
        finding.problem = fmt::format("the process that shrank it ended ({})", how);
        return;
    }
    const std::uint64_t run = m_pool.CellOf(worker).run.load(std::memory_order_relaxed);
    const Segment& segment = job.segment;
    if (run < segment.first || run - segment.first >= segment.runs ||
        m_pool.CellOf(worker).moves.load(std::memory_order_relaxed) == 0)
    {
        throw std::runtime_error(fmt::format("a worker ended outside of a run ({})", how));
    }
    if (job.kind == Job::Kind::kBatch)
    {
        job.kind = Job::Kind::kCrash;
        job.crash = run;
        job.how = job.killed ? kHang : how;
        job.killed = false;
        m_toMake.push_back(std::move(job));
        return;
    }
    Crashed(job.segment, job, true);
}

void Campaign::Crashed(Segment segment, const Job& job, bool again)
{
    CampaignFinding finding;
    finding.kind = job.how == kHang ? kHang : "crash";
    finding.signature =
        job.how == kHang ? "hang: a run that does not end" : fmt::format("crash: {}", job.how);
    finding.strategy = job.strategy;
    finding.run = job.crash;
    finding.reproduced = again;
    finding.log = fmt::format("{}\n\n{}", interleave::DecisionLog::kMagic, job.decisions);
    finding.text = fmt::format(
        "{}\nin run {}{}\n",
        job.how == kHang ? fmt::format("hang: no end after {} s", m_options.stallSeconds)
                         : fmt::format("crash: {}", job.how),
        job.crash,
        again ? "" : "; it did not happen when the run was made again in a process of its own");
    Tell(finding);
    Tally crash;
    crash.runs = 1;
    crash.credits[job.strategy].runs = 1;
    crash.credits[job.strategy].violations = 1;
    crash.Found(finding);
    segment.before.Merge(crash);
    const std::uint64_t left = segment.first + segment.runs - (job.crash + 1);
    segment.first = job.crash + 1;
    segment.runs = left;
    if (++segment.crashes >= kMostCrashes)
    {
        segment.before.missed += left;
        segment.runs = 0;
    }
    if (segment.runs == 0)
    {
        Finish(segment, Tally{}, true);
        return;
    }
    m_left.push_back(std::move(segment));
}

void Campaign::ShrinkAll()
{
    for (const auto& [signature, finding] : m_result.tally.findings)
    {
        if (finding.kind == "crash" || finding.kind == kHang)
        {
            ShrunkFinding& shrunk = m_result.shrunk[signature];
            shrunk.signature = signature;
            shrunk.problem = "a run that takes its process down is not shrunk";
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
    m_result.stopped = m_stopping;
    m_result.tally = m_ledger.Sum();
    m_result.tally.Merge(m_extra);
    m_result.seconds = m_time.Seconds();
    const bool interrupted = m_events.stop && m_events.stop();
    if (shrink && !interrupted)
    {
        m_stopping = true; // no more batches
        ShrinkAll();
    }
    return std::move(m_result);
}

} // namespace

tl::expected<CampaignResult, InputError> RunCampaign(const MakeTarget& makeTarget,
                                                     const CampaignOptions& options,
                                                     const CampaignEvents& events,
                                                     BatchLedger& ledger,
                                                     bool shrink)
{
    return Campaign(makeTarget, options, events, ledger).Run(shrink);
}

} // namespace lab
