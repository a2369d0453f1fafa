// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/decision-log.h"
#include "lab/helper/campaign-run.h"
#include "lab/helper/search-json.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace lab
{

namespace
{

// A batch whose runs keep crashing is given up after so many.
constexpr unsigned kMostCrashes = 8;

} // namespace

void Campaign::Tell(const CampaignFinding& finding)
{
    const auto [it, fresh] = m_lowest.try_emplace(finding.signature, finding.run);
    if (!fresh && finding.run >= it->second)
    {
        return;
    }
    it->second = finding.run;
    // Batches before this one are under way or made: they end, and may find an earlier run.
    m_enough = m_options.untilFound;
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
        Found(job.segment, FindingFromJson(message["finding"]));
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
    if (message.contains("done") && job.segment.piece)
    {
        FinishPiece(job, message);
    }
    else if (message.contains("done"))
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
    const bool whole = segment.before.runs + segment.before.missed == m_options.batchRuns;
    if (complete && whole)
    {
        m_made.batches.Add(segment.batch, segment.before);
        Keep();
        return;
    }
    m_result.partial += complete || m_enough ? 0 : segment.before.runs;
    m_extra.Merge(segment.before);
}

void Campaign::FinishPiece(const Job& job, const Json& message)
{
    Tally tally = TallyFromJson(message.at("done"));
    if (!message.at("complete").get<bool>())
    {
        m_result.partial += tally.runs;
        m_extra.Merge(tally);
        return;
    }
    m_search->Made(
        job.segment.piece->ticket, std::move(tally), SearchRestFromJson(message.at("rest")));
    TellSearch();
}

/** Runs of a search have got their numbers. */
void Campaign::TellSearch()
{
    for (const auto& [signature, finding] : m_search->Sum().findings)
    {
        Tell(finding);
    }
    Keep();
}

/** A worker has found something; which run of a search it was is known only later. */
void Campaign::Found(const Segment& segment, CampaignFinding finding)
{
    if (!segment.piece)
    {
        Tell(finding);
        return;
    }
    if (m_lowest.try_emplace(finding.signature, CampaignOptions::kEndless).second &&
        m_events.finding)
    {
        finding.run += m_search->Sum().runs;
        m_events.finding(finding);
    }
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
    job.place = m_pool.CellOf(worker).place;
    Crashed(job.segment, job, true);
}

void Campaign::Crashed(Segment segment, const Job& job, bool again)
{
    const bool hang = job.how == kHang;
    CampaignFinding finding;
    finding.kind = hang ? kHang : kCrash;
    finding.signature = hang ? "hang: a run that does not end" : CrashSignature(job.how, job.place);
    finding.strategy = job.strategy;
    finding.run = job.crash;
    finding.reproduced = again;
    finding.log = fmt::format("{}\n\n{}", interleave::DecisionLog::kMagic, job.decisions);
    finding.text = fmt::format(
        "{}{}\n",
        hang ? fmt::format("hang: no end after {} s", m_options.stallSeconds) : finding.signature,
        again ? "" : "; not when the run was made again in a process of its own");
    GoOn(std::move(segment), finding);
}

/** Sees to what is left behind a run that has taken its worker down. */
void Campaign::GoOn(Segment segment, const CampaignFinding& finding)
{
    Tally crash;
    crash.runs = 1;
    crash.credits[finding.strategy].runs = 1;
    crash.credits[finding.strategy].violations = 1;
    crash.Found(finding);
    Found(segment, finding);
    if (segment.piece)
    {
        m_search->Crashed(*segment.piece, finding.run, std::move(crash));
        TellSearch();
        return;
    }
    segment.before.Merge(crash);
    const std::uint64_t left = segment.first + segment.runs - (finding.run + 1);
    segment.first = finding.run + 1;
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

} // namespace lab
