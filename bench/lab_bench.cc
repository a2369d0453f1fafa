// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whole runs of a scenario a second: what a search through schedules and faults is made of. The
// scenario connects, accepts, rejects, disconnects and destroys between two hosts with two workers
// each. Program and arguments: ./weft bench lab
#include "interleave/helper/random-chooser.h"
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

/** Every schedule choice is drawn, no fault: each run goes the whole way. */
class Walk final : public interleave::Chooser
{
  public:
    std::uint32_t Choose(interleave::ChoicePoint& point) override
    {
        return point.Kind() == interleave::ChoiceKind::kFault ? 0 : m_random.Choose(point);
    }

  private:
    interleave::RandomChooser m_random{1};
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
