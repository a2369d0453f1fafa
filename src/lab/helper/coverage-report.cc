// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/coverage-report.h"

#include "ib-wire/model/cm-messages.h"
#include "lab/helper/text-row.h"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

namespace lab
{

namespace
{

struct OfState
{
    std::size_t seen{0};
    std::vector<const char*> missing;
};

constexpr std::array<std::pair<MessageCoverage::What, const char*>, 5> kBefallen{{
    {MessageCoverage::What::kDropped, "dropped"},
    {MessageCoverage::What::kDuplicated, "duplicated"},
    {MessageCoverage::What::kDelayed, "late"},
    {MessageCoverage::What::kReordered, "overtaken"},
    {MessageCoverage::What::kCorrupted, "damaged"},
}};

using OfStates = std::array<OfState, ibcm::kStateCount>;

OfStates ByState(const StepCoverage& coverage)
{
    OfStates states;
    for (const ibcm::Transition& row : ibcm::Transitions())
    {
        OfState& state = states.at(static_cast<std::size_t>(row.from));
        if (coverage.Seen(row.from, row.input) != 0)
        {
            ++state.seen;
        }
        else
        {
            state.missing.push_back(ibcm::ToString(row.input));
        }
    }
    return states;
}

} // namespace

TableCoverage CoverageOf(const StepCoverage& coverage)
{
    TableCoverage table;
    for (const OfState& state : ByState(coverage))
    {
        table.seen += state.seen;
        table.rows += state.seen + state.missing.size();
    }
    return table;
}

std::string CoverageReport(const StepCoverage& coverage, std::size_t width)
{
    std::string text;
    std::size_t untouched = 0;
    const OfStates states = ByState(coverage);
    for (std::size_t i = 0; i < states.size(); ++i)
    {
        const OfState& state = states.at(i);
        if (state.seen == 0)
        {
            untouched += state.missing.empty() ? 0 : 1;
            continue;
        }
        std::string line = fmt::format("  {:<13} {:2} of {:2}",
                                       ibcm::ToString(static_cast<ibcm::State>(i)),
                                       state.seen,
                                       state.seen + state.missing.size());
        const char* separator = "  without ";
        for (const char* const input : state.missing)
        {
            line += separator + std::string(input);
            separator = ", ";
        }
        text += CutTo(line, width) + "\n";
    }
    if (untouched != 0)
    {
        text += fmt::format("  {} state{} never left\n", untouched, untouched == 1 ? "" : "s");
    }
    return text;
}

std::string MessageReport(const MessageCoverage& messages, std::size_t width)
{
    using What = MessageCoverage::What;
    std::string text;
    for (std::size_t kind = 0; kind < MessageCoverage::kKinds; ++kind)
    {
        const auto attribute = static_cast<std::uint16_t>(MessageCoverage::kFirst + kind);
        const std::uint64_t repeated = messages.Seen(attribute, What::kRepeated);
        const std::uint64_t sent = messages.Seen(attribute, What::kSent) + repeated;
        if (sent == 0)
        {
            continue;
        }
        std::string line =
            fmt::format("  {:<13} {} sent",
                        ibwire::ToString(static_cast<ibwire::CmAttribute>(attribute)),
                        sent);
        if (repeated != 0)
        {
            line += fmt::format(", {} of them again", repeated);
        }
        const char* separator = "; ";
        for (const auto& [what, word] : kBefallen)
        {
            if (const std::uint64_t times = messages.Seen(attribute, what); times != 0)
            {
                line += fmt::format("{}{} {}", separator, times, word);
                separator = ", ";
            }
        }
        text += CutTo(line, width) + "\n";
    }
    return text;
}

} // namespace lab
