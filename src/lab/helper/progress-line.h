// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_PROGRESS_LINE_H
#define LAB_PROGRESS_LINE_H

#include "lab/helper/campaign.h"

#include <cstdint>
#include <string>

namespace lab
{

/** What a campaign is to come to, for the share that is done. */
struct ProgressGoal
{
    std::uint64_t schedules{CampaignOptions::kEndless}; ///< kEndless: none
    std::uint64_t before{0};                            ///< runs of earlier campaigns
    double seconds{0};                                  ///< 0: none
};

/**
 * "[████████────────]  52 %  5,200 schedules  8,333/s  2 findings  1 s left", without a line break.
 * The time left is an estimate from the speed so far; without a goal there is neither bar nor time.
 */
std::string ProgressLine(const CampaignProgress& progress, const ProgressGoal& goal);

} // namespace lab

#endif /* LAB_PROGRESS_LINE_H */
