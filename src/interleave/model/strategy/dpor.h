// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_DPOR_H
#define INTERLEAVE_DPOR_H

#include "interleave/model/strategy/divisible-search.h"
#include "interleave/model/strategy/execution-trace.h"
#include "interleave/model/strategy/wakeup-tree.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace interleave
{

class SchedulePoint;
class Task;
class WordReader;
class WordWriter;

/**
 * "dpor": every run that differs from all others by more than the order of operations that commute.
 *
 * Abdulla, Aronis, Jonsson, Sagonas: "Optimal Dynamic Partial Order Reduction", POPL 2014: sleep
 * sets and wakeup trees, with races reversed at the end of each run. What commutes says
 * Dependent(): operations on different objects do, so locks of unrelated ids and messages of
 * unrelated connections are never tried in both orders.
 *
 * Deviations:
 *  - A race is looked at once, in the first run that shows it. This loses no run (what matters for
 *    that is only the first step of a reversal), and in theory not optimality's counts either way:
 *    fewer sequences are inserted, never more.
 *  - Giving a lock back is never in a race, unless with a try-lock.
 *  - Simulated time is process 0. An operation that sets or takes back something for later, and one
 *    after which its task waits (it may have set a timeout), does not commute with `events`.
 *    `events` may run several events, which are steps of their own in races; to get between them,
 *    everything that could have been done instead is tried.
 *  - Faults, ties and values are tried in all ways.
 *  - Where there are events, faults, ties or values, a reversal cannot be followed step by step to
 *    its end. From then on the search keeps to source sets (the same paper's Source-DPOR), which
 *    need only the first step, at the price of redundant runs.
 *  - A task that yields goes on as YieldRule says.
 *  - A run that turns out to be redundant goes on to its end with option 0, since a run cannot be
 *    given up; it is counted in Redundant(). A reversal that turns out impossible (the operation
 *    needs what it was to overtake) ends so, too.
 *  - A run that a violation ends early is as if its last step commuted with nothing that comes
 *    after it. Every violation is found, but not with every progress that other tasks may have
 * made.
 *
 * Dealt out, each part goes on from its own node as if all before had been made; what a race says
 * of a node outside goes to whoever has that node. All parts together make a run of every kind that
 * the whole search makes one of, and at times, since they follow no sequence to its end that
 * another part was to make, two.
 *
 * Tasks and objects that are made in the middle of a run bear numbers in order of creation; where
 * different tasks make them, runs that differ only by these numbers count as different.
 */
class DporStrategy final : public DivisibleSearch
{
  public:
    DporStrategy() = default;

    std::string Name() const override
    {
        return "dpor";
    }

    void Seed(std::uint64_t /*seed*/) override
    {
    }

    /** Ask it after Engine::Reset(), which ends a run. */
    bool Done() const override
    {
        return m_done;
    }

    bool Learns() const override
    {
        return true;
    }

    void BeginRun(const Engine& engine) override;

    /** @throws std::logic_error when the program does not repeat itself. */
    std::uint32_t Choose(ChoicePoint& point) override;
    void EndRun(const RunResult& result) override;

    void Resume(const SearchPart& part) override;
    SearchRest Rest() override;
    void PutAside(SearchNode& node) const override;
    void Skip(SearchNode& node) const override;
    void Apply(SearchNode& node, const SearchNews& news, std::uint64_t mode) const override;

    /** Runs that were not redundant. */
    std::uint64_t Complete() const
    {
        return m_runs - m_redundant;
    }

    /** Runs that turned out, half-way, to be like earlier ones. */
    std::uint64_t Redundant() const
    {
        return m_redundant;
    }

  private:
    /** A process that need not go next: all that follows from its going has been seen. */
    struct Sleeper
    {
        TraceStep step;
        std::vector<TraceStep> more; // for the main context, which does several at once
        bool wakesAlways = false;
    };

    struct Candidate
    {
        TraceStep step;
        std::uint32_t option;
    };

    /** A choice on the way to where the search is. */
    struct Node
    {
        std::uint32_t option = 0;
        std::uint32_t count = 0;
        bool schedule = false;
        bool branchesInside = false;      // the step asked something else of the chooser
        std::uint32_t process = 0;        // who goes
        std::uint32_t firstStep = 0;      // its first step in the trace
        std::uint32_t tasks = 0;          // tasks that exist
        std::uint32_t candidateBegin = 0; // in m_candidates
        std::uint32_t candidateEnd = 0;
        std::uint32_t inherited = 0; // so many of `sleep` come from the node before
        std::uint32_t tree = 0;      // what has to be tried after this
        std::vector<Sleeper> sleep;
    };

    TraceStep StepOf(const Task& task);
    std::uint32_t DenseObject(ObjectId object);
    std::uint32_t DenseName(std::uint64_t name);

    std::uint32_t ChooseOther(const ChoicePoint& point);
    std::uint32_t ChooseTask(const SchedulePoint& point);
    void CheckCount(const ChoicePoint& point, const Node& node) const;
    Node& PushNode(std::uint32_t count, bool schedule);
    void AddCandidates(Node& node, const SchedulePoint& point);
    void InheritSleep(Node& node);
    bool PickFromTree(Node& node);
    bool PickAny(Node& node);
    void Go(Node& node);

    const Candidate* Find(const Node& node, std::uint32_t process) const;
    static bool Sleeps(const Node& node, std::uint32_t process);
    static bool Wakes(const Sleeper& sleeper, const TraceStep& step);
    static bool CanBeginWith(const Sleeper& sleeper, const std::vector<TraceStep>& steps);
    bool Covered(const Node& node) const;

    void TakeStock();
    void CollectMainSteps();
    void ReverseRaces();
    void Reverse(const Race& race, const TraceStep& second);
    void TrySequence(std::uint32_t depth);
    void TryAll(std::uint32_t depth);
    bool GoBack();
    Sleeper SleeperOf(const Node& node) const;
    void PutToSleep(Node& node);
    void PopNode();

    // dpor-part.cc: a part of the search, as its own and as others see it.
    bool Restoring() const;
    void RestoreTask(Node& node);
    void ForceOption(Node& node, const SearchStep& step) const;
    void RestoreOther(Node& node);
    bool Foreign(std::uint32_t depth) const;
    void TellSequence(std::uint32_t depth);
    void TellAll(std::uint32_t depth);
    void Write(WordWriter& words, const TraceStep& step) const;
    void Write(WordWriter& words, const Sleeper& sleeper) const;
    TraceStep ReadStep(WordReader& words);
    Sleeper ReadSleeper(WordReader& words);
    SearchNode Export(const Node& node, const std::optional<Sleeper>& current) const;
    std::optional<Sleeper> Import(Node& node, const SearchNode& from, bool candidates);
    void DropSleeping(Node& node);
    Node& PushImported(const SearchNode& from, std::optional<Sleeper>& current);

    std::vector<Node> m_nodes; // the first m_size are in use
    std::uint32_t m_size = 0;
    std::uint32_t m_depth = 0; // of the run, in nodes
    std::uint32_t m_last = 0;  // latest node of kind kSchedule, plus 1
    std::vector<Candidate> m_candidates;
    ExecutionTrace m_trace;
    WakeupTrees m_trees;
    std::uint32_t m_guide = 0; // tree for the next node

    std::vector<Race> m_races;
    std::vector<TraceStep> m_sequence;
    std::vector<std::uint32_t> m_nodeOf;               // by step: node that chose it, or kNoNode
    std::vector<std::vector<std::uint32_t>> m_objects; // dense numbers by type and ordinal
    std::map<std::uint64_t, std::uint32_t> m_dense;    // by a name that is good anywhere
    std::vector<std::uint64_t> m_names;                // by dense number, from 1
    std::uint32_t m_objectCount = 0;

    SearchPart m_part;          // empty: the whole search
    std::uint32_t m_base = 0;   // nodes before the part's first one
    std::size_t m_restored = 0; // nodes of m_part that the first run has come to
    std::uint32_t m_told = 0;   // steps that the part's giver has looked at
    std::vector<SearchNews> m_news;
    std::vector<bool> m_toldAll; // by depth below m_base: TellAll() was

    const Engine* m_engine = nullptr;
    std::uint64_t m_mainSeen = 0; // operations of the main context that are in the trace
    std::uint32_t m_tasks = 0;
    std::uint64_t m_runs = 0;
    std::uint64_t m_redundant = 0;
    bool m_fresh = false;  // the last node has been changed and its step is not in the trace yet
    bool m_blind = false;  // the rest of the run does not matter
    bool m_guided = true;  // every sequence of a tree can be followed to its end
    bool m_strict = false; // others make some of what sleepers stand for, in an order of their own
    bool m_done = false;
};

} // namespace interleave

#endif // INTERLEAVE_DPOR_H
