// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/lab-program.h"

namespace lab
{

tl::expected<std::unique_ptr<LabProgram>, InputError> LabProgram::Make(
    const Scenario& scenario,
    const LabProgramOptions& options)
{
    WorldOptions wanted;
    wanted.seed = options.seed;
    wanted.keepMessages = options.detail;
    wanted.digest = options.detail;
    wanted.expectations = false;
    wanted.checks = options.checks;
    auto world = ScenarioWorld::Build(scenario, wanted);
    if (!world)
    {
        return tl::unexpected(world.error());
    }
    return std::unique_ptr<LabProgram>(new LabProgram(std::move(*world)));
}

interleave::RunResult LabProgram::Run(interleave::Chooser& chooser)
{
    m_world->Run(chooser);
    return m_world->Result();
}

} // namespace lab
