// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CAMPAIGN_FOLDER_H
#define LAB_CAMPAIGN_FOLDER_H

#include "lab/helper/campaign.h"
#include "lab/model/scenario.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <string>

namespace lab
{

/** What two campaigns must have in common for one to go on where the other has ended. */
struct CampaignIdentity
{
    std::string strategy;
    std::uint64_t seed{1};
    std::uint64_t batchRuns{CampaignOptions::kBatchRuns};
    std::string scenarioDigest; ///< of the scenario's text, and of the fabric file it names
    std::string version;        ///< of Weft

    friend bool operator==(const CampaignIdentity&, const CampaignIdentity&) = default;
};

/** Replaces a file so that a reader sees the old one or the new one, whatever interrupts it. */
tl::expected<void, InputError> WriteWhole(const std::string& path, const std::string& text);

/** 16 hexadecimal digits for what the scenario's runs depend on. */
std::string DigestOfScenario(const Scenario& scenario);

/**
 * The folder of a campaign: a decision log for each finding, SCENARIO-HASH.weft, and campaign.json,
 * from which the campaign can go on.
 */
class CampaignFolder
{
  public:
    static constexpr const char* kStateFile = "campaign.json";

    /** @param path is made when it is needed. @param scenario outlives the folder. */
    CampaignFolder(std::string path, const Scenario& scenario);

    const std::string& Path() const
    {
        return m_path;
    }

    /** Makes the folder, and finds out whether files can be written there. */
    tl::expected<void, InputError> Prepare() const;

    /**
     * What an earlier campaign has left; nothing made if there was none. A campaign of another
     * identity, or a state that cannot be read, is an error.
     */
    tl::expected<CampaignMade, InputError> ReadState(const CampaignIdentity& identity) const;
    tl::expected<void, InputError> WriteState(const CampaignIdentity& identity,
                                              const CampaignMade& made) const;

    /** Writes the log of a finding. @return the path of the file. */
    tl::expected<std::string, InputError> WriteFinding(const CampaignFinding& finding) const;
    /** The same with the shrunk log. */
    tl::expected<std::string, InputError> WriteShrunk(const CampaignFinding& finding,
                                                      const ShrunkFinding& shrunk) const;

    /** Where the log of a finding is. */
    std::string FileOf(const std::string& signature) const;

  private:
    tl::expected<std::string, InputError> WriteLog(const CampaignFinding& finding,
                                                   const std::string& log,
                                                   const std::string& remark) const;

    std::string m_path;
    const Scenario& m_scenario;
};

} // namespace lab

#endif /* LAB_CAMPAIGN_FOLDER_H */
