// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/campaign-tally.h"

#include "ib-wire/model/cm-messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace lab
{

namespace
{

/** JSON's numbers lose bits beyond 53 in other hands; hashes are texts. */
std::string HexOf(std::uint64_t value)
{
    return fmt::format("{:016x}", value);
}

std::uint64_t FromHex(const std::string& text)
{
    constexpr int kBase = 16;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, kBase);
    if (error != std::errc() || end != text.data() + text.size())
    {
        throw std::invalid_argument("no hexadecimal number: " + text);
    }
    return value;
}

Json ToJson(const StepCoverage& coverage)
{
    Json cells = Json::array();
    for (std::size_t state = 0; state < ibcm::kStateCount; ++state)
    {
        for (std::size_t input = 0; input < ibcm::kInputCount; ++input)
        {
            const auto from = static_cast<ibcm::State>(state);
            const auto what = static_cast<ibcm::Input>(input);
            if (const std::uint64_t times = coverage.Seen(from, what); times != 0)
            {
                cells.push_back({ibcm::ToString(from), ibcm::ToString(what), times});
            }
        }
    }
    return cells;
}

/** By kind of message: its counts, in the order of MessageCoverage::What. */
Json ToJson(const MessageCoverage& messages)
{
    Json kinds = Json::object();
    for (std::size_t kind = 0; kind < MessageCoverage::kKinds; ++kind)
    {
        const auto attribute = static_cast<std::uint16_t>(MessageCoverage::kFirst + kind);
        Json counts = Json::array();
        std::uint64_t all = 0;
        for (std::size_t what = 0; what < MessageCoverage::kWhats; ++what)
        {
            const std::uint64_t times =
                messages.Seen(attribute, static_cast<MessageCoverage::What>(what));
            counts.push_back(times);
            all += times;
        }
        if (all != 0)
        {
            kinds[std::string(ibwire::ToString(static_cast<ibwire::CmAttribute>(attribute)))] =
                std::move(counts);
        }
    }
    return kinds;
}

MessageCoverage MessagesFromJson(const Json& json)
{
    MessageCoverage messages;
    std::size_t known = 0;
    for (std::size_t kind = 0; kind < MessageCoverage::kKinds; ++kind)
    {
        const auto attribute = static_cast<std::uint16_t>(MessageCoverage::kFirst + kind);
        const auto counts =
            json.find(std::string(ibwire::ToString(static_cast<ibwire::CmAttribute>(attribute))));
        if (counts == json.end())
        {
            continue;
        }
        ++known;
        for (std::size_t what = 0; what < MessageCoverage::kWhats; ++what)
        {
            messages.Count(attribute,
                           static_cast<MessageCoverage::What>(what),
                           counts->at(what).get<std::uint64_t>());
        }
    }
    if (known != json.size())
    {
        throw std::invalid_argument("unknown kind of message");
    }
    return messages;
}

/** The value of an enumeration that ToString() calls @p name. */
template <class Enum>
Enum Named(const std::string& name, std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i)
    {
        if (name == ibcm::ToString(static_cast<Enum>(i)))
        {
            return static_cast<Enum>(i);
        }
    }
    throw std::invalid_argument("unknown name: " + name);
}

StepCoverage CoverageFromJson(const Json& json)
{
    StepCoverage coverage;
    for (const Json& cell : json)
    {
        coverage.Add(Named<ibcm::State>(cell.at(0).get<std::string>(), ibcm::kStateCount),
                     Named<ibcm::Input>(cell.at(1).get<std::string>(), ibcm::kInputCount),
                     cell.at(2).get<std::uint64_t>());
    }
    return coverage;
}

Json ToJson(const DistinctSample& sample)
{
    // Pairs: an object would look for each key among all before it.
    Json counts = Json::array();
    for (const auto& [value, times] : sample.Counts())
    {
        counts.push_back({HexOf(value), times});
    }
    return {{"level", sample.Level()}, {"counts", std::move(counts)}};
}

DistinctSample SampleFromJson(const Json& json)
{
    constexpr unsigned kLevels = 64;
    const auto level = json.at("level").get<unsigned>();
    if (level >= kLevels)
    {
        throw std::invalid_argument("no level of a sample: " + std::to_string(level));
    }
    DistinctSample sample;
    sample.RaiseTo(level);
    for (const Json& count : json.at("counts"))
    {
        sample.Add(FromHex(count.at(0).get<std::string>()), count.at(1).get<std::uint64_t>());
    }
    return sample;
}

} // namespace

void Tally::Found(CampaignFinding finding)
{
    const auto [it, fresh] = findings.try_emplace(finding.signature, finding);
    if (fresh)
    {
        return;
    }
    CampaignFinding& known = it->second;
    const std::uint64_t times = known.times + finding.times;
    if (finding.run < known.run)
    {
        known = std::move(finding);
    }
    known.times = times;
}

void StrategyCredit::Merge(const StrategyCredit& other)
{
    runs += other.runs;
    violations += other.violations;
    steps += other.steps;
    longest = std::max(longest, other.longest);
    tasks = std::max(tasks, other.tasks);
}

void Tally::Merge(const Tally& other)
{
    runs += other.runs;
    missed += other.missed;
    exhausted = exhausted || other.exhausted;
    for (const auto& [name, credit] : other.credits)
    {
        credits[name].Merge(credit);
    }
    for (const auto& [signature, finding] : other.findings)
    {
        Found(finding);
    }
    schedules.Merge(other.schedules);
    coverage.Merge(other.coverage);
}

Json ToJson(const CampaignFinding& finding)
{
    return {{"signature", finding.signature},
            {"kind", finding.kind},
            {"run", finding.run},
            {"times", finding.times},
            {"strategy", finding.strategy},
            {"reproduced", finding.reproduced},
            {"text", finding.text},
            {"log", finding.log}};
}

CampaignFinding FindingFromJson(const Json& json)
{
    CampaignFinding finding;
    json.at("signature").get_to(finding.signature);
    json.at("kind").get_to(finding.kind);
    json.at("run").get_to(finding.run);
    json.at("times").get_to(finding.times);
    json.at("strategy").get_to(finding.strategy);
    json.at("reproduced").get_to(finding.reproduced);
    json.at("text").get_to(finding.text);
    json.at("log").get_to(finding.log);
    return finding;
}

Json ToJson(const Tally& tally)
{
    Json credits = Json::object();
    for (const auto& [name, credit] : tally.credits)
    {
        credits[name] = {{"runs", credit.runs},
                         {"violations", credit.violations},
                         {"steps", credit.steps},
                         {"longest", credit.longest},
                         {"tasks", credit.tasks}};
    }
    Json findings = Json::array();
    for (const auto& [signature, finding] : tally.findings)
    {
        findings.push_back(ToJson(finding));
    }
    return {{"runs", tally.runs},
            {"missed", tally.missed},
            {"exhausted", tally.exhausted},
            {"credits", std::move(credits)},
            {"findings", std::move(findings)},
            {"schedules", ToJson(tally.schedules)},
            {"coverage", ToJson(tally.coverage)},
            {"messages", ToJson(tally.coverage.Messages())}};
}

Tally TallyFromJson(const Json& json)
{
    Tally tally;
    json.at("runs").get_to(tally.runs);
    json.at("missed").get_to(tally.missed);
    json.at("exhausted").get_to(tally.exhausted);
    for (const auto& [name, credit] : json.at("credits").items())
    {
        StrategyCredit& known = tally.credits[name];
        credit.at("runs").get_to(known.runs);
        credit.at("violations").get_to(known.violations);
        credit.at("steps").get_to(known.steps);
        credit.at("longest").get_to(known.longest);
        credit.at("tasks").get_to(known.tasks);
    }
    for (const Json& finding : json.at("findings"))
    {
        tally.Found(FindingFromJson(finding));
    }
    tally.schedules = SampleFromJson(json.at("schedules"));
    tally.coverage = CoverageFromJson(json.at("coverage"));
    tally.coverage.Messages() = MessagesFromJson(json.at("messages"));
    return tally;
}

} // namespace lab
