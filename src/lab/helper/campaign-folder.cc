// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/campaign-folder.h"

#include "interleave/model/decision-log.h"
#include "interleave/model/digest.h"
#include "lab/helper/search-json.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace lab
{

namespace
{

namespace fs = std::filesystem;

constexpr unsigned kFormat = 2;
constexpr const char* kFormatKey = "weft-campaign";

InputError NotWritable(const std::string& path, int reason)
{
    return {path,
            0,
            fmt::format("no way to write it ({})", std::strerror(reason)),
            "a file in a folder that can be written"};
}

bool WriteAll(int file, const std::string& text)
{
    std::size_t written = 0;
    while (written < text.size())
    {
        const ssize_t count = write(file, text.data() + written, text.size() - written);
        if (count < 0 && errno != EINTR)
        {
            return false;
        }
        written += count < 0 ? 0 : static_cast<std::size_t>(count);
    }
    return fsync(file) == 0;
}

std::string ContentsOf(const fs::path& path)
{
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

Json ToJson(const CampaignIdentity& identity)
{
    return {{"strategy", identity.strategy},
            {"seed", identity.seed},
            {"batchRuns", identity.batchRuns},
            {"scenario", identity.scenarioDigest},
            {"version", identity.version}};
}

/** The first thing in which two campaigns differ; empty if there is none. */
std::string Difference(const Json& found, const Json& wanted)
{
    for (const auto& [key, value] : wanted.items())
    {
        if (!found.contains(key) || found.at(key) != value)
        {
            const std::string there = found.contains(key) ? found.at(key).dump() : "nothing";
            return fmt::format("{}: {} there, {} now", key, there, value.dump());
        }
    }
    return {};
}

} // namespace

tl::expected<void, InputError> WriteWhole(const std::string& path, const std::string& text)
{
    constexpr mode_t kMode = 0666;
    const std::string fresh = path + ".new";
    const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
    if (file < 0)
    {
        return tl::unexpected(NotWritable(path, errno));
    }
    const bool written = WriteAll(file, text);
    const int reason = errno;
    close(file);
    if (!written)
    {
        std::remove(fresh.c_str());
        return tl::unexpected(NotWritable(path, reason));
    }
    if (std::rename(fresh.c_str(), path.c_str()) != 0)
    {
        return tl::unexpected(NotWritable(path, errno));
    }
    return {};
}

std::string DigestOfScenario(const Scenario& scenario)
{
    std::string text = ContentsOf(scenario.file);
    const fs::path fabric = fs::path(scenario.file).parent_path() / scenario.fabric.source;
    std::error_code ignored;
    if (fs::is_regular_file(fabric, ignored))
    {
        text += ContentsOf(fabric);
    }
    return fmt::format("{:016x}", interleave::HashText(text));
}

CampaignFolder::CampaignFolder(std::string path, const Scenario& scenario)
    : m_path(std::move(path)),
      m_scenario(scenario)
{
}

tl::expected<void, InputError> CampaignFolder::Prepare() const
{
    std::error_code error;
    fs::create_directories(m_path, error);
    if (!fs::is_directory(m_path))
    {
        return tl::unexpected(
            InputError{m_path,
                       0,
                       error ? fmt::format("no folder ({})", error.message()) : "no folder",
                       "a folder, or a name for a new one"});
    }
    if (access(m_path.c_str(), W_OK | X_OK) != 0)
    {
        return tl::unexpected(NotWritable(m_path, errno));
    }
    return {};
}

tl::expected<CampaignMade, InputError> CampaignFolder::ReadState(
    const CampaignIdentity& identity) const
{
    const std::string path = (fs::path(m_path) / kStateFile).string();
    std::error_code ignored;
    if (!fs::exists(path, ignored))
    {
        return CampaignMade{};
    }
    try
    {
        const Json state = Json::parse(ContentsOf(path));
        if (state.at(kFormatKey) != kFormat)
        {
            return tl::unexpected(InputError{path,
                                             0,
                                             "a campaign of format " + state[kFormatKey].dump(),
                                             fmt::format("format {}", kFormat)});
        }
        const std::string difference = Difference(state.at("campaign"), ToJson(identity));
        if (!difference.empty())
        {
            return tl::unexpected(InputError{path,
                                             0,
                                             fmt::format("another campaign ({})", difference),
                                             "the same one to go on with, or another folder"});
        }
        CampaignMade made;
        made.batches = BatchLedger::FromJson(state.at("ledger"));
        if (state.contains("search"))
        {
            made.search = SearchStateFromJson(state.at("search"));
        }
        return made;
    }
    catch (const std::exception& error)
    {
        return tl::unexpected(InputError{path,
                                         0,
                                         fmt::format("no state of a campaign ({})", error.what()),
                                         "what 'weft explore --out' writes"});
    }
}

tl::expected<void, InputError> CampaignFolder::WriteState(const CampaignIdentity& identity,
                                                          const CampaignMade& made) const
{
    Json state = {
        {kFormatKey, kFormat}, {"campaign", ToJson(identity)}, {"ledger", made.batches.ToJson()}};
    if (made.search)
    {
        state["search"] = ToJson(*made.search);
    }
    return WriteWhole((fs::path(m_path) / kStateFile).string(), JsonText(state));
}

std::string CampaignFolder::FileOf(const std::string& signature) const
{
    constexpr unsigned kShift = 32;
    const std::string name = fs::path(m_scenario.file).stem().string();
    return (fs::path(m_path) /
            fmt::format("{}-{:08x}.weft", name, interleave::HashText(signature) >> kShift))
        .string();
}

tl::expected<std::string, InputError> CampaignFolder::WriteLog(const CampaignFinding& finding,
                                                               const std::string& log,
                                                               const std::string& remark) const
{
    if (const auto ready = Prepare(); !ready)
    {
        return tl::unexpected(ready.error());
    }
    const std::string file = FileOf(finding.signature);
    auto parsed = interleave::DecisionLog::Parse(log);
    if (!parsed)
    {
        return tl::unexpected(
            InputError{file, parsed.error().line, parsed.error().text, "a log of a worker"});
    }
    interleave::DecisionLog headed;
    const fs::path scenario = fs::absolute(m_scenario.file);
    headed.SetHeader("scenario", fs::proximate(scenario, fs::absolute(m_path)).string());
    headed.SetHeader("seed", std::to_string(m_scenario.seed));
    headed.SetHeader("violation", finding.signature);
    headed.SetHeader("found", fmt::format("run {} by {}", finding.run, finding.strategy));
    if (!remark.empty())
    {
        headed.SetHeader("shrunk", remark);
    }
    for (const auto& [key, value] : parsed->headers)
    {
        headed.SetHeader(key, value);
    }
    headed.decisions = std::move(parsed->decisions);
    if (const auto written = WriteWhole(file, headed.Format()); !written)
    {
        return tl::unexpected(written.error());
    }
    return file;
}

tl::expected<std::string, InputError> CampaignFolder::WriteFinding(
    const CampaignFinding& finding) const
{
    return WriteLog(finding, finding.log, "");
}

tl::expected<std::string, InputError> CampaignFolder::WriteShrunk(const CampaignFinding& finding,
                                                                  const ShrunkFinding& shrunk) const
{
    return WriteLog(finding, shrunk.log, shrunk.certificate);
}

} // namespace lab
