// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/toy-target.h"

#include "interleave/model/engine.h"
#include "interleave/model/mutex.h"
#include "interleave/model/random.h"
#include "interleave/model/strategy/strategies.h"
#include "interleave/model/virtual-time.h"

#include <csignal>
#include <optional>

namespace lab
{

namespace
{

/** Two tasks that take two locks; what they find on the way decides what goes wrong. */
class Toy final : public interleave::Program
{
  public:
    explicit Toy(const ToyOptions& options)
        : m_options(options),
          m_engine(m_time)
    {
    }

    interleave::Engine& GetEngine() override
    {
        return m_engine;
    }

    interleave::RunResult Run(interleave::Chooser& chooser) override
    {
        m_engine.Reset();
        m_time.Clear();
        m_engine.SetChooser(chooser);
        // Locks outlive the run, as the tasks that wait for them do.
        interleave::Mutex& left = m_left.emplace(m_engine, "left");
        interleave::Mutex& right = m_right.emplace(m_engine, "right");
        interleave::Mutex& third = m_third.emplace(m_engine, "third");
        int stage = 0;
        m_engine.Spawn("a/one",
                       [&]
                       {
                           const interleave::MutexLock outer(left);
                           stage = stage * 2 + 1;
                           const interleave::MutexLock inner(m_options.deadlock ? right : third);
                           stage = stage * 2 + 1;
                       });
        m_engine.Spawn("b/two",
                       [&]
                       {
                           m_engine.Point({interleave::OpKind::kSync, {}, true, "look"});
                           const int seen = stage;
                           m_engine.Point({interleave::OpKind::kSync, {}, true, "think"});
                           Decide(seen, stage);
                           const interleave::MutexLock outer(right);
                           m_engine.Point({interleave::OpKind::kSync, {}, true, "hold"});
                           if (m_options.deadlock)
                           {
                               const interleave::MutexLock inner(left);
                           }
                       });
        return m_engine.Run();
    }

  private:
    void Decide(int seen, int now)
    {
        if (seen == 0 && now == 1)
        {
            if (m_options.crash != 0)
            {
                std::raise(m_options.crash);
            }
            while (m_options.hang)
            {
                const volatile bool forEver = true;
                (void)forEver;
            }
        }
        if (m_options.leak && seen == 1 && now == 3)
        {
            m_engine.Fail(interleave::ViolationKind::kLeak, "something is left", "toy");
        }
    }

    ToyOptions m_options;
    interleave::VirtualTime m_time;
    interleave::Engine m_engine;
    std::optional<interleave::Mutex> m_left;
    std::optional<interleave::Mutex> m_right;
    std::optional<interleave::Mutex> m_third;
};

class Coin final : public interleave::Strategy
{
  public:
    std::string Name() const override
    {
        return "coin";
    }

    void Seed(std::uint64_t seed) override
    {
        m_random = interleave::Random(seed);
    }

    std::uint32_t Choose(interleave::ChoicePoint& point) override
    {
        return m_random.Below(point.Count());
    }

  private:
    interleave::Random m_random{0};
};

class ToyTarget final : public CampaignTarget
{
  public:
    explicit ToyTarget(const ToyOptions& options)
        : m_program(options)
    {
    }

    interleave::Program& GetProgram() override
    {
        return m_program;
    }

    tl::expected<std::unique_ptr<interleave::Strategy>, std::string> NewStrategy(
        const std::string& name) override
    {
        if (name == "coin")
        {
            return std::make_unique<Coin>();
        }
        return interleave::MakeStrategy(name);
    }

    StepCoverage* Coverage() override
    {
        m_coverage.Count(ibcm::State::kIdle, ibcm::Input::kCallListen);
        return &m_coverage;
    }

  private:
    Toy m_program;
    StepCoverage m_coverage;
};

} // namespace

MakeTarget MakeToyTarget(const ToyOptions& options)
{
    return [options]() -> tl::expected<std::unique_ptr<CampaignTarget>, InputError>
    {
        if (options.wrong)
        {
            return tl::unexpected(InputError{"toy.toml", 3, "a broken toy", "a whole one"});
        }
        return std::make_unique<ToyTarget>(options);
    };
}

} // namespace lab
