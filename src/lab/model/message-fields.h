// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_MESSAGE_FIELDS_H
#define LAB_MESSAGE_FIELDS_H

#include "ib-wire/model/cm-messages.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/**
 * @file
 * Fields of CM messages by the names that scenarios write: those of the layouts, in small letters
 * and hyphens, "local-communication-id"; and "transaction-id", which stands in the MAD header.
 */

namespace lab
{

/** "REQ" and so on; nothing if no message is called so. */
std::optional<ibwire::CmAttribute> MessageKind(std::string_view name);

/** What the message consists of, private data included; empty for what is no CM message. */
std::vector<std::string> FieldNames(ibwire::CmAttribute kind);

/** A MAD with an empty message. @param kind of a CM message. */
ibwire::MadBytes EmptyMessage(ibwire::CmAttribute kind);

/**
 * The value of a field. Of a GID the lower half, of bytes the first eight. Nothing if the MAD is no
 * CM message, or has no such field.
 */
std::optional<std::uint64_t> ReadField(const ibwire::MadBytes& mad, std::string_view field);

/**
 * Sets a field. A GID becomes that of the default subnet with this lower half, bytes begin with the
 * value's eight and go on with zeros.
 * @return false if there is no such field, or it is too narrow; nothing is changed then.
 */
bool WriteField(ibwire::MadBytes& mad, std::string_view field, std::uint64_t value);

} // namespace lab

#endif /* LAB_MESSAGE_FIELDS_H */
