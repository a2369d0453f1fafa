// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/lane-drawing.h"

#include "lab/model/scenario.h"

#include <fmt/format.h>

#include <algorithm>

namespace lab
{

namespace
{

constexpr std::size_t kStepColumns = 6;
constexpr std::size_t kTimeColumns = 13;
constexpr std::size_t kLaneColumns = 3;
constexpr std::size_t kGapColumns = 5; // between hosts, room for arrows
constexpr std::size_t kFewestTextColumns = 24;

} // namespace

LaneDrawing::LaneDrawing(const std::vector<LaneStep>& steps,
                         const std::vector<LaneRow>& rows,
                         std::size_t width,
                         bool colour)
    : m_steps(steps),
      m_rows(rows),
      m_width(width),
      m_colour(colour)
{
    FindLanes();
    Place();
}

void LaneDrawing::FindLanes()
{
    std::vector<std::string> hosts; // in the order in which they come up
    for (std::size_t at = 0; at < m_rows.size(); ++at)
    {
        const std::string& task = m_steps[m_rows[at].index].task;
        const auto known = std::ranges::find(m_lanes, task, &Lane::task);
        if (known != m_lanes.end())
        {
            known->last = at;
            continue;
        }
        m_lanes.push_back({task, HostOfTask(task), 0, at, at});
        if (std::ranges::find(hosts, m_lanes.back().host) == hosts.end())
        {
            hosts.push_back(m_lanes.back().host);
        }
    }
    const auto rank = [&](const Lane& lane) { return std::ranges::find(hosts, lane.host); };
    std::ranges::stable_sort(
        m_lanes, [&](const Lane& left, const Lane& right) { return rank(left) < rank(right); });
}

void LaneDrawing::Place()
{
    std::size_t column = kStepColumns + kTimeColumns + 2;
    std::size_t named = column; // where the name of a host ends
    for (std::size_t i = 0; i < m_lanes.size(); ++i)
    {
        if (i > 0 && m_lanes[i].host != m_lanes[i - 1].host)
        {
            column = std::max(column + kGapColumns - kLaneColumns + 1, named + 1);
        }
        if (i == 0 || m_lanes[i].host != m_lanes[i - 1].host)
        {
            named = column + ColumnsOf(m_lanes[i].host);
        }
        m_lanes[i].column = column;
        column += kLaneColumns;
    }
    m_textColumn = column + 1;
    m_width = std::max(m_width, m_textColumn + kFewestTextColumns);
}

std::size_t LaneDrawing::LaneOf(const std::string& task) const
{
    return static_cast<std::size_t>(std::ranges::find(m_lanes, task, &Lane::task) -
                                    m_lanes.begin());
}

std::optional<std::size_t> LaneDrawing::Towards(std::size_t lane, const std::string& peer) const
{
    std::optional<std::size_t> nearest;
    for (std::size_t i = 0; i < m_lanes.size(); ++i)
    {
        const auto distance = [&](std::size_t other)
        { return other < lane ? lane - other : other - lane; };
        if (m_lanes[i].host == peer && (!nearest || distance(i) < distance(*nearest)))
        {
            nearest = i;
        }
    }
    return nearest;
}

void LaneDrawing::Put(TextRow& row)
{
    m_text += row.Render(m_colour);
}

void LaneDrawing::Heading()
{
    TextRow hosts;
    TextRow numbers;
    numbers.PutBefore(kStepColumns - 1, "step", Ink::kDim);
    numbers.PutBefore(kStepColumns + kTimeColumns - 1, "time", Ink::kDim);
    std::string legend;
    for (std::size_t i = 0; i < m_lanes.size(); ++i)
    {
        if (i == 0 || m_lanes[i].host != m_lanes[i - 1].host)
        {
            hosts.Put(m_lanes[i].column, m_lanes[i].host, Ink::kBold);
        }
        const std::string number = std::to_string(i + 1);
        numbers.Put(m_lanes[i].column, number, Ink::kBold);
        legend += (i == 0 ? "" : "  ") + number + " " + m_lanes[i].task;
    }
    // As many lines as it takes, broken between tasks.
    while (!legend.empty())
    {
        std::size_t end = legend.size();
        if (end > m_width)
        {
            const std::size_t blank = legend.rfind("  ", m_width);
            end = blank == std::string::npos || blank == 0 ? legend.size() : blank;
        }
        TextRow line;
        line.Put(0, legend.substr(0, end), Ink::kDim);
        Put(line);
        legend.erase(0, std::min(end + 2, legend.size()));
    }
    Put(hosts);
    Put(numbers);
}

void LaneDrawing::DrawLanes(TextRow& row, std::size_t at, const char* glyph) const
{
    for (const Lane& lane : m_lanes)
    {
        if (lane.first <= at && at <= lane.last)
        {
            row.Put(lane.column, glyph, Ink::kDim);
        }
    }
}

void LaneDrawing::DrawGap(const LaneRow& row, std::size_t at)
{
    TextRow line;
    for (const Lane& lane : m_lanes)
    {
        if (lane.first < at && at <= lane.last)
        {
            line.Put(lane.column, "┊", Ink::kDim);
        }
    }
    line.Put(m_textColumn,
             fmt::format("{} more operation{}", Grouped(row.skipped), row.skipped == 1 ? "" : "s"),
             Ink::kDim);
    Put(line);
}

void LaneDrawing::DrawArrow(TextRow& line, std::size_t lane, const LaneStep& step) const
{
    const auto towards = Towards(lane, step.peer);
    if (!towards)
    {
        return;
    }
    const bool sends = step.kind == interleave::OpKind::kSend;
    const bool right = *towards > lane;
    // The gap is beside the last lane of this host on that side; two columns of it are enough.
    std::size_t edge = lane;
    while (edge != *towards && m_lanes[edge].host == m_lanes[lane].host)
    {
        right ? ++edge : --edge;
    }
    const std::size_t from = m_lanes[lane].column;
    const std::size_t gap = right ? m_lanes[edge].column - 2 : m_lanes[edge].column + 2;
    for (std::size_t column = std::min(from, gap) + (right ? 1 : 0);
         column < std::max(from, gap) + (right ? 1 : 0);
         ++column)
    {
        line.Put(column, "─", Ink::kMessage);
    }
    if (sends)
    {
        line.Put(gap, right ? "▶" : "◀", Ink::kMessage);
    }
    else
    {
        line.Put(right ? from + 1 : from - 1, right ? "◀" : "▶", Ink::kMessage);
    }
}

void LaneDrawing::DrawStep(const LaneRow& row, std::size_t at)
{
    const LaneStep& step = m_steps[row.index];
    if (!step.decision.empty())
    {
        TextRow line;
        line.Put(2, CutTo("» " + Printable(step.decision), m_width - 2), Ink::kWarning);
        Put(line);
    }
    TextRow line;
    line.PutBefore(kStepColumns - 1, std::to_string(step.step), Ink::kDim);
    line.PutBefore(kStepColumns + kTimeColumns - 1, FormatTime(step.timeNs), Ink::kDim);
    DrawLanes(line, at, "│");
    const std::size_t lane = LaneOf(step.task);
    if (!step.peer.empty())
    {
        DrawArrow(line, lane, step);
    }
    line.Put(m_lanes[lane].column, row.marked ? "◆" : "●", row.marked ? Ink::kBad : Ink::kBold);
    line.Put(m_textColumn,
             CutTo(Printable(step.text), m_width - m_textColumn),
             row.marked          ? Ink::kBad
             : step.peer.empty() ? Ink::kPlain
                                 : Ink::kMessage);
    Put(line);
}

std::string LaneDrawing::Text()
{
    m_text.clear();
    Heading();
    for (std::size_t at = 0; at < m_rows.size(); ++at)
    {
        if (m_rows[at].skipped != 0)
        {
            DrawGap(m_rows[at], at);
        }
        DrawStep(m_rows[at], at);
    }
    return m_text;
}

} // namespace lab
