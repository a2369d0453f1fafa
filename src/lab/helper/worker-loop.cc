// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/worker-loop.h"

#include "interleave/model/search/shrinker.h"
#include "lab/helper/batch-runner.h"
#include "lab/helper/crash-shrinker.h"
#include "lab/helper/crash-tape.h"
#include "lab/helper/search-json.h"

#include <fmt/format.h>

#include <exception>
#include <stdexcept>

namespace lab
{

namespace
{

class Worker
{
  public:
    Worker(WorkerChannel& channel, WorkerCell& cell, CampaignTarget& target)
        : m_channel(channel),
          m_cell(cell),
          m_target(target)
    {
    }

    void Do(const Json& job);

  private:
    void MakeBatch(const Json& job);
    void MakeCrash(const Json& job);
    void Shrink(const Json& job);
    void ShrinkACrash(const Json& job, const interleave::DecisionLog& log);
    bool Step(BatchRunner& runner);
    std::unique_ptr<interleave::Strategy> NewStrategy(const Json& job);

    WorkerChannel& m_channel;
    WorkerCell& m_cell;
    CampaignTarget& m_target;
};

Batch BatchOf(const Json& job)
{
    return {job.at("seed").get<std::uint64_t>(),
            job.at("first").get<std::uint64_t>(),
            job.at("runs").get<std::uint64_t>()};
}

std::unique_ptr<interleave::Strategy> Worker::NewStrategy(const Json& job)
{
    auto strategy = m_target.NewStrategy(job.at("strategy").get<std::string>());
    if (!strategy)
    {
        throw std::invalid_argument(strategy.error());
    }
    if (job.contains("part"))
    {
        (*strategy)->AsSearch()->Resume(SearchPartFromJson(job["part"]));
    }
    else
    {
        (*strategy)->BeginAt(job.at("batch").get<std::uint64_t>());
    }
    return std::move(*strategy);
}

bool Worker::Step(BatchRunner& runner)
{
    m_cell.run.store(runner.NextRun(), std::memory_order_relaxed);
    m_cell.moves.fetch_add(1, std::memory_order_relaxed);
    return runner.Step();
}

void Worker::MakeBatch(const Json& job)
{
    const auto strategy = NewStrategy(job);
    BatchRunner runner(m_target, *strategy, BatchOf(job));
    runner.OnFinding(
        [this](const CampaignFinding& finding) {
            m_channel.Send({{"finding", ToJson(finding)}});
        });
    const bool untilFound = job.at("untilFound").get<bool>();
    bool complete = false;
    while (!complete && !m_cell.stop.load(std::memory_order_relaxed) &&
           !(untilFound && runner.HasFound()))
    {
        complete = !Step(runner);
    }
    Json done = {{"done", ToJson(runner.Take())}, {"complete", complete}};
    if (complete && job.contains("part"))
    {
        done["rest"] = ToJson(strategy->AsSearch()->Rest());
    }
    m_channel.Send(done);
}

void Worker::MakeCrash(const Json& job)
{
    const auto strategy = NewStrategy(job);
    const auto crash = job.at("crash").get<std::uint64_t>();
    CrashTape tape(*strategy);
    BatchRunner runner(m_target, tape, BatchOf(job));
    while (runner.NextRun() < crash && Step(runner))
    {
    }
    m_channel.Send({{"part", ToJson(runner.Take())}});
    tape.Begin(
        [this](const std::string& name) {
            m_channel.Send({{"begun", name}});
        },
        [this](const interleave::Decision& decision) {
            m_channel.Send({{"decision", decision.Text()}});
        });
    const CrashPlaceObserver observer(m_target.GetProgram().GetEngine(), m_cell.place);
    Step(runner);
    m_channel.Send({{"survived", true}});
}

void Worker::Shrink(const Json& job)
{
    const auto log = interleave::DecisionLog::Parse(job.at("log").get<std::string>());
    if (!log)
    {
        m_channel.Send({{"unshrunk", log.error().Text()}});
        return;
    }
    m_cell.moves.fetch_add(1, std::memory_order_relaxed);
    if (job.contains("crash"))
    {
        ShrinkACrash(job, *log);
        return;
    }
    const auto shrunk =
        interleave::Shrink(m_target.GetProgram(), *log, job.at("signature").get<std::string>());
    if (!shrunk)
    {
        m_channel.Send({{"unshrunk", shrunk.error()}});
        return;
    }
    m_channel.Send({{"shrunk",
                     {{"log", shrunk->log.Format()},
                      {"text", shrunk->violation.Format()},
                      {"decisions", shrunk->decisionsAfter},
                      {"preemptions", shrunk->preemptionsAfter},
                      {"certificate", shrunk->certificate}}}});
}

void Worker::ShrinkACrash(const Json& job, const interleave::DecisionLog& log)
{
    const auto shrunk =
        ShrinkCrash(m_target.GetProgram(), log, job.at("signature").get<std::string>());
    if (!shrunk)
    {
        m_channel.Send({{"unshrunk", shrunk.error()}});
        return;
    }
    m_channel.Send({{"shrunk",
                     {{"log", shrunk->log.Format()},
                      {"text", job.at("text")},
                      {"decisions", shrunk->log.decisions.size()},
                      {"preemptions", interleave::PreemptionsOf(shrunk->log)},
                      {"certificate",
                       fmt::format("{} ({} runs, each in a process of its own)",
                                   shrunk->minimal ? "leaving out any one decision makes it pass"
                                                   : "not minimal: out of runs",
                                   shrunk->runs)}}}});
}

void Worker::Do(const Json& job)
{
    if (job.at("job") == "shrink")
    {
        Shrink(job);
    }
    else if (job.contains("crash"))
    {
        MakeCrash(job);
    }
    else
    {
        MakeBatch(job);
    }
}

} // namespace

void WorkerLoop(WorkerChannel& channel, WorkerCell& cell, const MakeTarget& makeTarget)
{
    try
    {
        const auto target = makeTarget();
        if (!target)
        {
            const InputError& error = target.error();
            channel.Send({{"wrong",
                           {{"file", error.file},
                            {"line", error.line},
                            {"found", error.found},
                            {"expected", error.expected}}}});
            return;
        }
        Worker worker(channel, cell, **target);
        while (const auto job = channel.Receive())
        {
            worker.Do(*job);
        }
    }
    catch (const std::exception& error)
    {
        channel.Send({{"broken", error.what()}});
    }
}

} // namespace lab
