// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/campaign-report.h"

#include "interleave/model/search/schedule-coverage.h"
#include "lab/helper/coverage-report.h"
#include "lab/helper/text-row.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace lab
{

namespace
{

/** How many findings a strategy was the first to make. */
std::map<std::string, std::uint64_t> FirstFindings(const Tally& tally)
{
    std::map<std::string, std::uint64_t> first;
    for (const auto& [signature, finding] : tally.findings)
    {
        ++first[finding.strategy];
    }
    return first;
}

/** D of "pct:D". */
std::optional<std::uint32_t> PctDepth(const std::string& name)
{
    constexpr std::string_view kPct = "pct:";
    std::uint32_t depth = 0;
    if (!name.starts_with(kPct))
    {
        return std::nullopt;
    }
    const char* const end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + kPct.size(), end, depth);
    return stop == end && error == std::errc() ? std::optional(depth) : std::nullopt;
}

/** What a campaign of PCT promises, one line a depth. */
std::vector<std::string> PctPromises(const Tally& tally)
{
    std::vector<std::string> lines;
    for (const auto& [name, credit] : tally.credits)
    {
        const auto depth = PctDepth(name);
        // What promises nothing is not worth a line.
        constexpr double kNothing = 0.99;
        if (depth &&
            interleave::PctMissBound(credit.tasks, credit.longest, *depth, credit.runs) < kNothing)
        {
            lines.push_back(
                interleave::PctMissText(credit.tasks, credit.longest, *depth, credit.runs));
        }
    }
    return lines;
}

class Report
{
  public:
    Report(const CampaignResult& result,
           const CampaignOptions& campaign,
           const CampaignReportOptions& options)
        : m_result(result),
          m_tally(result.tally),
          m_campaign(campaign),
          m_options(options)
    {
    }

    std::string Text();

  private:
    void Line(const std::string& label, const std::string& text, Ink ink = Ink::kPlain)
    {
        m_text += Inked(fmt::format("{:<12}", label), Ink::kDim, m_options.colour);
        m_text += Inked(text, ink, m_options.colour) + "\n";
    }

    void Schedules();
    void Strategies();
    void Findings();
    void Finding(const CampaignFinding& finding);
    std::string ShrinkText(const CampaignFinding& finding) const;

    const CampaignResult& m_result;
    const Tally& m_tally;
    const CampaignOptions& m_campaign;
    const CampaignReportOptions& m_options;
    std::string m_text;
};

void Report::Schedules()
{
    const std::uint64_t made = m_tally.runs - std::min(m_options.before, m_tally.runs);
    std::string text = fmt::format("{} in {:.1f} s", Grouped(made), m_result.seconds);
    if (m_result.seconds > 0)
    {
        text += fmt::format(
            ", {} per second",
            Grouped(static_cast<std::uint64_t>(static_cast<double>(made) / m_result.seconds)));
    }
    text += fmt::format(" ({} worker{}, seed {})",
                        m_campaign.workers,
                        m_campaign.workers == 1 ? "" : "s",
                        m_campaign.seed);
    Line("schedules", text);
    if (m_options.before != 0)
    {
        Line("",
             fmt::format("and {} of earlier campaigns in this folder", Grouped(m_options.before)));
    }
    if (m_result.stopped)
    {
        Line("", "stopped before the last one", Ink::kWarning);
    }
    if (m_tally.missed != 0)
    {
        Line("",
             fmt::format("{} were not made: too many crashes in their batch",
                         Grouped(m_tally.missed)),
             Ink::kWarning);
    }
    const DistinctSample& sample = m_tally.schedules;
    Line("different",
         fmt::format("{}{} but for the order of independent operations",
                     sample.Level() == 0 ? "" : "about ",
                     Grouped(sample.Distinct())));
    Line("unseen",
         m_tally.exhausted
             ? "nothing: the search has come to its end"
             : fmt::format("one more schedule is new with a chance of about {:.2g} % (Good–Turing)",
                           sample.UnseenShare(m_tally.runs) * 100));
}

void Report::Strategies()
{
    const auto first = FirstFindings(m_tally);
    const char* label = "strategies";
    for (const auto& [name, credit] : m_tally.credits)
    {
        const auto found = first.find(name);
        Line(label,
             fmt::format("{:<12} {:>12} schedules {:>10} violated {:>4} found first",
                         name,
                         Grouped(credit.runs),
                         Grouped(credit.violations),
                         found == first.end() ? 0 : found->second));
        label = "";
    }
    label = "promise";
    for (const std::string& promise : PctPromises(m_tally))
    {
        Line(label, promise);
        label = "";
    }
}

std::string Report::ShrinkText(const CampaignFinding& finding) const
{
    const auto found = m_result.shrunk.find(finding.signature);
    if (found == m_result.shrunk.end())
    {
        return finding.reproduced ? "not shrunk" : "did not show again when it was run again";
    }
    const ShrunkFinding& shrunk = found->second;
    if (!shrunk.problem.empty())
    {
        return "not shrunk: " + shrunk.problem;
    }
    return fmt::format("shrunk to {} decision{}, {} preemption{}: {}",
                       shrunk.decisions,
                       shrunk.decisions == 1 ? "" : "s",
                       shrunk.preemptions,
                       shrunk.preemptions == 1 ? "" : "s",
                       shrunk.certificate);
}

void Report::Finding(const CampaignFinding& finding)
{
    const std::string title = finding.text.substr(0, finding.text.find('\n'));
    Line("violated", Printable(title), Ink::kBad);
    Line("",
         fmt::format("{} time{}, first in run {} by {}",
                     Grouped(finding.times),
                     finding.times == 1 ? "" : "s",
                     Grouped(finding.run),
                     finding.strategy));
    Line("", ShrinkText(finding), finding.reproduced ? Ink::kPlain : Ink::kWarning);
    if (const auto file = m_options.files.find(finding.signature); file != m_options.files.end())
    {
        Line("", file->second);
    }
    if (const auto picture = m_options.pictures.find(finding.signature);
        picture != m_options.pictures.end())
    {
        m_text += "\n" + picture->second + "\n";
    }
}

void Report::Findings()
{
    if (m_tally.findings.empty())
    {
        Line("result", "no violation", Ink::kGood);
        return;
    }
    for (const auto& [signature, finding] : m_tally.findings)
    {
        Finding(finding);
    }
}

std::string Report::Text()
{
    Schedules();
    Strategies();
    const TableCoverage table = CoverageOf(m_tally.coverage);
    if (table.seen != 0)
    {
        Line("coverage",
             fmt::format(
                 "{} of {} rows of the CM's table of states and events", table.seen, table.rows));
        m_text +=
            Inked(CoverageReport(m_tally.coverage, m_options.width), Ink::kDim, m_options.colour);
    }
    if (const std::string messages = MessageReport(m_tally.coverage.Messages(), m_options.width);
        !messages.empty())
    {
        Line("messages", "by kind, and what befell them");
        m_text += Inked(messages, Ink::kDim, m_options.colour);
    }
    Findings();
    return std::move(m_text);
}

Json FindingJson(const CampaignFinding& finding,
                 const CampaignResult& result,
                 const CampaignReportOptions& options)
{
    Json json = ToJson(finding);
    const auto file = options.files.find(finding.signature);
    json["file"] = file == options.files.end() ? Json() : Json(file->second);
    json["shrunk"] = Json();
    const auto shrunk = result.shrunk.find(finding.signature);
    if (shrunk != result.shrunk.end())
    {
        json["shrunk"] = {{"problem", shrunk->second.problem},
                          {"decisions", shrunk->second.decisions},
                          {"preemptions", shrunk->second.preemptions},
                          {"certificate", shrunk->second.certificate},
                          {"log", shrunk->second.log}};
    }
    return json;
}

} // namespace

std::string CampaignReport(const CampaignResult& result,
                           const CampaignOptions& campaign,
                           const CampaignReportOptions& options)
{
    return Report(result, campaign, options).Text();
}

Json CampaignJson(const CampaignResult& result,
                  const CampaignOptions& campaign,
                  const CampaignReportOptions& options)
{
    const Tally& tally = result.tally;
    const TableCoverage table = CoverageOf(tally.coverage);
    Json whole = ToJson(tally);
    Json findings = Json::array();
    for (const auto& [signature, finding] : tally.findings)
    {
        findings.push_back(FindingJson(finding, result, options));
    }
    return {
        {"strategy", campaign.strategy},
        {"seed", campaign.seed},
        {"workers", campaign.workers},
        {"seconds", result.seconds},
        {"schedules", tally.runs},
        {"earlier", options.before},
        {"stopped", result.stopped},
        {"exhausted", tally.exhausted},
        {"missed", tally.missed},
        {"different", tally.schedules.Distinct()},
        {"unseenShare", tally.schedules.UnseenShare(tally.runs)},
        {"promises", PctPromises(tally)},
        {"strategies", whole["credits"]},
        {"coverage", {{"seen", table.seen}, {"rows", table.rows}, {"cells", whole["coverage"]}}},
        {"messages", whole["messages"]},
        {"findings", findings}};
}

} // namespace lab
