// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/search/trail.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

namespace interleave
{

namespace
{

template <typename Number>
bool ReadNumber(std::string_view text, int base, Number& number)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

std::string OpWords(const OpEvent& event)
{
    std::string text = fmt::format("{} {}", event.task.Name(), OpKindText(event.op.kind));
    if (event.op.object.type != 0)
    {
        text += " " + event.engine.ObjectText(event.op.object);
    }
    return text;
}

} // namespace

std::string Trail::Format() const
{
    std::string text = fmt::format("{} {} ", spacing, operations);
    for (const std::uint8_t mark : marks)
    {
        text += fmt::format("{:02x}", mark);
    }
    return text + (marks.empty() ? "-" : "") + fmt::format(" {:016x}", digest);
}

tl::expected<Trail, std::string> Trail::Parse(std::string_view text)
{
    std::istringstream stream{std::string(text)};
    std::string spacing;
    std::string operations;
    std::string marks;
    std::string digest;
    std::string more;
    Trail trail;
    if (!(stream >> spacing >> operations >> marks >> digest) || (stream >> more) ||
        !ReadNumber(spacing, 10, trail.spacing) || trail.spacing == 0 ||
        !ReadNumber(operations, 10, trail.operations) || digest.size() != 16 ||
        !ReadNumber(digest, 16, trail.digest))
    {
        return tl::unexpected(fmt::format(
            "expected a trail 'SPACING OPERATIONS MARKS DIGEST' (two numbers, hexadecimal bytes "
            "or '-', 16 hexadecimal digits), found '{}'",
            text));
    }
    if (marks == "-")
    {
        marks.clear();
    }
    if (marks.size() != trail.operations / trail.spacing * 2 || marks.size() > kMarks * 2)
    {
        return tl::unexpected(
            fmt::format("expected {} marks of two digits for {} operations, at most {}; found '{}'",
                        trail.operations / trail.spacing,
                        trail.operations,
                        kMarks,
                        marks));
    }
    for (std::size_t at = 0; at < marks.size(); at += 2)
    {
        std::uint8_t mark = 0;
        if (!ReadNumber(std::string_view(marks).substr(at, 2), 16, mark))
        {
            return tl::unexpected(
                fmt::format("expected hexadecimal bytes as marks, found '{}'", marks));
        }
        trail.marks.push_back(mark);
    }
    return trail;
}

TrailObserver::TrailObserver(Trail expected)
    : m_expected(std::move(expected))
{
}

void TrailObserver::Clear()
{
    m_digest.Clear();
    m_trail = {};
    m_windowStart.clear();
    m_difference.clear();
}

void TrailObserver::OnOp(const OpEvent& event)
{
    const Op& op = event.op;
    m_digest.Mix((static_cast<std::uint64_t>(event.task.Ordinal()) << 32) |
                 (static_cast<std::uint64_t>(op.kind) << 1) | static_cast<std::uint64_t>(op.write));
    m_digest.Mix(event.engine.ClassHash(op.object.type) ^ op.object.ordinal);
    m_digest.Mix(static_cast<std::uint64_t>(event.TimeNs()));
    ++m_trail.operations;
    if (m_expected && m_difference.empty())
    {
        Compare(event);
    }
    if (m_trail.operations % m_trail.spacing == 0)
    {
        if (m_trail.marks.size() == Trail::kMarks)
        {
            Thin();
        }
        if (m_trail.operations % m_trail.spacing == 0)
        {
            m_trail.marks.push_back(static_cast<std::uint8_t>(m_digest.Value()));
        }
    }
}

void TrailObserver::Thin()
{
    // Every second mark, so that the spacing stays a power of two however long the run.
    for (std::size_t at = 1; at < m_trail.marks.size(); at += 2)
    {
        m_trail.marks[at / 2] = m_trail.marks[at];
    }
    m_trail.marks.resize(m_trail.marks.size() / 2);
    m_trail.spacing *= 2;
}

void TrailObserver::Compare(const OpEvent& event)
{
    const std::uint64_t spacing = m_expected->spacing;
    const std::uint64_t at = m_trail.operations;
    if ((at - 1) % spacing == 0)
    {
        m_windowStart = OpWords(event);
    }
    if (at > m_expected->operations)
    {
        m_difference = fmt::format("after operation {}, where the recorded run ended: here '{}' "
                                   "follows (step {}, {} ns)",
                                   m_expected->operations,
                                   OpWords(event),
                                   event.step,
                                   event.TimeNs());
        return;
    }
    if (at % spacing != 0 ||
        m_expected->marks[at / spacing - 1] == static_cast<std::uint8_t>(m_digest.Value()))
    {
        return;
    }
    m_difference = spacing == 1 ? fmt::format("operation {}: here it is '{}' (step {}, {} ns)",
                                              at,
                                              m_windowStart,
                                              event.step,
                                              event.TimeNs())
                                : fmt::format("one of operations {} to {}: here they are '{}' to "
                                              "'{}' (step {}, {} ns)",
                                              at - spacing + 1,
                                              at,
                                              m_windowStart,
                                              OpWords(event),
                                              event.step,
                                              event.TimeNs());
}

Trail TrailObserver::Get() const
{
    Trail trail = m_trail;
    trail.digest = m_digest.Value();
    return trail;
}

std::string TrailObserver::Difference() const
{
    if (!m_expected || !m_difference.empty())
    {
        return m_difference;
    }
    if (m_trail.operations < m_expected->operations)
    {
        return fmt::format("after operation {}: here the run ends, the recorded one had {}",
                           m_trail.operations,
                           m_expected->operations);
    }
    if (m_digest.Value() != m_expected->digest)
    {
        return fmt::format("one of operations {} to {}, after the last mark",
                           m_expected->marks.size() * m_expected->spacing + 1,
                           m_expected->operations);
    }
    return {};
}

} // namespace interleave
