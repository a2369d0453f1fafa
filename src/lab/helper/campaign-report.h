// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CAMPAIGN_REPORT_H
#define LAB_CAMPAIGN_REPORT_H

#include "lab/helper/campaign.h"

#include <cstddef>
#include <map>
#include <string>

namespace lab
{

struct CampaignReportOptions
{
    bool colour{false};
    std::size_t width{100};                      ///< columns
    std::uint64_t before{0};                     ///< runs that earlier campaigns have made
    std::map<std::string, std::string> files;    ///< logs by signature
    std::map<std::string, std::string> pictures; ///< lane diagrams by signature
};

/** How many schedules were tried, by whom, what they covered, and what was violated. */
std::string CampaignReport(const CampaignResult& result,
                           const CampaignOptions& campaign,
                           const CampaignReportOptions& options);

/** The same for machines; nothing in it but "seconds" and "workers" depends on who ran what. */
Json CampaignJson(const CampaignResult& result,
                  const CampaignOptions& campaign,
                  const CampaignReportOptions& options);

} // namespace lab

#endif /* LAB_CAMPAIGN_REPORT_H */
