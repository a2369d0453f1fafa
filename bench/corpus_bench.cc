// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

// The table of bug finding: every program of test/interleave/corpus under every strategy, from
// twenty seeds each. A cell is the mean number of schedules to the defect, with k/20 where not
// every seed has found it. Then what shrinking makes of the logs that the portfolio has found.

#include "interleave/corpus/corpus.h"
#include "interleave/model/search/explain.h"
#include "interleave/model/search/explorer.h"
#include "interleave/model/search/shrinker.h"
#include "interleave/model/strategy/strategies.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace
{

using namespace interleave;
using corpus::CorpusProgram;
using corpus::Entry;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kSeeds = 20;
constexpr std::size_t kEntriesMax = 64;
/** Runs from one seed for a strategy on its own, in an ordinary program and in a slow one. */
constexpr std::uint64_t kRuns = 10'000;
constexpr std::uint64_t kRunsSlow = 1'000;

constexpr std::array<const char*, 6> kStrategies{"random",
                                                 "pct:3",
                                                 "pct:10",
                                                 "pos",
                                                 "surw",
                                                 "portfolio"};
constexpr std::size_t kPortfolio = kStrategies.size() - 1;

constexpr double kShrinkLimitMs = 200;

/** What came of one seed. Filled in by one process, read by another. */
struct Outcome
{
    bool known = false; //!< the strategy exists
    bool found = false;
    std::uint64_t runs = 0;
    // What follows is for the portfolio only.
    std::uint32_t decisionsBefore = 0;
    std::uint32_t decisionsAfter = 0;
    std::uint32_t preemptionsBefore = 0;
    std::uint32_t preemptionsAfter = 0;
    bool certified = false;
    double shrinkMs = 0;
};

/** What the processes share. */
struct Board
{
    std::atomic<std::uint32_t> next{0};
    std::array<std::array<std::array<Outcome, kSeeds>, kStrategies.size()>, kEntriesMax> outcomes;
};

/** Time of the processor, so that the figure does not depend on what else the machine does. */
double CpuMs()
{
    return 1000.0 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

void ShrinkFound(CorpusProgram& program, const DecisionLog& log, Outcome& outcome)
{
    const double begin = CpuMs();
    const auto result = Shrink(program, log);
    outcome.shrinkMs = CpuMs() - begin;
    if (!result)
    {
        fmt::print(stderr, "cannot shrink: {}\n", result.error());
        std::exit(3);
    }
    outcome.decisionsBefore = static_cast<std::uint32_t>(result->decisionsBefore);
    outcome.decisionsAfter = static_cast<std::uint32_t>(result->decisionsAfter);
    outcome.preemptionsBefore = static_cast<std::uint32_t>(result->preemptionsBefore);
    outcome.preemptionsAfter = static_cast<std::uint32_t>(result->preemptionsAfter);
    outcome.certified = result->certified;
}

/** One seed of one cell. */
void Explore(const Entry& entry, std::size_t column, std::uint32_t seed, Outcome& outcome)
{
    auto strategy = MakeStrategy(kStrategies[column]);
    if (!strategy)
    {
        return;
    }
    outcome.known = true;
    CorpusProgram program(entry);
    const std::uint64_t runs =
        column == kPortfolio ? entry.budget : (entry.slow ? kRunsSlow : kRuns);
    Explorer explorer(
        program, **strategy, {.seed = seed, .runs = runs, .stopAtFirst = true, .coverage = false});
    explorer.Run();
    outcome.runs = explorer.Runs();
    outcome.found = !explorer.Findings().empty();
    if (outcome.found && column == kPortfolio)
    {
        ShrinkFound(program, explorer.Findings()[0].log, outcome);
    }
}

/** Takes seeds from the board until none is left. The longest come first: slow ones, portfolio. */
void Work(std::span<const Entry> entries, Board& board)
{
    const auto cells = static_cast<std::uint32_t>(entries.size() * kStrategies.size());
    for (;;)
    {
        const std::uint32_t job = board.next.fetch_add(1);
        if (job >= cells * kSeeds)
        {
            return;
        }
        const std::uint32_t cell = cells - 1 - job / kSeeds;
        const std::size_t row = cell / kStrategies.size();
        const std::size_t column = cell % kStrategies.size();
        const std::uint32_t seed = job % kSeeds;
        Explore(entries[row], column, seed + 1, board.outcomes[row][column][seed]);
    }
}

std::string CellText(std::span<const Outcome, kSeeds> outcomes)
{
    std::uint64_t runs = 0;
    std::uint32_t found = 0;
    for (const Outcome& outcome : outcomes)
    {
        found += outcome.found ? 1 : 0;
        runs += outcome.found ? outcome.runs : 0;
    }
    if (!outcomes[0].known)
    {
        return "-";
    }
    if (found == 0)
    {
        return fmt::format("0/{}", kSeeds);
    }
    const double mean = static_cast<double>(runs) / found;
    return found == kSeeds ? fmt::format("{:.0f}", mean)
                           : fmt::format("{}/{} {:.0f}", found, kSeeds, mean);
}

struct Totals
{
    std::uint32_t rows = 0;
    std::uint32_t allSeeds = 0;
    std::uint32_t logs = 0;
    std::uint32_t shortLogs = 0;
    std::uint32_t quickLogs = 0;
    std::uint32_t certified = 0;
    double longestMs = 0;
};

/** The columns about shrinking: means of decisions and preemptions, and the longest time. */
std::string ShrinkText(std::span<const Outcome, kSeeds> outcomes, Totals& totals)
{
    double before = 0;
    double after = 0;
    double preemptionsBefore = 0;
    double preemptionsAfter = 0;
    double longestMs = 0;
    std::uint32_t found = 0;
    std::uint32_t certified = 0;
    for (const Outcome& outcome : outcomes)
    {
        if (!outcome.found)
        {
            continue;
        }
        ++found;
        before += outcome.decisionsBefore;
        after += outcome.decisionsAfter;
        preemptionsBefore += outcome.preemptionsBefore;
        preemptionsAfter += outcome.preemptionsAfter;
        longestMs = std::max(longestMs, outcome.shrinkMs);
        certified += outcome.certified ? 1 : 0;
        totals.shortLogs += outcome.preemptionsAfter <= 2 ? 1 : 0;
        totals.quickLogs += outcome.shrinkMs <= kShrinkLimitMs ? 1 : 0;
    }
    ++totals.rows;
    totals.allSeeds += found == kSeeds ? 1 : 0;
    totals.logs += found;
    totals.certified += certified;
    totals.longestMs = std::max(totals.longestMs, longestMs);
    if (found == 0)
    {
        return "-";
    }
    return fmt::format("{:5.1f} ->{:5.1f}  {:5.1f} ->{:4.1f}  {:2}/{:2}  {:6.1f}",
                       before / found,
                       after / found,
                       preemptionsBefore / found,
                       preemptionsAfter / found,
                       certified,
                       found,
                       longestMs);
}

int Print(std::span<const Entry> entries, const Board& board, double seconds, unsigned workers)
{
    fmt::print("Mean schedules to the defect, {} seeds (k/{} where not from every seed); at most "
               "{} runs a seed,\n{} in the programs marked *, the portfolio more there.\n\n",
               kSeeds,
               kSeeds,
               kRuns,
               kRunsSlow);
    fmt::print("{:18}", "program");
    for (const char* strategy : kStrategies)
    {
        fmt::print("{:>12}", strategy);
    }
    fmt::print("   decisions       preemptions    certified  ms at most\n");
    Totals totals;
    for (std::size_t row = 0; row < entries.size(); ++row)
    {
        fmt::print("{:18}", std::string(entries[row].name) + (entries[row].slow ? "*" : ""));
        for (std::size_t column = 0; column < kStrategies.size(); ++column)
        {
            fmt::print("{:>12}", CellText(board.outcomes[row][column]));
        }
        fmt::print("   {}\n", ShrinkText(board.outcomes[row][kPortfolio], totals));
    }
    fmt::print("\nportfolio: {} of {} programs from {} of {} seeds\n",
               totals.allSeeds,
               totals.rows,
               kSeeds,
               kSeeds);
    fmt::print("shrinking: {} logs, {:.1f} % with two preemptions or fewer, {:.1f} % certified, "
               "{:.1f} % within {} ms of CPU (longest {:.0f} ms)\n",
               totals.logs,
               100.0 * totals.shortLogs / std::max(totals.logs, 1U),
               100.0 * totals.certified / std::max(totals.logs, 1U),
               100.0 * totals.quickLogs / std::max(totals.logs, 1U),
               kShrinkLimitMs,
               totals.longestMs);
    rusage used{};
    getrusage(RUSAGE_CHILDREN, &used);
    fmt::print("{:.1f} s with {} processes, {} s of CPU\n",
               seconds,
               workers,
               used.ru_utime.tv_sec + used.ru_stime.tv_sec);
    return totals.allSeeds == totals.rows ? 0 : 1;
}

/** The first find in one program, the same shrunk, and why it fails. */
int Show(const Entry& entry)
{
    CorpusProgram program(entry);
    auto strategy = MakeStrategy(kDefaultStrategy);
    Explorer explorer(program, **strategy, {.runs = entry.budget, .stopAtFirst = true});
    explorer.Run();
    if (explorer.Findings().empty())
    {
        fmt::print("nothing found in {} runs\n", explorer.Runs());
        return 1;
    }
    const Finding& finding = explorer.Findings()[0];
    fmt::print(
        "found in run {} by {}\n\n{}\n", finding.run, finding.strategy, finding.log.Format());
    const auto shrunk = Shrink(program, finding.log);
    if (!shrunk)
    {
        fmt::print(stderr, "corpus-bench: {}\n", shrunk.error());
        return 3;
    }
    fmt::print(
        "shrunk in {} runs: {}\n\n{}\n", shrunk->runs, shrunk->certificate, shrunk->log.Format());
    const auto explanation = Explain(program, shrunk->log);
    fmt::print("{}\n", explanation ? explanation->Format() : explanation.error());
    return 0;
}

int Usage(const char* wrong)
{
    fmt::print(
        stderr,
        "corpus-bench: {}\n"
        "usage: corpus-bench [--workers N] [PROGRAM]   the table; N from 1 to 64, default 2\n"
        "       corpus-bench --show PROGRAM            a log, shrunk and explained\n",
        wrong);
    return 2;
}

} // namespace

int main(int argc, char** argv)
{
    unsigned workers = 2;
    bool show = false;
    std::span<const Entry> entries = corpus::Entries();
    const std::vector<std::string_view> words(argv + 1, argv + argc);
    for (std::size_t at = 0; at < words.size(); ++at)
    {
        if (words[at] == "--workers" && at + 1 < words.size())
        {
            const std::string_view number = words[++at];
            const auto [end, error] =
                std::from_chars(number.data(), number.data() + number.size(), workers);
            if (error != std::errc() || end != number.data() + number.size() || workers == 0 ||
                workers > 64)
            {
                return Usage("--workers takes a number from 1 to 64");
            }
            continue;
        }
        if (words[at] == "--show")
        {
            show = true;
            continue;
        }
        const Entry* entry = corpus::FindEntry(words[at]);
        if (entry == nullptr)
        {
            return Usage("there is no such program or option");
        }
        entries = {entry, 1};
    }
    if (show)
    {
        return entries.size() == 1 ? Show(entries[0]) : Usage("--show takes one program");
    }
    if (entries.size() > kEntriesMax)
    {
        return Usage("there are more programs than the table has rows for");
    }
    void* memory =
        mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
    {
        std::perror("corpus-bench: mmap");
        return 3;
    }
    Board& board = *new (memory) Board;
    const Clock::time_point begin = Clock::now();
    for (unsigned worker = 0; worker < workers; ++worker)
    {
        const pid_t child = fork();
        if (child == 0)
        {
            Work(entries, board);
            _exit(0);
        }
        if (child < 0)
        {
            std::perror("corpus-bench: fork");
            return 3;
        }
    }
    bool failed = false;
    for (unsigned worker = 0; worker < workers; ++worker)
    {
        int status = 0;
        failed = wait(&status) < 0 || status != 0 || failed;
    }
    if (failed)
    {
        fmt::print(stderr, "corpus-bench: a worker process failed\n");
        return 3;
    }
    const std::chrono::duration<double> seconds = Clock::now() - begin;
    return Print(entries, board, seconds.count(), workers);
}
