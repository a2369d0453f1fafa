// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CRASH_TAPE_H
#define LAB_CRASH_TAPE_H

#include "interleave/model/decision-log.h"
#include "interleave/model/strategy/strategy.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace lab
{

/**
 * A strategy that tells each decision before it is taken: of a run that takes its process down,
 * what was told is the log. Slow; for the one run that is known to crash.
 */
class CrashTape final : public interleave::Strategy
{
  public:
    /** @param inner decides; not owned. */
    explicit CrashTape(interleave::Strategy& inner)
        : m_inner(inner)
    {
    }

    /**
     * From the next run on, every non-zero decision goes to @p tell.
     * @param begin is told, as a run begins, which strategy decides in it.
     */
    void Begin(std::function<void(const std::string&)> begin,
               std::function<void(const interleave::Decision&)> tell)
    {
        m_begin = std::move(begin);
        m_tell = std::move(tell);
    }

    std::string Name() const override
    {
        return m_inner.Name();
    }

    const interleave::Strategy& Current() const override
    {
        return m_inner.Current();
    }

    void Seed(std::uint64_t seed) override
    {
        m_inner.Seed(seed);
    }

    bool Done() const override
    {
        return m_inner.Done();
    }

    bool Learns() const override
    {
        return m_inner.Learns();
    }

    bool Passive() const override
    {
        return m_inner.Passive();
    }

    void BeginRun(const interleave::Engine& engine) override
    {
        m_seen.clear();
        if (m_begin)
        {
            m_begin(Current().Name());
        }
        m_inner.BeginRun(engine);
    }

    std::uint32_t Choose(interleave::ChoicePoint& point) override;

    void EndRun(const interleave::RunResult& result) override
    {
        m_inner.EndRun(result);
    }

  private:
    interleave::Strategy& m_inner;
    std::function<void(const std::string&)> m_begin;
    std::function<void(const interleave::Decision&)> m_tell;
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> m_seen; ///< by place
};

} // namespace lab

#endif /* LAB_CRASH_TAPE_H */
