// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/sequence-drawing.h"

#include <algorithm>
#include <utility>

namespace lab
{

namespace
{

constexpr std::size_t kStateWidth = 13; // SIDR_REQ_SENT
constexpr std::size_t kMostLanes = 8;
constexpr std::size_t kLanesWidth = 48;
constexpr std::size_t kWidestGap = 20;
constexpr const char* kAgain = "↻ ";

Ink InkOfState(const std::string& state)
{
    return state == "ESTABLISHED"                   ? Ink::kGood
           : state == "IDLE" || state == "TIMEWAIT" ? Ink::kDim
                                                    : Ink::kPlain;
}

Ink InkOfEnd(const Arrow& arrow)
{
    switch (arrow.end)
    {
    case Arrow::End::kArrives:
        return Ink::kDim;
    case Arrow::End::kTwice:
    case Arrow::End::kLate:
        return Ink::kWarning;
    case Arrow::End::kLost:
        return Ink::kBad;
    }
    return Ink::kPlain;
}

} // namespace

SequenceDrawing::SequenceDrawing(std::vector<std::string> hosts,
                                 std::size_t timeWidth,
                                 std::size_t width,
                                 bool colour)
    : m_hosts(std::move(hosts)),
      m_timeWidth(timeWidth),
      m_width(width),
      m_colour(colour)
{
    if (m_hosts.size() == 2)
    {
        m_lanes = {timeWidth + 1 + kStateWidth + 1, width - kStateWidth - 2};
        return;
    }
    m_textColumn = timeWidth + 2;
    if (m_hosts.size() > kMostLanes || m_hosts.empty())
    {
        return;
    }
    const std::size_t gap =
        m_hosts.size() == 1 ? 0 : std::min(kWidestGap, kLanesWidth / (m_hosts.size() - 1));
    for (std::size_t i = 0; i < m_hosts.size(); ++i)
    {
        m_lanes.push_back(timeWidth + 3 + i * gap);
    }
    m_textColumn = m_lanes.back() + 3;
}

std::optional<std::size_t> SequenceDrawing::LaneOf(const std::string& host) const
{
    const auto found = std::ranges::find(m_hosts, host);
    const auto index = static_cast<std::size_t>(found - m_hosts.begin());
    return index < m_lanes.size() ? std::optional(m_lanes[index]) : std::nullopt;
}

void SequenceDrawing::DrawLanes(TextRow& row, const char* glyph) const
{
    for (const std::size_t lane : m_lanes)
    {
        row.Put(lane, glyph, Ink::kDim);
    }
}

void SequenceDrawing::Heading(const std::string& timeUnit)
{
    TextRow names;
    names.PutBefore(m_timeWidth - 1, timeUnit, Ink::kDim);
    const std::size_t gap = m_lanes.size() < 2 ? m_width : m_lanes[1] - m_lanes[0];
    for (std::size_t i = 0; i < m_lanes.size(); ++i)
    {
        const std::string name = CutTo(m_hosts[i], Wide() ? kStateWidth : gap - 1);
        if (Wide() && i == 0)
        {
            names.PutBefore(m_lanes[i], name, Ink::kBold);
        }
        else
        {
            names.Put(m_lanes[i], name, Ink::kBold);
        }
    }
    m_text += names.Render(m_colour);
}

void SequenceDrawing::Pause(const std::string& length)
{
    TextRow row;
    DrawLanes(row, "┊");
    const std::string text = length + " later";
    if (Wide())
    {
        const std::size_t middle = (m_lanes[0] + m_lanes[1]) / 2;
        row.Put(middle - ColumnsOf(text) / 2, text, Ink::kDim);
    }
    else
    {
        row.Put(m_textColumn, text, Ink::kDim);
    }
    m_text += row.Render(m_colour);
}

void SequenceDrawing::Begin(const std::string& time)
{
    m_row = TextRow();
    m_said = m_textColumn;
    m_row.PutBefore(m_timeWidth - 1, time, Ink::kDim);
    DrawLanes(m_row, "│");
}

void SequenceDrawing::End()
{
    m_text += m_row.Render(m_colour);
}

void SequenceDrawing::Say(const std::string& text, Ink ink)
{
    if (m_said + 2 >= m_width || text.empty())
    {
        return;
    }
    const std::string shown = CutTo(text, m_width - m_said);
    m_row.Put(m_said, shown, ink);
    m_said += ColumnsOf(shown) + 2;
}

std::string SequenceDrawing::Label(const Arrow& arrow, std::size_t room)
{
    std::string label = (arrow.again ? kAgain : "") + arrow.title;
    const char* separator = "  ";
    for (const std::string& detail : arrow.details)
    {
        if (ColumnsOf(label) + 2 + ColumnsOf(detail) > room)
        {
            break;
        }
        label += separator + detail;
    }
    return CutTo(label, room);
}

void SequenceDrawing::DrawArrow(std::size_t from,
                                std::size_t to,
                                const Arrow& arrow,
                                std::string label)
{
    const bool right = from < to;
    const std::size_t left = std::min(from, to);
    const std::size_t width = std::max(from, to) - left - 1;
    // Drawn from left to right, then put down as it is or mirrored.
    const bool lost = arrow.end == Arrow::End::kLost;
    const std::size_t length = lost ? width - width / 5 : width;
    const std::string line = arrow.end == Arrow::End::kLate ? "┄" : arrow.line;
    const auto column = [&](std::size_t offset, std::size_t columns)
    { return right ? left + 1 + offset : left + 1 + width - offset - columns; };

    for (std::size_t i = 0; i < length; ++i)
    {
        m_row.Put(column(i, 1), line, arrow.ink);
    }
    m_row.Put(from, right ? "├" : "┤", arrow.ink);
    const char* const head = lost ? "✗" : right ? "▶" : "◀";
    m_row.Put(column(length - 1, 1), head, lost ? Ink::kBad : arrow.ink);
    if (arrow.end == Arrow::End::kTwice)
    {
        m_row.Put(column(length - 2, 1), head, arrow.ink);
    }
    if (!label.empty())
    {
        label = " " + label + " ";
        m_row.Put(column(1, ColumnsOf(label)), label, arrow.ink);
    }
}

void SequenceDrawing::Draw(const Arrow& arrow)
{
    const auto from = LaneOf(arrow.from);
    const auto to = LaneOf(arrow.to);
    if (!from || !to || from == to)
    {
        Remark(arrow.from,
               "→ " + (arrow.to.empty() ? "a port of no host" : arrow.to) + "  " +
                   Label(arrow, m_width));
        return;
    }
    const std::size_t width = std::max(*from, *to) - std::min(*from, *to) - 1;
    if (!Wide())
    {
        DrawArrow(*from, *to, arrow, CutTo((arrow.again ? kAgain : "") + arrow.title, width - 4));
        for (const std::string& detail : arrow.details)
        {
            Say(detail, Ink::kPlain);
        }
        if (arrow.end != Arrow::End::kArrives)
        {
            Say(arrow.remark, InkOfEnd(arrow));
        }
        return;
    }
    const bool lost = arrow.end == Arrow::End::kLost;
    const std::size_t length = lost ? width - width / 5 : width;
    // The remark goes in front of the head, or, of what is lost, behind it.
    const std::string remark = arrow.remark.empty() ? "" : " " + arrow.remark + " ";
    const std::size_t remarkRoom = lost ? 0 : ColumnsOf(remark);
    const std::size_t ends = 6;
    std::string label = Label(arrow, length - ends);
    DrawArrow(*from, *to, arrow, label);
    const bool fits = ColumnsOf(label) + remarkRoom + ends <= length;
    if (remark.empty() || (!fits && arrow.end == Arrow::End::kArrives))
    {
        return;
    }
    if (!fits)
    {
        label = Label(arrow, length - ends - remarkRoom);
        DrawArrow(*from, *to, arrow, label);
    }
    const bool right = *from < *to;
    const std::size_t head = right ? *from + length : *from - length;
    if (lost == right)
    {
        m_row.Put(head + (lost ? 1 : 3), remark, InkOfEnd(arrow));
    }
    else
    {
        m_row.PutBefore(head - (lost ? 1 : 3), remark, InkOfEnd(arrow));
    }
}

void SequenceDrawing::Remark(const std::string& host, const std::string& text)
{
    const auto lane = LaneOf(host);
    if (!Wide() || !lane)
    {
        Say(host + ": " + text, Ink::kPlain);
        return;
    }
    const std::string shown = CutTo(text, m_lanes[1] - m_lanes[0] - 5);
    if (*lane == m_lanes[0])
    {
        m_row.Put(*lane + 1, "╴" + shown);
    }
    else
    {
        m_row.PutBefore(*lane - 1, shown + "╶");
    }
}

void SequenceDrawing::State(const std::string& host, const std::string& state)
{
    const auto lane = LaneOf(host);
    const Ink ink = InkOfState(state);
    if (!Wide() || !lane)
    {
        Say(host + " " + state, ink);
    }
    else if (*lane == m_lanes[0])
    {
        m_row.PutBefore(*lane - 2, state, ink);
    }
    else
    {
        m_row.Put(*lane + 2, state, ink);
    }
}

} // namespace lab
