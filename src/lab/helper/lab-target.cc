// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/lab-target.h"

#include "interleave/model/strategy/strategies.h"
#include "lab/model/lab-program.h"
#include "lab/model/ruled-strategy.h"

#include <utility>

namespace lab
{

namespace
{

class LabTarget final : public CampaignTarget
{
  public:
    LabTarget(std::unique_ptr<LabProgram> program, const Scenario& scenario)
        : m_scenario(scenario),
          m_program(std::move(program))
    {
        m_program->CountSteps(&m_coverage);
    }

    interleave::Program& GetProgram() override
    {
        return *m_program;
    }

    tl::expected<std::unique_ptr<interleave::Strategy>, std::string> NewStrategy(
        const std::string& name) override
    {
        auto strategy = interleave::MakeStrategy(name);
        if (!strategy || m_scenario.faults.empty())
        {
            return strategy;
        }
        return std::make_unique<RuledStrategy>(m_scenario.faults, std::move(*strategy));
    }

    StepCoverage* Coverage() override
    {
        return &m_coverage;
    }

  private:
    const Scenario m_scenario;
    StepCoverage m_coverage;
    std::unique_ptr<LabProgram> m_program;
};

} // namespace

MakeTarget MakeLabTarget(const Scenario& scenario)
{
    return [scenario]() -> tl::expected<std::unique_ptr<CampaignTarget>, InputError>
    {
        auto program = LabProgram::Make(scenario);
        if (!program)
        {
            return tl::unexpected(program.error());
        }
        return std::make_unique<LabTarget>(std::move(*program), scenario);
    };
}

} // namespace lab
