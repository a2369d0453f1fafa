// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/progress-line.h"

#include "lab/helper/text-row.h"

#include <fmt/format.h>

#include <algorithm>

namespace lab
{

namespace
{

constexpr unsigned kBarColumns = 20;

/** "2 h 05 min", "3 min 20 s", "12 s". */
std::string Duration(double seconds)
{
    constexpr std::uint64_t kMinute = 60;
    constexpr std::uint64_t kHour = 3600;
    const auto whole = static_cast<std::uint64_t>(seconds + 1); // rounded up: it is an estimate
    if (whole >= kHour)
    {
        return fmt::format("{} h {:02} min", whole / kHour, whole % kHour / kMinute);
    }
    if (whole >= kMinute)
    {
        return fmt::format("{} min {:02} s", whole / kMinute, whole % kMinute);
    }
    return fmt::format("{} s", whole);
}

std::string Bar(double share)
{
    const auto full = static_cast<unsigned>(share * kBarColumns);
    std::string bar = "[";
    for (unsigned i = 0; i < kBarColumns; ++i)
    {
        bar += i < full ? "█" : "─";
    }
    return bar + fmt::format("] {:3.0f} %  ", share * 100);
}

} // namespace

std::string ProgressLine(const CampaignProgress& progress, const ProgressGoal& goal)
{
    const std::uint64_t made = progress.runs - std::min(goal.before, progress.runs);
    const double speed = progress.seconds > 0 ? static_cast<double>(made) / progress.seconds : 0;
    double share = -1;
    double left = -1;
    if (goal.schedules != CampaignOptions::kEndless && goal.schedules > 0)
    {
        share = static_cast<double>(progress.runs) / static_cast<double>(goal.schedules);
        left = speed > 0
                   ? static_cast<double>(goal.schedules - std::min(goal.schedules, progress.runs)) /
                         speed
                   : -1;
    }
    // Whichever ends first.
    if (goal.seconds > 0)
    {
        share = std::max(share, progress.seconds / goal.seconds);
        const double rest = std::max(0.0, goal.seconds - progress.seconds);
        left = left < 0 ? rest : std::min(left, rest);
    }
    std::string line = share < 0 ? "" : Bar(std::min(share, 1.0));
    line += fmt::format("{} schedules  {}/s  {} finding{}",
                        Grouped(progress.runs),
                        Grouped(static_cast<std::uint64_t>(speed)),
                        progress.findings,
                        progress.findings == 1 ? "" : "s");
    return left < 0 ? line : line + "  " + Duration(left) + " left";
}

} // namespace lab
