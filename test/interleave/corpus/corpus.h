// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_INTERLEAVE_CORPUS_CORPUS_H
#define TEST_INTERLEAVE_CORPUS_CORPUS_H

#include "interleave/helper/shared.h"
#include "interleave/model/completion.h"
#include "interleave/model/mutex.h"
#include "interleave/model/search/program.h"
#include "interleave/model/virtual-time.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

/**
 * Small programs that go wrong in some orders only, written afresh after the programs of the
 * SCTBench set (Thomson, Donaldson, Betts, "Concurrency testing using schedule bounding", PPoPP
 * 2014) and of the literature around it: what each is about is theirs, the code is not. Each has a
 * corrected twin.
 */
namespace interleave::corpus
{

/** What a program has while it is set up and runs: the engine, its tasks, what they share. */
class Stage
{
  public:
    /** @param fixed the corrected twin is wanted. */
    Stage(Engine& engine, bool fixed)
        : m_engine(engine),
          m_fixed(fixed)
    {
    }

    Engine& GetEngine() const
    {
        return m_engine;
    }

    /** Whether this is to be the program without its defect. */
    bool Fixed() const
    {
        return m_fixed;
    }

    /** Makes something that lasts until the next run. */
    template <typename T, typename... Arguments>
    T& Make(Arguments&&... arguments)
    {
        auto object = std::make_shared<T>(std::forward<Arguments>(arguments)...);
        T& reference = *object;
        m_objects.push_back(std::move(object));
        return reference;
    }

    void Spawn(const std::string& name, std::function<void()> body)
    {
        m_engine.Spawn(name, std::move(body));
    }

    /** What must hold when every task has finished; says what does not, or "". */
    void AtEnd(std::function<std::string()> check)
    {
        m_checks.push_back(std::move(check));
    }

    /** What must hold here: the run ends with @p what unless @p holds. */
    void Require(bool holds, const char* what) const;

    /** What does not hold at the end, or "". */
    std::string FailedCheck() const;

  private:
    Engine& m_engine;
    bool m_fixed;
    std::vector<std::shared_ptr<void>> m_objects;
    std::vector<std::function<std::string()>> m_checks;
};

/** A program of the corpus. */
struct Entry
{
    const char* name;
    /** What is wrong with it. */
    const char* wrong;
    /** How Violation::Signature() of the defect begins; which tasks a deadlock names first depends
     * on the run. */
    const char* signature;
    /** Makes what is shared, and the tasks. */
    void (*setUp)(Stage& stage);
    /** Runs within which the portfolio must find it, from any of twenty seeds. */
    std::uint64_t budget = 10'000;
    /** Takes more than a second for twenty seeds: long tests only, and fewer runs for a strategy on
     * its own. */
    bool slow = false;
};

/** All of them, in the order of the table. */
std::span<const Entry> Entries();

/** The entry with that name, nullptr if there is none. */
const Entry* FindEntry(std::string_view name);

/** An entry as something to be explored. */
class CorpusProgram final : public Program
{
  public:
    explicit CorpusProgram(const Entry& entry, bool fixed = false);

    Engine& GetEngine() override
    {
        return m_engine;
    }

    RunResult Run(Chooser& chooser) override;

  private:
    const Entry& m_entry;
    bool m_fixed;
    VirtualTime m_time;
    Engine m_engine;
    std::unique_ptr<Stage> m_stage;
};

// The programs; each in the file that is named after its subject.

// counters.cc
void SetUpAccount(Stage& stage);
void SetUpArithmetic(Stage& stage);
void SetUpLazy01(Stage& stage);
void SetUpFibonacci(Stage& stage);
void SetUpStack(Stage& stage);
void SetUpWrongLock1(Stage& stage);
void SetUpWrongLock3(Stage& stage);

// deadlocks.cc
void SetUpDeadlock01(Stage& stage);
void SetUpCarter01(Stage& stage);
void SetUpPhilosophers(Stage& stage);
void SetUpSync02(Stage& stage);
void SetUpLostWakeup(Stage& stage);
void SetUpPhase01(Stage& stage);

// orders.cc
void SetUpReorder3(Stage& stage);
void SetUpReorder4(Stage& stage);
void SetUpReorder5(Stage& stage);
void SetUpReorder10(Stage& stage);
void SetUpReorder20(Stage& stage);
void SetUpReorder100(Stage& stage);
void SetUpTwoStage1(Stage& stage);
void SetUpTwoStage20(Stage& stage);
void SetUpTwoStage100(Stage& stage);
void SetUpTokenRing(Stage& stage);
void SetUpOrderOfInit(Stage& stage);
void SetUpDoubleCheckedInit(Stage& stage);

// queues.cc
void SetUpCircularBuffer(Stage& stage);
void SetUpQueue(Stage& stage);
void SetUpSortPool(Stage& stage);
void SetUpFileSystem(Stage& stage);
void SetUpTrace(Stage& stage);

// drivers.cc
void SetUpBluetooth(Stage& stage);
void SetUpStringBuffer(Stage& stage);
void SetUpTicketLock(Stage& stage);
void SetUpReaderWriter(Stage& stage);

// lock-free.cc
void SetUpAbaStack(Stage& stage);
void SetUpStealingQueue(Stage& stage);
void SetUpStealingQueueSwap(Stage& stage);
void SetUpStealingQueueState(Stage& stage);
void SetUpSafeStack(Stage& stage);

} // namespace interleave::corpus

#endif // TEST_INTERLEAVE_CORPUS_CORPUS_H
