// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SCENARIO_TABLE_H
#define LAB_SCENARIO_TABLE_H

#include "lab/model/scenario.h"

// Errors of the parser come as values.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <array>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lab
{

/** The CM's messages, as scenarios name them. */
inline constexpr auto kMessageNames = std::to_array<std::string_view>(
    {"REQ", "MRA", "REJ", "REP", "RTU", "DREQ", "DREP", "LAP", "APR", "SIDR_REQ", "SIDR_REP"});

/** Whether a key may be left out. */
enum class Need
{
    kOptional,
    kRequired,
};

/**
 * Reads the keys of one TOML table into fields. A key that is not there leaves its field alone.
 * What is wrong is kept and told by Finish(), so that reading goes on and a misspelt key is found
 * even where its absence is the first thing to be noticed.
 */
class ScenarioTable
{
  public:
    /** @param name how the file writes it: "[fabric]", "[[host]]"; @param line where. */
    ScenarioTable(const toml::table& table, std::string file, std::string name, unsigned line);

    bool Has(std::string_view key) const;
    /** Where the key stands; the line of the table if it does not. */
    unsigned LineOf(std::string_view key) const;
    unsigned Line() const
    {
        return m_line;
    }

    /** Whether what stands there is a text. */
    bool IsText(std::string_view key) const;
    /** The key may be there; somebody else looks at it, or nobody. */
    void Allow(std::string_view key);
    /** Nothing is expected of the table: what is wrong with it was told elsewhere. */
    void AllowAll();

    /** Text without line breaks or control characters; not empty unless optional. */
    void Text(std::string_view key, std::string& field, Need need = Need::kOptional);
    /** Text of any kind that becomes bytes of a message. @param most bytes. */
    void Payload(std::string_view key, std::string& field, std::size_t most);
    /** One of a list of words. */
    void Word(std::string_view key,
              std::string& field,
              std::span<const std::string_view> words,
              Need need = Need::kOptional);
    /** The name of something that stands elsewhere in the file. @param kind "host", "connect". */
    void Reference(std::string_view key,
                   std::string& field,
                   std::string_view kind,
                   std::span<const std::string_view> names,
                   Need need = Need::kOptional);
    /** true or false. */
    void Flag(std::string_view key, bool& field);
    void Number(std::string_view key, unsigned& field, unsigned least, unsigned most);
    /** 64 bits: a TOML integer or, as those end at 2^63 - 1, a text "0x…". */
    void Number64(std::string_view key,
                  std::uint64_t& field,
                  std::uint64_t least,
                  Need need = Need::kOptional);
    /** A time as text, not less than @p leastNs. */
    void Time(std::string_view key,
              std::int64_t& field,
              std::int64_t leastNs = 0,
              Need need = Need::kOptional);

    /** A list of times, each not less than @p leastNs and each once. */
    void Times(std::string_view key, std::vector<std::int64_t>& field, std::int64_t leastNs);

    /** Reads the table under @p key, if there is one. @param name as for the constructor. */
    using Reader = std::function<void(ScenarioTable&)>;
    void Table(std::string_view key,
               const std::string& name,
               const Reader& read,
               Need need = Need::kOptional);
    /** Reads each of the tables [[key]]. */
    void Tables(std::string_view key, const Reader& read, Need need = Need::kOptional);

    /** Notes that something is wrong with @p key. */
    void Fail(std::string_view key, std::string found, std::string expected);

    /** What is wrong: an unknown key, or else what was noticed first. */
    std::optional<InputError> Finish() const;

  private:
    /** The value of @p key; notes its absence if it is needed. */
    const toml::node* Find(std::string_view key, Need need, std::string_view expected);
    std::optional<std::string> FindText(std::string_view key, Need need, std::string_view expected);
    void ReadChild(const toml::table& table,
                   const std::string& name,
                   unsigned line,
                   const Reader& read);

    const toml::table& m_table;
    std::string m_file;
    std::string m_name;
    unsigned m_line;
    std::vector<std::string> m_known;
    std::optional<InputError> m_error;
};

/** The value as it would stand in the file, cut short: '"abc"', "42", "a table". */
std::string DescribeToml(const toml::node& node);

} // namespace lab

#endif /* LAB_SCENARIO_TABLE_H */
