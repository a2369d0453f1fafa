// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CAMPAIGN_TARGET_H
#define LAB_CAMPAIGN_TARGET_H

#include "interleave/model/search/program.h"
#include "interleave/model/strategy/strategy.h"
#include "lab/model/scenario.h"
#include "lab/model/step-coverage.h"

#include <tl/expected.hpp>

#include <functional>
#include <memory>
#include <string>

namespace lab
{

/** What a campaign runs: a program, and the strategies that fit it. Every worker makes its own. */
class CampaignTarget
{
  public:
    CampaignTarget() = default;
    CampaignTarget(const CampaignTarget&) = delete;
    CampaignTarget& operator=(const CampaignTarget&) = delete;
    virtual ~CampaignTarget() = default;

    virtual interleave::Program& GetProgram() = 0;

    /** A strategy that has seen no run. The error says what is wrong with the name. */
    virtual tl::expected<std::unique_ptr<interleave::Strategy>, std::string> NewStrategy(
        const std::string& name) = 0;

    /** Counts the steps of all runs; null if there is nothing to count. */
    virtual StepCoverage* Coverage()
    {
        return nullptr;
    }
};

/** Makes a target; what a user got wrong is the error. */
using MakeTarget = std::function<tl::expected<std::unique_ptr<CampaignTarget>, InputError>()>;

} // namespace lab

#endif /* LAB_CAMPAIGN_TARGET_H */
