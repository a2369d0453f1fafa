// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/decision-log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <span>

namespace interleave
{

namespace
{

constexpr std::string_view kArrow = "->";
constexpr std::string_view kBlanks = " \t\r";

std::string_view Trim(std::string_view text)
{
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos)
    {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string_view> Words(std::string_view text)
{
    std::vector<std::string_view> words;
    while (!(text = Trim(text)).empty())
    {
        const std::size_t end = std::min(text.find_first_of(kBlanks), text.size());
        words.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return words;
}

std::string Join(std::span<const std::string_view> words)
{
    std::string text;
    for (const std::string_view word : words)
    {
        text += text.empty() ? "" : " ";
        text += word;
    }
    return text;
}

/** Whether @p word is "#<digits>", whatever their value. */
bool IsOccurrence(std::string_view word)
{
    return word.size() > 1 && word.front() == '#' &&
           word.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

/** Reads the lines of a log one after the other. */
class LogReader
{
  public:
    explicit LogReader(std::string_view text)
        : m_rest(text)
    {
    }

    tl::expected<DecisionLog, LogError> Read();

  private:
    using Problem = std::optional<LogError>;

    bool NextLine();
    LogError Wrong(std::string_view expected, std::string_view found) const;
    Problem ReadHeader();
    Problem ReadDecision();
    Problem ReadPlace(std::span<const std::string_view> words, Decision& decision) const;
    Problem CheckNew(const Decision& decision);

    std::string_view m_rest;
    std::string_view m_line;
    std::uint32_t m_number = 0;
    DecisionLog m_log;
    std::map<std::pair<std::string, std::uint64_t>, std::uint32_t> m_lineOf;
};

bool LogReader::NextLine()
{
    if (m_rest.empty())
    {
        return false;
    }
    const std::size_t end = m_rest.find('\n');
    m_line = Trim(m_rest.substr(0, end));
    m_rest.remove_prefix(end == std::string_view::npos ? m_rest.size() : end + 1);
    ++m_number;
    return true;
}

LogError LogReader::Wrong(std::string_view expected, std::string_view found) const
{
    return {m_number,
            found.empty() ? fmt::format("expected {}, found nothing", expected)
                          : fmt::format("expected {}, found '{}'", expected, found)};
}

tl::expected<DecisionLog, LogError> LogReader::Read()
{
    if (!NextLine() || m_line != DecisionLog::kMagic)
    {
        m_number = 1;
        return tl::unexpected(Wrong(fmt::format("'{}'", DecisionLog::kMagic), m_line));
    }
    bool inHeader = true;
    while (NextLine())
    {
        if (m_line.starts_with('#'))
        {
            continue;
        }
        if (m_line.empty())
        {
            inHeader = false;
            continue;
        }
        if (const Problem problem = inHeader ? ReadHeader() : ReadDecision())
        {
            return tl::unexpected(*problem);
        }
    }
    return std::move(m_log);
}

LogReader::Problem LogReader::ReadHeader()
{
    const std::size_t colon = m_line.find(':');
    const std::string_view key = Trim(m_line.substr(0, std::min(colon, m_line.size())));
    if (colon == std::string_view::npos || key.empty() || Words(key).size() != 1)
    {
        return Wrong("'key: value' (decisions come after an empty line)", m_line);
    }
    if (m_log.Header(key) != nullptr)
    {
        return LogError{m_number, fmt::format("header '{}' is here for the second time", key)};
    }
    m_log.headers.emplace_back(key, Trim(m_line.substr(colon + 1)));
    return std::nullopt;
}

LogReader::Problem LogReader::ReadDecision()
{
    const std::vector<std::string_view> words = Words(m_line);
    const auto arrow = std::ranges::find(words, kArrow);
    if (arrow == words.end())
    {
        return Wrong("'PLACE #N -> OPTION'", m_line);
    }
    Decision decision;
    decision.line = m_number;
    if (const Problem problem = ReadPlace({words.begin(), arrow}, decision))
    {
        return problem;
    }
    decision.option = Join({arrow + 1, words.end()});
    if (decision.option.empty())
    {
        return Wrong("an option after '->'", "");
    }
    if (const Problem problem = CheckNew(decision))
    {
        return problem;
    }
    m_log.decisions.push_back(std::move(decision));
    return std::nullopt;
}

LogReader::Problem LogReader::ReadPlace(std::span<const std::string_view> words,
                                        Decision& decision) const
{
    const auto occurrence = std::ranges::find_if(words, IsOccurrence);
    if (occurrence == words.end())
    {
        return Wrong("'#N' among the words before '->'", Join(words));
    }
    const std::string_view digits = occurrence->substr(1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), decision.n);
    if (error != std::errc() || end != digits.data() + digits.size() || decision.n == 0)
    {
        return Wrong("an occurrence from #1 on", *occurrence);
    }
    if (std::find_if(occurrence + 1, words.end(), IsOccurrence) != words.end())
    {
        return Wrong("one '#N' only before '->'", Join(words));
    }
    decision.place.before = Join({words.begin(), occurrence});
    decision.place.after = Join({occurrence + 1, words.end()});
    if (decision.place.Name().empty())
    {
        return Wrong("the name of a place before '->'", *occurrence);
    }
    return std::nullopt;
}

LogReader::Problem LogReader::CheckNew(const Decision& decision)
{
    const auto [known, added] =
        m_lineOf.emplace(std::pair(decision.place.Name(), decision.n), m_number);
    if (added)
    {
        return std::nullopt;
    }
    return LogError{m_number,
                    fmt::format("'{}' has been decided in line {} already",
                                decision.place.WithOccurrence(decision.n),
                                known->second)};
}

} // namespace

std::string Decision::Text() const
{
    return fmt::format("{} -> {}", place.WithOccurrence(n), option);
}

std::string LogError::Text() const
{
    return fmt::format("line {}: {}", line, text);
}

const std::string* DecisionLog::Header(std::string_view key) const
{
    for (const auto& [name, value] : headers)
    {
        if (name == key)
        {
            return &value;
        }
    }
    return nullptr;
}

void DecisionLog::SetHeader(std::string_view key, std::string_view value)
{
    std::string line(value);
    std::ranges::replace(line, '\n', ' ');
    line = std::string(Trim(line));
    for (auto& [name, old] : headers)
    {
        if (name == key)
        {
            old = std::move(line);
            return;
        }
    }
    headers.emplace_back(key, std::move(line));
}

std::string DecisionLog::Format() const
{
    std::string text(kMagic);
    text += '\n';
    for (const auto& [key, value] : headers)
    {
        text += fmt::format("{}:{}{}\n", key, value.empty() ? "" : " ", value);
    }
    text += '\n';
    for (const Decision& decision : decisions)
    {
        text += decision.Text();
        text += '\n';
    }
    return text;
}

tl::expected<DecisionLog, LogError> DecisionLog::Parse(std::string_view text)
{
    return LogReader(text).Read();
}

} // namespace interleave
