// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/summary-report.h"

#include "ib-wire/model/cm-codes.h"
#include "lab/helper/text-row.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace lab
{

namespace
{

// Connections told one by one; more are counted.
constexpr std::size_t kMostConnections = 8;

std::string Count(std::size_t number, const std::string& noun)
{
    return fmt::format("{} {}{}", Grouped(number), noun, number == 1 ? "" : "s");
}

/** Lines "label   text". */
class Lines
{
  public:
    explicit Lines(bool colour)
        : m_colour(colour)
    {
    }

    void Add(const std::string& label, const std::string& text, Ink ink = Ink::kPlain)
    {
        m_text += Inked(fmt::format("{:<12}", label), Ink::kDim, m_colour);
        m_text += Inked(text, ink, m_colour);
        m_text += "\n";
    }

    const std::string& Text() const
    {
        return m_text;
    }

  private:
    bool m_colour;
    std::string m_text;
};

std::string Fabric(const RunRecord& record)
{
    if (record.switches == 0 && record.links == 0)
    {
        return fmt::format("direct, {}", Count(record.channelAdapters, "host"));
    }
    return fmt::format(
        "{}, {}, {}; up after {} and {}",
        fmt::format("{} switch{}", Grouped(record.switches), record.switches == 1 ? "" : "es"),
        Count(record.channelAdapters, "channel adapter"),
        Count(record.links, "link"),
        FormatTime(record.subnetUpNs),
        Count(record.smps, "SMP"));
}

std::string Connection(const ConnectRecord& connect)
{
    std::string text = fmt::format("{}: {} → {} {}",
                                   connect.name,
                                   connect.from,
                                   connect.to,
                                   connect.outcome.empty() ? "undecided" : connect.outcome);
    if (connect.rejectReason != 0)
    {
        text += fmt::format(", reason {} ({})",
                            connect.rejectReason,
                            ibwire::ToString(static_cast<ibwire::RejReason>(connect.rejectReason)));
    }
    if (connect.establishedNs >= 0)
    {
        text += fmt::format(", established after {}",
                            FormatTime(connect.establishedNs - connect.startedNs));
    }
    if (connect.endedNs >= 0)
    {
        text += fmt::format(", over after {}", FormatTime(connect.endedNs - connect.startedNs));
    }
    return text;
}

void AddConnections(const RunRecord& record, Lines& lines)
{
    const char* label = "connection";
    for (std::size_t i = 0; i < std::min(record.connects.size(), kMostConnections); ++i)
    {
        lines.Add(label, Connection(record.connects[i]));
        label = "";
    }
    if (record.connects.size() > kMostConnections)
    {
        lines.Add("",
                  fmt::format("… and {} more", Grouped(record.connects.size() - kMostConnections)));
    }
}

std::string Messages(const RunRecord& record)
{
    const auto again = std::ranges::count_if(record.messages, &MadRecord::retransmission);
    const auto hurt = std::ranges::count_if(record.messages,
                                            [](const MadRecord& mad) { return !mad.fate.empty(); });
    std::string text = Count(record.mads, "MAD") + " of hosts";
    if (!record.messages.empty())
    {
        text += fmt::format(", {} of the CM", Grouped(record.messages.size()));
    }
    if (again != 0)
    {
        text += fmt::format(", {} sent again", again);
    }
    if (hurt != 0)
    {
        text += fmt::format(", {} struck by faults", hurt);
    }
    return text;
}

void AddVerdict(const RunRecord& record, const SummaryOptions& options, Lines& lines)
{
    const char* label = "violated";
    for (const ViolationRecord& violation : record.violations)
    {
        lines.Add(label, fmt::format("{}: {}", violation.kind, violation.text), Ink::kBad);
        label = "";
    }
    if (!record.violations.empty())
    {
        return;
    }
    lines.Add("result",
              options.expectations == 0
                  ? "no violation"
                  : fmt::format("no violation, {}",
                                options.expectations == 1
                                    ? "the expectation holds"
                                    : fmt::format("{} expectations hold", options.expectations)),
              Ink::kGood);
}

} // namespace

std::string DigestText(std::uint64_t digest)
{
    return fmt::format("{:016x}", digest);
}

std::string TitleReport(const Scenario& scenario, bool colour)
{
    std::string source = scenario.fabric.source;
    const std::size_t colon = source.find(':');
    // Of a file its name will do; a generator's text is short.
    if (colon == std::string::npos || source.starts_with("ib"))
    {
        source = std::filesystem::path(source.substr(colon + 1)).filename().string();
    }
    if (source == "direct")
    {
        source = "the direct fabric";
    }
    std::string text = Inked(Printable(scenario.name), Ink::kBold, colour);
    text += Inked(" on " + source, Ink::kDim, colour) + "\n";
    if (!scenario.description.empty())
    {
        text += Inked(Printable(scenario.description), Ink::kDim, colour) + "\n";
    }
    return text + "\n";
}

std::string SummaryReport(const RunRecord& record, const SummaryOptions& options)
{
    Lines lines(options.colour);
    lines.Add("fabric", Fabric(record));
    AddConnections(record, lines);
    lines.Add("messages", Messages(record));
    lines.Add("time",
              fmt::format(
                  "{} simulated in {:.2f} s", FormatTime(record.simulatedNs), record.wallSeconds));
    if (record.decisions != 0)
    {
        lines.Add("decisions", fmt::format("{} other than the default", Grouped(record.decisions)));
    }
    lines.Add("digest", DigestText(record.digest), Ink::kBold);
    AddVerdict(record, options, lines);
    for (const auto& [label, text] : options.files)
    {
        lines.Add(label, text);
    }
    if (!options.command.empty())
    {
        lines.Add("again", options.command);
    }
    return lines.Text();
}

} // namespace lab
