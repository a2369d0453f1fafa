// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/sequence-report.h"

#include "lab/helper/message-text.h"
#include "lab/helper/sequence-drawing.h"
#include "lab/helper/sequence-rows.h"
#include "lab/helper/text-row.h"
#include "lab/model/scenario.h"

#include <fmt/format.h>

#include <algorithm>

namespace lab
{

namespace
{

// A pause from here on is drawn as one.
constexpr std::int64_t kPauseNs = 1'000'000;

std::string Milliseconds(std::int64_t ns)
{
    return fmt::format("{}.{:06}", ns / 1'000'000, ns % 1'000'000);
}

void AddHost(std::vector<std::string>& hosts, const std::string& host)
{
    if (!host.empty() && std::ranges::find(hosts, host) == hosts.end())
    {
        hosts.push_back(host);
    }
}

/** The hosts that take part, those that ask first. */
std::vector<std::string> HostsOf(const RunRecord& record)
{
    std::vector<std::string> hosts;
    for (const ConnectRecord& connect : record.connects)
    {
        AddHost(hosts, connect.from);
        AddHost(hosts, connect.to);
    }
    for (const MadRecord& message : record.messages)
    {
        AddHost(hosts, message.from);
        AddHost(hosts, message.to);
    }
    for (const StateRecord& state : record.states)
    {
        AddHost(hosts, state.host);
    }
    for (const NoteRecord& note : record.notes)
    {
        AddHost(hosts, note.host);
        AddHost(hosts, note.peer);
    }
    return hosts;
}

Ink InkOf(const std::string& kind)
{
    return kind == "REJ" ? Ink::kBad : Ink::kMessage;
}

/** What became of a message, for its arrow. */
Arrow ArrowOf(const MadRecord& message, bool arrives, const CommIdNames& names)
{
    Arrow arrow;
    arrow.from = message.from;
    arrow.to = message.to;
    arrow.again = message.retransmission;
    arrow.title = message.kind;
    arrow.details = MessageDetails(message, names);
    arrow.ink = InkOf(message.kind);
    const bool lost = message.fate == "drop" || message.fate == "corrupt";
    if (lost || message.receivedNs < 0)
    {
        arrow.end = Arrow::End::kLost;
        arrow.remark = message.fate == "drop"      ? "dropped"
                       : message.fate == "corrupt" ? "corrupted"
                                                   : "not received";
        return arrow;
    }
    const std::int64_t flightNs = message.receivedNs - message.sentNs;
    if (message.fate == "duplicate")
    {
        arrow.end = Arrow::End::kTwice;
        arrow.remark = "doubled";
    }
    else if (message.fate.starts_with("delay"))
    {
        arrow.end = Arrow::End::kLate;
        arrow.remark = "delayed " + FormatTime(flightNs);
    }
    else if (!arrives)
    {
        arrow.end = Arrow::End::kLate;
        arrow.remark = FormatTime(flightNs);
    }
    else
    {
        arrow.remark = FormatTime(flightNs);
    }
    return arrow;
}

/** The arrow of a message that was sent in an earlier row. */
Arrow ArrivalOf(const MadRecord& message)
{
    Arrow arrow;
    arrow.from = message.from;
    arrow.to = message.to;
    arrow.title = message.kind + " arrives";
    arrow.ink = InkOf(message.kind);
    arrow.line = "┄";
    arrow.details.push_back("sent at " + Milliseconds(message.sentNs));
    return arrow;
}

Arrow DataOf(const NoteRecord& note)
{
    Arrow arrow;
    arrow.from = note.host;
    arrow.to = note.peer;
    arrow.title = Printable(note.text);
    arrow.ink = Ink::kData;
    arrow.line = "═";
    return arrow;
}

void DrawRow(SequenceDrawing& drawing,
             const RunRecord& record,
             const SequenceRow& row,
             const CommIdNames& names)
{
    drawing.Begin(Milliseconds(row.atNs));
    // First, because where room is short the states say more than what the message carries.
    for (const ReachedState& reached : row.states)
    {
        drawing.State(reached.host, reached.state);
    }
    switch (row.kind)
    {
    case SequenceRow::Kind::kMessage:
        drawing.Draw(ArrowOf(record.messages[row.index], row.arrives, names));
        break;
    case SequenceRow::Kind::kArrival:
        drawing.Draw(ArrivalOf(record.messages[row.index]));
        break;
    case SequenceRow::Kind::kData:
        drawing.Draw(DataOf(record.notes[row.index]));
        break;
    case SequenceRow::Kind::kRemark:
        drawing.Remark(record.notes[row.index].host, Printable(record.notes[row.index].text));
        break;
    case SequenceRow::Kind::kState:
        drawing.Remark(record.states[row.index].host, record.states[row.index].cause);
        break;
    }
    drawing.End();
}

} // namespace

std::string SequenceReport(const RunRecord& record, const SequenceOptions& options)
{
    const std::vector<SequenceRow> rows = SequenceRows(record);
    if (rows.empty())
    {
        return "Nothing happened between hosts.\n";
    }
    const CommIdNames names(record);
    const std::size_t timeWidth = std::max<std::size_t>(Milliseconds(rows.back().atNs).size(), 10);
    SequenceDrawing drawing(HostsOf(record), timeWidth, options.width, options.colour);
    drawing.Heading("ms");
    std::int64_t beforeNs = rows.front().atNs;
    const std::size_t shown = std::min(rows.size(), options.mostRows);
    for (std::size_t i = 0; i < shown; ++i)
    {
        if (rows[i].atNs - beforeNs >= kPauseNs)
        {
            drawing.Pause(FormatTime(rows[i].atNs - beforeNs));
        }
        DrawRow(drawing, record, rows[i], names);
        beforeNs = rows[i].atNs;
    }
    std::string text = drawing.Text();
    if (shown < rows.size())
    {
        text +=
            fmt::format("… and {} more rows; --json has them all\n", Grouped(rows.size() - shown));
    }
    return text;
}

} // namespace lab
