// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/strategies.h"

#include "interleave/model/strategy/bounded-search.h"
#include "interleave/model/strategy/dpor.h"
#include "interleave/model/strategy/mutate.h"
#include "interleave/model/strategy/pct.h"
#include "interleave/model/strategy/portfolio.h"
#include "interleave/model/strategy/pos.h"
#include "interleave/model/strategy/random-walk.h"
#include "interleave/model/strategy/surw.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace interleave
{

namespace
{

using Made = tl::expected<std::unique_ptr<Strategy>, std::string>;

constexpr StrategyInfo kStrategies[] = {
    {"portfolio", "portfolio", "one run of each good strategy in turn (the default)"},
    {"random", "random", "any ready task, at every operation"},
    {"pct:D",
     "pct:3",
     "random priorities that change D-1 times: finds what needs D things in order"},
    {"pos", "pos", "random priorities of operations: spreads runs over partial orders"},
    {"surw", "surw", "evenly over the orders in which tasks use one object, drawn for each run"},
    {"bound:N", "bound:2", "every run with at most N preemptions or faults, then ends"},
    {"bound:A-B", "bound:0-3", "bound:A, then bound:A+1, up to bound:B"},
    {"bound:all", "bound:all", "every run that there is, one after the other"},
    {"dpor", "dpor", "every run but for the order of operations that commute, each once"},
    {"mutate", "mutate", "the dull run, or a log that is given, with a few decisions changed"},
    {"X+Y+…", "random+pos", "one run of each of these in turn"},
};

/** A number that is all of @p text. */
std::optional<std::uint32_t> Number(std::string_view text)
{
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    {
        return std::nullopt;
    }
    return number;
}

Made MakePct(std::string_view text, std::string_view parameter)
{
    const std::optional<std::uint32_t> depth = Number(parameter);
    if (!depth || *depth < 1 || *depth > PctStrategy::kMaxDepth)
    {
        return tl::unexpected(fmt::format(
            "{}: the depth is a number from 1 to {}, as in pct:3", text, PctStrategy::kMaxDepth));
    }
    return std::make_unique<PctStrategy>(*depth);
}

Made MakeBound(std::string_view text, std::string_view parameter)
{
    if (parameter == "all")
    {
        return std::make_unique<BoundedSearch>(BoundedSearch::kUnbounded,
                                               BoundedSearch::kUnbounded);
    }
    const std::size_t dash = parameter.find('-');
    const std::optional<std::uint32_t> first = Number(parameter.substr(0, dash));
    const std::optional<std::uint32_t> last =
        dash == std::string_view::npos ? first : Number(parameter.substr(dash + 1));
    if (!first || !last || *first > *last || *last > BoundedSearch::kMaxBound)
    {
        return tl::unexpected(fmt::format(
            "{}: the bound is a number from 0 to {}, two of them as in bound:0-3, or bound:all",
            text,
            BoundedSearch::kMaxBound));
    }
    return std::make_unique<BoundedSearch>(*first, *last);
}

template <typename Kind>
Made MakePlain(std::string_view text, std::string_view parameter)
{
    auto strategy = std::make_unique<Kind>();
    if (text.size() != strategy->Name().size())
    {
        return tl::unexpected(
            fmt::format("{}: {} has no parameter, not '{}'", text, strategy->Name(), parameter));
    }
    return strategy;
}

Made MakePortfolio(std::string_view name, std::string_view members)
{
    std::vector<std::unique_ptr<Strategy>> made;
    for (std::size_t begin = 0; begin <= members.size();)
    {
        const std::size_t end = std::min(members.find('+', begin), members.size());
        const std::string_view member = members.substr(begin, end - begin);
        if (member.empty() || member == "portfolio")
        {
            return tl::unexpected(
                fmt::format("{}: between '+' stand names of strategies, not '{}'", name, member));
        }
        Made strategy = MakeStrategy(member);
        if (!strategy)
        {
            return strategy;
        }
        made.push_back(std::move(*strategy));
        begin = end + 1;
    }
    return std::make_unique<Portfolio>(std::string(name), std::move(made));
}

std::string UnknownText(std::string_view text)
{
    std::string known;
    for (const StrategyInfo& info : kStrategies)
    {
        known += fmt::format("{}{}", known.empty() ? "" : ", ", info.form);
    }
    return fmt::format("there is no strategy '{}'; there are: {}", text, known);
}

} // namespace

std::span<const StrategyInfo> StrategyNames()
{
    return kStrategies;
}

tl::expected<std::unique_ptr<Strategy>, std::string> MakeStrategy(std::string_view text)
{
    if (text.find('+') != std::string_view::npos)
    {
        return MakePortfolio(text, text);
    }
    const std::size_t colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    const std::string_view parameter =
        colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);

    struct Maker
    {
        std::string_view name;
        Made (*make)(std::string_view text, std::string_view parameter);
    };

    static constexpr Maker kMakers[] = {
        {"random", &MakePlain<RandomWalk>},
        {"pct", &MakePct},
        {"pos", &MakePlain<PosStrategy>},
        {"surw", &MakePlain<SurwStrategy>},
        {"bound", &MakeBound},
        {"dpor", &MakePlain<DporStrategy>},
        {"mutate", &MakePlain<MutateStrategy>},
    };
    for (const Maker& maker : kMakers)
    {
        if (maker.name == name)
        {
            return maker.make(text, parameter);
        }
    }
    if (text == "portfolio")
    {
        return MakePortfolio(text, kPortfolioMembers);
    }
    return tl::unexpected(UnknownText(text));
}

} // namespace interleave
