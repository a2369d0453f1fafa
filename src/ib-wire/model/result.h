// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Errors as values: nothing in ib-wire throws on bad input.
 */
#ifndef IB_WIRE_RESULT_H
#define IB_WIRE_RESULT_H

#include <tl/expected.hpp>

#include <cstdint>

namespace ibwire
{

/** Why bytes, text or a value were refused. */
enum class WireError : std::uint8_t
{
    kTruncated,        ///< fewer bytes than the layout has
    kOversized,        ///< more bytes than the layout has
    kFieldRange,       ///< a value does not fit the width of its field
    kBadVersion,       ///< base or class version other than the one this layout belongs to
    kBadClass,         ///< management class other than the one asked for
    kBadMethod,        ///< method that this class or attribute does not allow
    kUnknownAttribute, ///< attribute id without a layout here
    kBadText,          ///< text that is not what the parser expects
    kUnsupported,      ///< well-formed, but not a kind of packet this code knows
};

/** A short phrase for messages: "truncated", "value too wide for its field", … */
const char* ToString(WireError error);

/** A value, or the reason why there is none. */
template <class T>
using Result = tl::expected<T, WireError>;

} // namespace ibwire

#endif // IB_WIRE_RESULT_H
