// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_STRATEGIES_H
#define INTERLEAVE_STRATEGIES_H

#include "interleave/model/strategy/strategy.h"

#include <tl/expected.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace interleave
{

/** One line of the table of strategies. */
struct StrategyInfo
{
    /** How it is written, parameters in capitals: "pct:D". */
    const char* form;
    /** An example that MakeStrategy() takes. */
    const char* example;
    /** One line for --help. */
    const char* description;
};

/** Every strategy, the default one first. */
std::span<const StrategyInfo> StrategyNames();

/** What is used when nobody says anything. */
inline constexpr std::string_view kDefaultStrategy = "portfolio";

/** The members of "portfolio". */
inline constexpr std::string_view kPortfolioMembers =
    "random+pct:2+pct:3+pct:10+pos+surw+bound:0-3+mutate";

/**
 * The strategy that @p text names; several joined by '+' are a portfolio of these.
 * @return or one sentence that says what is wrong with @p text and what would be right.
 */
tl::expected<std::unique_ptr<Strategy>, std::string> MakeStrategy(std::string_view text);

} // namespace interleave

#endif // INTERLEAVE_STRATEGIES_H
