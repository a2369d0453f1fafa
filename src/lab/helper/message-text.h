// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_MESSAGE_TEXT_H
#define LAB_MESSAGE_TEXT_H

#include "lab/model/run-record.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lab
{

/** The communication ids in a CM message, as on the wire; 0 where it carries none. */
struct CommIds
{
    std::uint32_t local{0};
    std::uint32_t remote{0};
};

CommIds CommIdsOf(const ibwire::MadBytes& mad);

/** Short names of communication ids: as many hexadecimal digits as tell those of a run apart. */
class CommIdNames
{
  public:
    explicit CommIdNames(const RunRecord& record);

    std::string Name(std::uint32_t commId) const;

  private:
    std::size_t m_digits{4};
};

/**
 * What tells this message from others of its kind, the most telling first: "service 0x…", "QPN
 * 0x48", "reason 28 (consumer reject)", "id 5a31→77c0", private data if it is text. Empty for a MAD
 * that is no CM message.
 */
std::vector<std::string> MessageDetails(const MadRecord& message, const CommIdNames& names);

} // namespace lab

#endif /* LAB_MESSAGE_TEXT_H */
