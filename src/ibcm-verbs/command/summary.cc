// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/command/summary.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>

namespace cmverbs
{

namespace
{

double Milliseconds(std::chrono::nanoseconds time)
{
    return std::chrono::duration<double, std::milli>(time).count();
}

std::string Line(const char* what, const Percentiles& times)
{
    if (times.samples == 0)
    {
        return {};
    }
    return fmt::format("{}: p50 {:.3f} ms, p90 {:.3f} ms, p99 {:.3f} ms, max {:.3f} ms\n",
                       what,
                       Milliseconds(times.p50),
                       Milliseconds(times.p90),
                       Milliseconds(times.p99),
                       Milliseconds(times.max));
}

nlohmann::ordered_json ToJson(const Percentiles& times)
{
    return {{"samples", times.samples},
            {"p50", Milliseconds(times.p50)},
            {"p90", Milliseconds(times.p90)},
            {"p99", Milliseconds(times.p99)},
            {"max", Milliseconds(times.max)}};
}

double Rate(std::size_t number, std::chrono::nanoseconds took)
{
    const double seconds = std::chrono::duration<double>(took).count();
    return seconds > 0 ? static_cast<double>(number) / seconds : 0;
}

} // namespace

std::string Summary::Text() const
{
    std::string text = fmt::format("{}: {} connections, {} succeeded, {} failed, {} messages, "
                                   "{:.3f} s, {:.1f} a second\n",
                                   command,
                                   statistics.Ended(),
                                   statistics.Succeeded(),
                                   statistics.Failed(),
                                   statistics.Messages(),
                                   std::chrono::duration<double>(took).count(),
                                   Rate(statistics.Succeeded(), took));
    text += Line("set up", statistics.Setup());
    text += Line("disconnected", statistics.Teardown());
    text += fmt::format("CM messages sent again: {}\n", retries);
    for (const auto& [cause, count] : statistics.Causes())
    {
        text += fmt::format("{} x {}\n", count, cause);
    }
    if (leftovers && leftovers->Any())
    {
        text += fmt::format("left over: {} ids, {} peers, {} sends\n",
                            leftovers->ids,
                            leftovers->peers,
                            leftovers->sends);
    }
    return text;
}

std::string Summary::Json() const
{
    nlohmann::ordered_json json{
        {"command", command},
        {"connections", statistics.Ended()},
        {"succeeded", statistics.Succeeded()},
        {"failed", statistics.Failed()},
        {"causes", statistics.Causes()},
        {"messages", statistics.Messages()},
        {"seconds", std::chrono::duration<double>(took).count()},
        {"rate", Rate(statistics.Succeeded(), took)},
        {"setup_ms", ToJson(statistics.Setup())},
        {"teardown_ms", ToJson(statistics.Teardown())},
        {"retries", retries},
    };
    if (leftovers)
    {
        json["leftovers"] = {
            {"ids", leftovers->ids}, {"peers", leftovers->peers}, {"sends", leftovers->sends}};
    }
    return json.dump() + '\n';
}

} // namespace cmverbs
