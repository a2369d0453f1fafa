// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Each host of each capture replaced by this core: it must send what the Linux kernel sent.
#include "capture-replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <stdexcept>
#include <string_view>

namespace ibcm::test
{

namespace
{

/** One host of one capture; or why there is none. */
struct CaptureSide
{
    std::string path;
    std::size_t host{0};
    std::string name; ///< of the test
    std::string error;
};

void PrintTo(const CaptureSide& side, std::ostream* out)
{
    *out << side.path;
}

std::string Plain(std::string text)
{
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return text;
}

/** The captures whose making test/data/pcaps/README.md tells. */
constexpr const char* kCaptures = "test/data/pcaps";
/** Others that somebody puts there are replayed as well; it need not exist. */
constexpr const char* kMoreCaptures = "test/ibcm/captures";

/** The captures in the checkout; WEFT_CAPTURES=FOLDER adds a folder. */
std::vector<std::filesystem::path> Captures()
{
    std::vector<std::filesystem::path> folders{kCaptures};
    if (std::filesystem::exists(kMoreCaptures))
    {
        folders.emplace_back(kMoreCaptures);
    }
    if (const char* more = std::getenv("WEFT_CAPTURES"))
    {
        folders.emplace_back(more);
    }
    std::vector<std::filesystem::path> files;
    for (const auto& folder : folders)
    {
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(folder, error))
        {
            const auto extension = entry.path().extension();
            if (extension == ".pcap" || extension == ".pcapng")
            {
                files.push_back(entry.path());
            }
        }
        if (error)
        {
            // A test that says so is better than fewer tests.
            files.push_back(folder / "cannot be read");
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::vector<CaptureSide> Sides()
{
    std::vector<CaptureSide> sides;
    for (const auto& path : Captures())
    {
        const std::string stem = Plain(path.stem().string());
        const std::string number = std::to_string(sides.size());
        const auto mads = ReadCapture(path.string());
        if (!mads)
        {
            sides.push_back({path.string(), 0, stem + "_" + number, mads.error()});
            continue;
        }
        const std::vector<CapturedHost> hosts = HostsOf(*mads);
        const std::size_t before = sides.size();
        for (std::size_t host = 0; host < hosts.size(); ++host)
        {
            if (hosts[host].sent != 0)
            {
                const std::string name = stem + "_as_" + Plain(hosts[host].Name());
                sides.push_back({path.string(), host, name, ""});
            }
        }
        if (sides.size() == before)
        {
            sides.push_back({path.string(), 0, stem + "_" + number, "it holds no MAD of the CM"});
        }
    }
    return sides;
}

class CaptureSideTest : public ::testing::TestWithParam<CaptureSide>
{
};

TEST_P(CaptureSideTest, CoreSendsWhatTheHostSent)
{
    const CaptureSide& side = GetParam();
    ASSERT_EQ(side.error, "") << side.path << " (tests run from the top of the checkout)";
    const auto mads = ReadCapture(side.path);
    ASSERT_TRUE(mads) << mads.error();
    const ReplayReport report = Replay(MakePlan(*mads, side.host));
    std::printf("%s: %s\n", side.name.c_str(), Summary(report).c_str());
    EXPECT_TRUE(report.problems.empty()) << ToString(report);
    EXPECT_GE(report.compared, 1U) << "nothing of this host could be compared";
}

/** A difference of Behaviour::kStrict. */
struct StrictDifference
{
    std::string_view file;
    std::string_view host;
    std::string_view problem; ///< the whole of it
};

/** All that the strict core sends otherwise than Linux did in the captures of the checkout. */
constexpr std::array<StrictDifference, 0> kStrictDifferences{};

TEST_P(CaptureSideTest, StrictCoreDiffersWhereItIsListed)
{
    const CaptureSide& side = GetParam();
    ASSERT_EQ(side.error, "") << side.path << " (tests run from the top of the checkout)";
    const std::filesystem::path path(side.path);
    if (path.parent_path() != kCaptures)
    {
        GTEST_SKIP() << "the list is about the captures of the checkout";
    }
    const auto mads = ReadCapture(side.path);
    ASSERT_TRUE(mads) << mads.error();
    const ReplayPlan plan = MakePlan(*mads, side.host, Behaviour::kStrict);
    std::vector<std::string> listed;
    for (const StrictDifference& difference : kStrictDifferences)
    {
        if (path.filename() == difference.file && plan.host.Name() == difference.host)
        {
            listed.emplace_back(difference.problem);
        }
    }
    const ReplayReport report = Replay(plan);
    EXPECT_EQ(report.problems, listed) << ToString(report);
    EXPECT_GE(report.compared, 1U) << "nothing of this host could be compared";
}

INSTANTIATE_TEST_SUITE_P(Linux,
                         CaptureSideTest,
                         ::testing::ValuesIn(Sides()),
                         [](const auto& info)
                         { return std::to_string(info.index) + "_" + info.param.name; });

} // namespace

} // namespace ibcm::test
