// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/scenario-table.h"

#include "lab/model/closest-name.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace lab
{

namespace
{

unsigned LineOfNode(const toml::node& node)
{
    return node.source().begin.line;
}

bool IsControl(char c)
{
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/** A text in quotes, cut short, control characters as dots. */
std::string Quoted(std::string_view text)
{
    constexpr std::size_t kMost = 48;
    std::string shown(text.substr(0, kMost));
    std::ranges::replace_if(shown, IsControl, '.');
    return fmt::format("\"{}{}\"", shown, text.size() > kMost ? "…" : "");
}

std::optional<std::uint64_t> ParseNumber64(std::string_view text)
{
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    text.remove_prefix(hex ? 2 : 0);
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, hex ? 16 : 10);
    return error == std::errc() && stop == end && !text.empty() ? std::optional(value)
                                                                : std::nullopt;
}

} // namespace

std::string DescribeToml(const toml::node& node)
{
    switch (node.type())
    {
    case toml::node_type::string:
        return Quoted(**node.as_string());
    case toml::node_type::integer:
        return fmt::format("{}", **node.as_integer());
    case toml::node_type::floating_point:
        return fmt::format("{}", **node.as_floating_point());
    case toml::node_type::boolean:
        return **node.as_boolean() ? "true" : "false";
    case toml::node_type::array:
        return "an array";
    case toml::node_type::table:
        return "a table";
    default:
        return "a date or time of day";
    }
}

ScenarioTable::ScenarioTable(const toml::table& table,
                             std::string file,
                             std::string name,
                             unsigned line)
    : m_table(table),
      m_file(std::move(file)),
      m_name(std::move(name)),
      m_line(line)
{
}

bool ScenarioTable::Has(std::string_view key) const
{
    return m_table.contains(key);
}

unsigned ScenarioTable::LineOf(std::string_view key) const
{
    const toml::node* const node = m_table.get(key);
    return node != nullptr ? LineOfNode(*node) : m_line;
}

void ScenarioTable::Fail(std::string_view key, std::string found, std::string expected)
{
    if (!m_error)
    {
        m_error = InputError{m_file, LineOf(key), std::move(found), std::move(expected)};
    }
}

const toml::node* ScenarioTable::Find(std::string_view key, Need need, std::string_view expected)
{
    Allow(key);
    const toml::node* const node = m_table.get(key);
    if (node == nullptr && need == Need::kRequired)
    {
        Fail(key, fmt::format("no '{}' in {}", key, m_name), fmt::format("{} = {}", key, expected));
    }
    return node;
}

std::optional<std::string> ScenarioTable::FindText(std::string_view key,
                                                   Need need,
                                                   std::string_view expected)
{
    const toml::node* const node = Find(key, need, expected);
    if (node == nullptr)
    {
        return std::nullopt;
    }
    if (!node->is_string())
    {
        Fail(key, fmt::format("{} = {}", key, DescribeToml(*node)), std::string(expected));
        return std::nullopt;
    }
    return **node->as_string();
}

void ScenarioTable::Text(std::string_view key, std::string& field, Need need)
{
    const std::string_view expected = "a text in quotes";
    const auto text = FindText(key, need, expected);
    if (!text)
    {
        return;
    }
    if (std::ranges::any_of(*text, IsControl))
    {
        Fail(key, fmt::format("{} = {}", key, Quoted(*text)), "a text on one line");
    }
    else if (need == Need::kRequired && text->empty())
    {
        Fail(key, fmt::format("{} = \"\"", key), "a text that is not empty");
    }
    field = *text;
}

void ScenarioTable::Payload(std::string_view key, std::string& field, std::size_t most)
{
    const auto text = FindText(key, Need::kOptional, "a text in quotes");
    if (!text)
    {
        return;
    }
    if (text->size() > most)
    {
        Fail(key,
             fmt::format("{} of {} bytes", key, text->size()),
             fmt::format("{} bytes at most", most));
    }
    field = *text;
}

void ScenarioTable::Word(std::string_view key,
                         std::string& field,
                         std::span<const std::string_view> words,
                         Need need)
{
    const std::string expected = JoinNames(words);
    const auto text = FindText(key, need, expected);
    if (!text)
    {
        return;
    }
    if (std::ranges::find(words, *text) == words.end())
    {
        Fail(key, fmt::format("{} = {}", key, Quoted(*text)), expected + DidYouMean(*text, words));
    }
    field = *text;
}

void ScenarioTable::Reference(std::string_view key,
                              std::string& field,
                              std::string_view kind,
                              std::span<const std::string_view> names,
                              Need need)
{
    const auto text = FindText(key, need, fmt::format("the name of a [[{}]]", kind));
    if (!text)
    {
        return;
    }
    if (std::ranges::find(names, *text) == names.end())
    {
        Fail(key,
             fmt::format("{} = {}", key, Quoted(*text)),
             names.empty() ? fmt::format("the name of a [[{}]], of which there is none", kind)
                           : fmt::format("the name of a [[{}]]: {}{}",
                                         kind,
                                         JoinNames(names),
                                         DidYouMean(*text, names)));
    }
    field = *text;
}

bool ScenarioTable::IsText(std::string_view key) const
{
    const toml::node* const node = m_table.get(key);
    return node != nullptr && node->is_string();
}

void ScenarioTable::Allow(std::string_view key)
{
    m_known.emplace_back(key);
}

void ScenarioTable::AllowAll()
{
    for (const auto& [key, value] : m_table)
    {
        Allow(key.str());
    }
}

void ScenarioTable::Flag(std::string_view key, bool& field)
{
    const std::string_view expected = "true or false";
    const toml::node* const node = Find(key, Need::kOptional, expected);
    if (node == nullptr)
    {
        return;
    }
    const auto* const flag = node->as_boolean();
    if (flag == nullptr)
    {
        Fail(key, fmt::format("{} = {}", key, DescribeToml(*node)), std::string(expected));
        return;
    }
    field = **flag;
}

void ScenarioTable::Number(std::string_view key, unsigned& field, unsigned least, unsigned most)
{
    const std::string expected = fmt::format("a whole number, {} to {}", least, most);
    const toml::node* const node = Find(key, Need::kOptional, expected);
    if (node == nullptr)
    {
        return;
    }
    const auto* const integer = node->as_integer();
    if (integer == nullptr || **integer < least || **integer > most)
    {
        Fail(key, fmt::format("{} = {}", key, DescribeToml(*node)), expected);
        return;
    }
    field = static_cast<unsigned>(**integer);
}

void ScenarioTable::Number64(std::string_view key,
                             std::uint64_t& field,
                             std::uint64_t least,
                             Need need)
{
    const std::string expected = fmt::format(
        "a whole number of 64 bits from {} on, such as 4660, 0x1234 or \"0xfedc000000000000\"",
        least);
    const toml::node* const node = Find(key, need, expected);
    if (node == nullptr)
    {
        return;
    }
    std::optional<std::uint64_t> value;
    if (const auto* const integer = node->as_integer(); integer != nullptr && **integer >= 0)
    {
        value = static_cast<std::uint64_t>(**integer);
    }
    else if (const auto* const text = node->as_string(); text != nullptr)
    {
        value = ParseNumber64(**text);
    }
    if (!value || *value < least)
    {
        Fail(key, fmt::format("{} = {}", key, DescribeToml(*node)), expected);
        return;
    }
    field = *value;
}

void ScenarioTable::Times(std::string_view key,
                          std::vector<std::int64_t>& field,
                          std::int64_t leastNs)
{
    const std::string_view expected = "a list of times such as [\"2ms\", \"5s\"], each once";
    const toml::node* const node = Find(key, Need::kOptional, expected);
    if (node == nullptr)
    {
        return;
    }
    const auto* const list = node->as_array();
    std::vector<std::int64_t> times;
    if (list != nullptr)
    {
        for (const toml::node& element : *list)
        {
            const auto* const text = element.as_string();
            const auto ns = text == nullptr ? std::nullopt : ParseTime(**text);
            const bool good = ns && *ns >= leastNs && std::ranges::find(times, *ns) == times.end();
            if (!good)
            {
                Fail(key,
                     fmt::format("{} in {}", DescribeToml(element), key),
                     fmt::format("{}, at least {}", expected, FormatTime(leastNs)));
                return;
            }
            times.push_back(*ns);
        }
    }
    else
    {
        Fail(key, fmt::format("{} = {}", key, DescribeToml(*node)), std::string(expected));
    }
    field = std::move(times);
}

void ScenarioTable::Time(std::string_view key, std::int64_t& field, std::int64_t leastNs, Need need)
{
    const std::string_view expected = "a time such as \"2ms\", \"1.5us\", \"250ns\" or \"3s\"";
    const toml::node* const node = Find(key, need, expected);
    if (node == nullptr)
    {
        return;
    }
    std::optional<std::int64_t> ns;
    if (const auto* const text = node->as_string(); text != nullptr)
    {
        ns = ParseTime(**text);
    }
    else if (const auto* const integer = node->as_integer(); integer != nullptr && **integer == 0)
    {
        ns = 0;
    }
    if (!ns)
    {
        Fail(key, fmt::format("{} = {}", key, DescribeToml(*node)), std::string(expected));
        return;
    }
    if (*ns < leastNs)
    {
        Fail(key,
             fmt::format("{} = {}", key, DescribeToml(*node)),
             fmt::format("a time of at least {}", FormatTime(leastNs)));
    }
    field = *ns;
}

void ScenarioTable::ReadChild(const toml::table& table,
                              const std::string& name,
                              unsigned line,
                              const Reader& read)
{
    ScenarioTable child(table, m_file, name, line);
    read(child);
    const auto error = child.Finish();
    if (error && !m_error)
    {
        m_error = error;
    }
}

void ScenarioTable::Table(std::string_view key,
                          const std::string& name,
                          const Reader& read,
                          Need need)
{
    Allow(key);
    const toml::node* const node = m_table.get(key);
    if (node == nullptr)
    {
        if (need == Need::kRequired)
        {
            Fail(key, "no " + name, "a table " + name);
        }
        return;
    }
    if (!node->is_table())
    {
        Fail(key, fmt::format("{} that is {}", key, DescribeToml(*node)), "one table " + name);
        return;
    }
    ReadChild(*node->as_table(), name, LineOfNode(*node), read);
}

void ScenarioTable::Tables(std::string_view key, const Reader& read, Need need)
{
    Allow(key);
    const std::string name = fmt::format("[[{}]]", key);
    const toml::node* const node = m_table.get(key);
    if (node == nullptr)
    {
        if (need == Need::kRequired)
        {
            Fail(key, "no " + name, "at least one " + name);
        }
        return;
    }
    const auto* const array = node->as_array();
    if (array == nullptr)
    {
        Fail(key,
             node->is_table() ? fmt::format("[{}]", key)
                              : fmt::format("{} = {}", key, DescribeToml(*node)),
             fmt::format("{}, with two brackets: there may be several", name));
        return;
    }
    for (const toml::node& element : *array)
    {
        if (!element.is_table())
        {
            Fail(key, fmt::format("{} in {}", DescribeToml(element), key), "tables " + name);
            return;
        }
        ReadChild(*element.as_table(), name, LineOfNode(element), read);
    }
}

std::optional<InputError> ScenarioTable::Finish() const
{
    const toml::key* unknown = nullptr;
    for (const auto& [key, value] : m_table)
    {
        // The table is sorted by name; the reader of the message goes from top to bottom.
        if (std::ranges::find(m_known, key.str()) == m_known.end() &&
            (unknown == nullptr || key.source().begin.line < unknown->source().begin.line))
        {
            unknown = &key;
        }
    }
    if (unknown == nullptr)
    {
        return m_error;
    }
    const std::string_view key = unknown->str();
    const std::vector<std::string_view> known(m_known.begin(), m_known.end());
    const std::string_view closest = ClosestName(key, known);
    return InputError{m_file,
                      unknown->source().begin.line,
                      fmt::format("unknown key '{}' in {}", key, m_name),
                      closest.empty() ? JoinNames(known) : fmt::format("'{}'", closest)};
}

} // namespace lab
