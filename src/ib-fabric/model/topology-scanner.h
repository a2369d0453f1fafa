// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_TOPOLOGY_SCANNER_H
#define IB_TOPOLOGY_SCANNER_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ns3
{

/**
 * \ingroup infiniband
 * Walks along one line of a topology file. Each Take function skips blanks and tabs, and either
 * consumes what it names or leaves the position where it was.
 */
class TopologyScanner
{
  public:
    /** \param line the line, without its end; must outlive the scanner */
    explicit TopologyScanner(std::string_view line);

    /** \returns true if only blanks remain */
    bool AtEnd();

    /** \param text what must come next, literally \returns whether it did */
    bool Take(std::string_view text);

    /** \returns the next run of letters, digits, '_', '-' or '.', empty if there is none */
    std::string_view TakeWord();

    /** \param base 10 or 16 (with or without "0x") \returns the number, nothing if there is none */
    std::optional<std::uint64_t> TakeNumber(int base);

    /** \returns what stands between two double quotes, nothing if the next is no quoted text */
    std::optional<std::string> TakeQuoted();

    /** \returns all that remains, without leading and trailing blanks */
    std::string_view Rest();

    /** \returns the next piece of text in quotes for an error message, or "end of line" */
    std::string Describe();

  private:
    void SkipBlanks();

    std::string_view m_rest;
};

} // namespace ns3

#endif // IB_TOPOLOGY_SCANNER_H
