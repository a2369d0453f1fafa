// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/corpus/corpus.h"

#include <algorithm>
#include <array>

namespace interleave::corpus
{

namespace
{

/** Long enough for every program here, and soon over for one that does not end. */
constexpr EngineOptions kOptions{.stepLimit = 20'000, .stackBytes = 64 * 1024};

constexpr std::array kEntries{
    Entry{"account",
          "two critical sections where one is needed: a booking is lost",
          "protocol: the balance is not the sum",
          &SetUpAccount},
    Entry{"arithmetic_prog",
          "a reader looks at sum and term without the lock",
          "protocol: the sum does not fit its last term",
          &SetUpArithmetic},
    Entry{"lazy01",
          "a check relies on being earlier than both that add",
          "protocol: both were there first",
          &SetUpLazy01},
    Entry{"fib_bench",
          "the largest number is taken for one that cannot be reached",
          "protocol: the largest number was reached",
          &SetUpFibonacci},
    Entry{"stack",
          "whether the stack is empty is looked at outside of the lock",
          "protocol: popped from an empty stack",
          &SetUpStack},
    Entry{"wronglock_1",
          "one other task uses another lock",
          "protocol: data changed under its lock",
          &SetUpWrongLock1},
    Entry{"wronglock_3",
          "three other tasks use another lock",
          "protocol: data changed under its lock",
          &SetUpWrongLock3},
    Entry{"deadlock01", "two locks in two orders", "deadlock: ", &SetUpDeadlock01},
    Entry{"carter01",
          "waits for room holding the lock that is needed to make room",
          "deadlock: ",
          &SetUpCarter01},
    Entry{"philosophers", "three forks, each taken left first", "deadlock: ", &SetUpPhilosophers},
    Entry{"sync02", "a signal for one that may wait for the opposite", "deadlock: ", &SetUpSync02},
    Entry{"lost_wakeup",
          "the flag is looked at before the lock is taken",
          "deadlock: ",
          &SetUpLostWakeup},
    Entry{"phase01",
          "the count of a barrier is used again before all have left",
          "deadlock: ",
          &SetUpPhase01},
    Entry{"reorder_3",
          "two variables, not set at once; 2 set, 1 looks",
          "protocol: seen half set",
          &SetUpReorder3},
    Entry{"reorder_4", "as above; 3 set", "protocol: seen half set", &SetUpReorder4},
    Entry{"reorder_5", "as above; 4 set", "protocol: seen half set", &SetUpReorder5},
    Entry{"reorder_10", "as above; 9 set", "protocol: seen half set", &SetUpReorder10},
    Entry{"reorder_20", "as above; 19 set", "protocol: seen half set", &SetUpReorder20},
    Entry{"reorder_100",
          "as above; 99 set",
          "protocol: seen half set",
          &SetUpReorder100,
          10'000,
          true},
    Entry{"twostage_1",
          "the lock is given back between two stages; 1 writes, 1 reads",
          "protocol: the second stage lags behind",
          &SetUpTwoStage1},
    Entry{"twostage_20",
          "as above; 19 write",
          "protocol: the second stage lags behind",
          &SetUpTwoStage20},
    Entry{"twostage_100",
          "as above; 99 write",
          "protocol: the second stage lags behind",
          &SetUpTwoStage100,
          20'000,
          true},
    Entry{"token_ring",
          "the token is given on before it is no longer used",
          "protocol: two have the token",
          &SetUpTokenRing},
    Entry{"init_order",
          "registered before the handler is set",
          "protocol: interrupt without a handler",
          &SetUpOrderOfInit},
    Entry{"double_checked",
          "said to be made before it is",
          "protocol: used before it was made",
          &SetUpDoubleCheckedInit},
    Entry{"circular_buffer",
          "the tail moves before the slot is filled",
          "protocol: received out of order",
          &SetUpCircularBuffer},
    Entry{"queue",
          "what was seen in one critical section is relied on in the next",
          "protocol: items were lost or doubled",
          &SetUpQueue},
    Entry{"qsort_mt",
          "two give their range to the same idle worker",
          "protocol: a range was not sorted, or sorted twice",
          &SetUpSortPool},
    Entry{"fsbench",
          "whether a block is free is looked at outside of its lock",
          "protocol: two files share a block",
          &SetUpFileSystem},
    Entry{"ctrace",
          "whether tracing is on is looked at outside of the lock",
          "protocol: written to a closed file",
          &SetUpTrace},
    Entry{"bluetooth_driver",
          "a request is counted after it has looked whether the driver stops",
          "protocol: work in a stopped driver",
          &SetUpBluetooth},
    Entry{"stringbuffer-jdk",
          "the length is asked for in a critical section of its own",
          "protocol: characters beyond the end",
          &SetUpStringBuffer},
    Entry{"ticket_lock",
          "a ticket is drawn in two steps",
          "protocol: two are served at once",
          &SetUpTicketLock},
    Entry{"reader_writer",
          "a writer looks for readers in a critical section of its own",
          "protocol: ",
          &SetUpReaderWriter},
    Entry{"aba_stack",
          "the head is the same again, what is below it is not",
          "protocol: an item was taken twice",
          &SetUpAbaStack},
    Entry{"wsq",
          "the owner takes the last item without asking",
          "protocol: an item was taken twice",
          &SetUpStealingQueue},
    Entry{"iwsq",
          "a thief reads its item after it has moved the head",
          "protocol: an item was taken twice",
          &SetUpStealingQueueSwap},
    Entry{"swsq",
          "the owner looks at the head before it lowers the tail",
          "protocol: an item was taken twice",
          &SetUpStealingQueueState},
    Entry{"safestack",
          "an index is popped by two when several steps of three tasks meet",
          "protocol: an item was taken twice",
          &SetUpSafeStack,
          3'000'000,
          true},
};

} // namespace

void Stage::Require(bool holds, const char* what) const
{
    if (!holds)
    {
        m_engine.Fail(ViolationKind::kProtocol, what, what);
    }
}

std::string Stage::FailedCheck() const
{
    for (const std::function<std::string()>& check : m_checks)
    {
        std::string text = check();
        if (!text.empty())
        {
            return text;
        }
    }
    return {};
}

std::span<const Entry> Entries()
{
    return kEntries;
}

const Entry* FindEntry(std::string_view name)
{
    const auto* found = std::ranges::find(
        kEntries, name, [](const Entry& entry) { return std::string_view(entry.name); });
    return found == kEntries.end() ? nullptr : found;
}

CorpusProgram::CorpusProgram(const Entry& entry, bool fixed)
    : m_entry(entry),
      m_fixed(fixed),
      m_engine(m_time, kOptions)
{
}

RunResult CorpusProgram::Run(Chooser& chooser)
{
    m_engine.Reset();
    m_time.Clear();
    m_stage = std::make_unique<Stage>(m_engine, m_fixed);
    m_engine.SetChooser(chooser);
    m_entry.setUp(*m_stage);
    RunResult result = m_engine.Run();
    if (result.Passed())
    {
        std::string text = m_stage->FailedCheck();
        if (!text.empty())
        {
            result.outcome = Outcome::kViolation;
            result.violation =
                Violation{ViolationKind::kProtocol, text, text, result.steps, result.timeNs, {}};
        }
    }
    return result;
}

} // namespace interleave::corpus
