// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_BOUNDED_SEARCH_H
#define INTERLEAVE_BOUNDED_SEARCH_H

#include "interleave/model/strategy/divisible-search.h"

#include <cstdint>
#include <vector>

namespace interleave
{

/**
 * "bound:N": depth first through all runs that differ from the dull one by at most N costly
 * decisions. "bound:A-B" searches bound A, then A+1, … B, and stops early when nothing was left
 * out.
 *
 * Musuvathi, Qadeer: "Iterative Context Bounding for Systematic Testing of Multithreaded Programs",
 * PLDI 2007 (CHESS). What costs is to preempt a task that could go on; who goes on when a task
 * waits or has ended costs nothing. Deviations: letting simulated time go on while tasks are ready
 * costs as much as a preemption, and so does every fault, tie or value that is not the dull one.
 * Loops that wait by yielding are cut by YieldRule. Each bound of A-B goes through the runs of the
 * smaller ones once more.
 *
 * In a later batch of a campaign the largest bound is searched below one costly or free decision of
 * the dull run, another one for each batch; when there are more batches than these, below one more
 * decision after it, and so on.
 */
class BoundedSearch final : public DivisibleSearch
{
  public:
    static constexpr std::uint32_t kMaxBound = 1000;
    /** No bound: every run that there is. Written "bound:all". */
    static constexpr std::uint32_t kUnbounded = 0xffff'ffff;

    /** @param first first bound, @param last last bound, not less than @p first. */
    BoundedSearch(std::uint32_t first, std::uint32_t last);

    std::string Name() const override;

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

    void BeginAt(std::uint64_t batch) override;

    void Resume(const SearchPart& part) override;
    SearchRest Rest() override;

    std::uint32_t FirstLevel() const override
    {
        return m_first;
    }

    void PutAside(SearchNode& node) const override;
    void Skip(SearchNode& node) const override;

    void Apply(SearchNode& /*node*/,
               const SearchNews& /*news*/,
               std::uint64_t /*mode*/) const override
    {
        // Nothing is found out about a choice but by making it.
    }

    /** The bound that is being searched. */
    std::uint32_t Bound() const
    {
        return m_bound;
    }

    /** Runs that have ended. */
    std::uint64_t Runs() const
    {
        return m_runs;
    }

  private:
    /** A choice on the way to where the search is. */
    struct Branch
    {
        std::uint32_t choice;
        std::uint32_t count;
        std::uint32_t paidFrom; // options from here on cost 1
        std::uint32_t spent;    // before this choice
        std::uint64_t ruledOut; // by YieldRule, a bit for each of the first 64 options
    };

    Branch MakeBranch(ChoicePoint& point) const;
    /** The first option from @p from on that may be taken, or count. */
    std::uint32_t Allowed(const Branch& branch, std::uint32_t from);
    bool Advance();
    bool GoBelow();

    std::uint32_t m_first;
    std::uint32_t m_last;
    std::uint32_t m_bound;
    std::vector<Branch> m_path;
    std::size_t m_depth = 0;
    std::uint64_t m_seek = 0; // decides below which decisions to search; 0: where it is
    std::size_t m_base = 0;   // choices that are not this part's to change
    bool m_isPart = false;    // of one bound
    std::uint64_t m_runs = 0;
    bool m_cut = false; // something was left out for its cost
    bool m_begun = false;
    bool m_done = false;
};

} // namespace interleave

#endif // INTERLEAVE_BOUNDED_SEARCH_H
