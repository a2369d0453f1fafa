// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_RULED_STRATEGY_H
#define LAB_RULED_STRATEGY_H

#include "interleave/model/strategy/strategy.h"
#include "lab/model/adversary.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lab
{

/**
 * A strategy for a scenario that has fault rules: what a rule matches is decided by the rule, all
 * else by the strategy. Recorded from outside, the rules' decisions are in the log like any other,
 * so that a replay needs no rules.
 */
class RuledStrategy final : public interleave::Strategy
{
  public:
    RuledStrategy(const std::vector<FaultSpec>& rules,
                  std::unique_ptr<interleave::Strategy> strategy)
        : m_rules(rules),
          m_strategy(std::move(strategy))
    {
    }

    std::string Name() const override
    {
        return m_strategy->Name();
    }

    void Seed(std::uint64_t seed) override
    {
        m_strategy->Seed(seed);
    }

    const interleave::Strategy& Current() const override
    {
        return m_strategy->Current();
    }

    bool Done() const override
    {
        return m_strategy->Done();
    }

    bool Learns() const override
    {
        return m_strategy->Learns();
    }

    void BeginAt(std::uint64_t batch) override
    {
        m_strategy->BeginAt(batch);
    }

    interleave::DivisibleSearch* AsSearch() override
    {
        return m_strategy->AsSearch();
    }

    bool Passive() const override
    {
        return m_rules.Passive() && m_strategy->Passive();
    }

    void BeginRun(const interleave::Engine& engine) override
    {
        m_rules.BeginRun(engine);
        m_strategy->BeginRun(engine);
    }

    std::uint32_t Choose(interleave::ChoicePoint& point) override
    {
        const auto ruled = m_rules.Try(point);
        return ruled ? *ruled : m_strategy->Choose(point);
    }

    void EndRun(const interleave::RunResult& result) override
    {
        m_rules.EndRun(result);
        m_strategy->EndRun(result);
    }

  private:
    RuleChooser m_rules;
    std::unique_ptr<interleave::Strategy> m_strategy;
};

} // namespace lab

#endif /* LAB_RULED_STRATEGY_H */
