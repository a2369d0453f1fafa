// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whole runs of a scenario a second: what a search through schedules and faults is made of. The
// scenario connects, accepts, rejects, disconnects and destroys between two hosts with two workers
// each. Program and arguments: ./weft bench lab
#include "interleave/model/random.h"
#include "interleave/model/schedule-point.h"
#include "lab/model/lab-program.h"

#include <benchmark/benchmark.h>

#include <string>

namespace
{

lab::Scenario Churn(const std::string& source)
{
    lab::Scenario scenario;
    scenario.file = "churn.toml";
    scenario.name = "churn";
    scenario.fabric.source = source;
    for (const char* name : {"server", "client"})
    {
        lab::HostSpec host;
        host.name = name;
        scenario.hosts.push_back(host);
    }
    for (const auto& [service, policy] : {std::pair(0x1000U, "accept"), {0x2000U, "reject"}})
    {
        lab::ListenSpec listen;
        listen.host = "server";
        listen.serviceId = service;
        listen.policy = policy;
        scenario.listens.push_back(listen);
        lab::ConnectSpec connect;
        connect.name = policy;
        connect.from = "client";
        connect.to = "server";
        connect.serviceId = service;
        connect.disconnect = "both";
        scenario.connects.push_back(connect);
    }
    return scenario;
}

/**
 * A random walk without faults, so that each run goes the whole way: every ready task is equally
 * likely, simulated time goes on at a rate that differs from run to run.
 */
class Walk final : public interleave::Chooser
{
  public:
    void BeginRun(const interleave::Engine& /*engine*/) override
    {
        m_timeMask = (2U << m_random.Below(kRates)) - 1;
    }

    std::uint32_t Choose(interleave::ChoicePoint& point) override
    {
        const std::uint32_t count = point.Count();
        if (count == 1 || point.Kind() == interleave::ChoiceKind::kFault)
        {
            return 0;
        }
        if (point.Kind() != interleave::ChoiceKind::kSchedule)
        {
            return m_random.Below(count);
        }
        const auto& schedule = static_cast<const interleave::SchedulePoint&>(point);
        const bool events = schedule.Candidate(count - 1) == nullptr;
        if (events && (m_random.Next() & m_timeMask) == 0)
        {
            return count - 1;
        }
        return m_random.Below(events ? count - 1 : count);
    }

  private:
    static constexpr std::uint32_t kRates = 6;

    interleave::Random m_random{1, "walk"};
    std::uint64_t m_timeMask{1};
};

void RunsPerSecond(benchmark::State& state, const std::string& source)
{
    auto program = lab::LabProgram::Make(Churn(source));
    if (!program)
    {
        state.SkipWithError(program.error().Text().c_str());
        return;
    }
    Walk walk;
    std::uint64_t steps = 0;
    for (auto _ : state)
    {
        const interleave::RunResult result = (*program)->Run(walk);
        steps += result.steps;
        if (!result.Passed())
        {
            state.SkipWithError(result.violation->Format().c_str());
            return;
        }
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
    state.counters["steps/run"] =
        static_cast<double>(steps) / static_cast<double>(state.iterations());
}

BENCHMARK_CAPTURE(RunsPerSecond, direct, std::string("direct"));
BENCHMARK_CAPTURE(RunsPerSecond, ns3, std::string("back-to-back"));

} // namespace

BENCHMARK_MAIN();
