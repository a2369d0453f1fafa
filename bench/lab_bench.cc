// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whole runs of a scenario a second: what a search through schedules and faults is made of. The
// scenario connects, accepts, rejects, disconnects and destroys between two hosts with two workers
// each. Program and arguments: ./weft bench lab
#include "interleave/helper/recording-chooser.h"
#include "interleave/model/check/checks.h"
#include "interleave/model/strategy/strategies.h"
#include "lab/model/lab-program.h"

#include <benchmark/benchmark.h>

#include <optional>
#include <string>

namespace
{

lab::Scenario Churn(const std::string& source)
{
    lab::Scenario scenario;
    scenario.file = "churn.toml";
    scenario.name = "churn";
    scenario.fabric.source = source;
    scenario.explore.total = 0; // no faults: each run goes the whole way
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

/** @param checked whether the engine's checks (races, lifetimes, lock order, …) watch. */
void RunsPerSecond(benchmark::State& state, const std::string& source, bool checked)
{
    auto program = lab::LabProgram::Make(Churn(source));
    auto strategy = interleave::MakeStrategy("random");
    if (!program || !strategy)
    {
        state.SkipWithError((!program ? program.error().Text() : strategy.error()).c_str());
        return;
    }
    std::optional<interleave::Checks> checks;
    if (checked)
    {
        // Hosts are there when the scenario has nothing left to do: no leaks yet.
        checks.emplace((*program)->GetEngine(), interleave::ChecksOptions{.leaksWhenQuiet = false});
    }
    interleave::RecordingChooser recording(**strategy);
    std::uint64_t steps = 0;
    std::uint64_t mads = 0;
    for (auto _ : state)
    {
        (*strategy)->Seed(state.iterations() + steps);
        const interleave::RunResult result = (*program)->Run(recording);
        steps += result.steps;
        mads += (*program)->Record().mads;
        if (!result.Passed())
        {
            state.SkipWithError(result.violation->Format().c_str());
            return;
        }
    }
    const auto runs = static_cast<double>(state.iterations());
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
    state.counters["steps/run"] = static_cast<double>(steps) / runs;
    state.counters["mads/run"] = static_cast<double>(mads) / runs;
}

BENCHMARK_CAPTURE(RunsPerSecond, direct, std::string("direct"), false);
BENCHMARK_CAPTURE(RunsPerSecond, direct_checked, std::string("direct"), true);
BENCHMARK_CAPTURE(RunsPerSecond, ns3, std::string("back-to-back"), false);
BENCHMARK_CAPTURE(RunsPerSecond, ns3_checked, std::string("back-to-back"), true);

} // namespace

BENCHMARK_MAIN();
