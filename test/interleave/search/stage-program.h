// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_INTERLEAVE_SEARCH_STAGE_PROGRAM_H
#define TEST_INTERLEAVE_SEARCH_STAGE_PROGRAM_H

#include "interleave/corpus/corpus.h"
#include "interleave/model/decision-log.h"

namespace interleave::test
{

/** A program of the corpus' kind that a test makes up. */
class StageProgram final : public Program
{
  public:
    explicit StageProgram(std::function<void(corpus::Stage&)> setUp)
        : m_setUp(std::move(setUp)),
          m_engine(m_time, {.stepLimit = 20'000, .stackBytes = 64 * 1024})
    {
    }

    Engine& GetEngine() override
    {
        return m_engine;
    }

    RunResult Run(Chooser& chooser) override
    {
        m_engine.Reset();
        m_time.Clear();
        m_stage = std::make_unique<corpus::Stage>(m_engine, false);
        m_engine.SetChooser(chooser);
        m_setUp(*m_stage);
        return m_engine.Run();
    }

    VirtualTime& Time()
    {
        return m_time;
    }

  private:
    std::function<void(corpus::Stage&)> m_setUp;
    VirtualTime m_time;
    Engine m_engine;
    std::unique_ptr<corpus::Stage> m_stage;
};

/** The log in @p text, which must be one. */
inline DecisionLog ParseLog(const std::string& text)
{
    return DecisionLog::Parse("weft-replay 1\n\n" + text).value();
}

} // namespace interleave::test

#endif // TEST_INTERLEAVE_SEARCH_STAGE_PROGRAM_H
