// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/coverage-report.h"

#include "lab/helper/text-row.h"

#include <fmt/format.h>

#include <array>
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

} // namespace lab
