// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_PORTFOLIO_H
#define INTERLEAVE_PORTFOLIO_H

#include "interleave/model/strategy/strategy.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace interleave
{

/**
 * "portfolio", or several names joined by '+': one run for each member in turn, since no strategy
 * is best for every program (Thomson, Donaldson, Betts: "Concurrency Testing Using Controlled
 * Schedulers: An Empirical Study", TOPC 2016, find the best ones not to contain each other).
 *
 * A member that is Done() is passed over; the whole is done when all are. Members learn from their
 * own runs only, so that each does what it would do alone.
 */
class Portfolio final : public Strategy
{
  public:
    /** Runs and finds of one member. */
    struct Credit
    {
        std::string name;
        std::uint64_t runs = 0;
        /** Runs that ended in a violation. */
        std::uint64_t violations = 0;
        /** What CreditCurrent() was called for. */
        std::uint64_t discoveries = 0;
    };

    /** @param name as the user wrote it; @param members at least one. */
    Portfolio(std::string name, std::vector<std::unique_ptr<Strategy>> members);

    std::string Name() const override
    {
        return m_name;
    }

    void Seed(std::uint64_t seed) override;
    bool Done() const override;
    void BeginAt(std::uint64_t batch) override;

    bool Learns() const override
    {
        return true; // whose turn it is
    }

    void BeginRun(const Engine& engine) override;

    std::uint32_t Choose(ChoicePoint& point) override
    {
        return m_current->Choose(point);
    }

    void EndRun(const RunResult& result) override;

    /** Whose run it is, or was last. */
    const Strategy& Current() const override
    {
        return *m_members[m_running];
    }

    /** Says that the run of Current() has shown something new. */
    void CreditCurrent()
    {
        ++m_credits[m_running].discoveries;
    }

    /** In order of the members. */
    const std::vector<Credit>& Credits() const
    {
        return m_credits;
    }

  private:
    std::string m_name;
    std::vector<std::unique_ptr<Strategy>> m_members;
    std::vector<Credit> m_credits;
    std::size_t m_next = 0;    // whose turn comes after that of m_seeded
    std::size_t m_seeded = 0;  // whose turn it is: Seed() may come before EndRun() of the last run
    std::size_t m_running = 0; // whose BeginRun() came last
    Strategy* m_current;       // the same
    bool m_begun = false;
};

} // namespace interleave

#endif // INTERLEAVE_PORTFOLIO_H
