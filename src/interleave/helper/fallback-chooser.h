// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_FALLBACK_CHOOSER_H
#define INTERLEAVE_FALLBACK_CHOOSER_H

#include "interleave/model/chooser.h"

namespace interleave
{

/** Asks one chooser first and, where that abstains, another: rules before a strategy, say. */
class FallbackChooser final : public PartialChooser
{
  public:
    /** Neither is owned. */
    FallbackChooser(PartialChooser& first, Chooser& second)
        : m_first(first),
          m_second(second)
    {
    }

    bool Passive() const override
    {
        return m_first.Passive() && m_second.Passive();
    }

    void BeginRun(const Engine& engine) override
    {
        m_first.BeginRun(engine);
        m_second.BeginRun(engine);
    }

    std::optional<std::uint32_t> Try(ChoicePoint& point) override
    {
        const std::optional<std::uint32_t> choice = m_first.Try(point);
        return choice ? choice : m_second.Choose(point);
    }

    void EndRun(const RunResult& result) override
    {
        m_first.EndRun(result);
        m_second.EndRun(result);
    }

  private:
    PartialChooser& m_first;
    Chooser& m_second;
};

} // namespace interleave

#endif // INTERLEAVE_FALLBACK_CHOOSER_H
