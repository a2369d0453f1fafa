// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Our fields and tshark's words for them, made comparable.
 */
#ifndef WEFT_TEST_IB_WIRE_TSHARK_TEXT_H
#define WEFT_TEST_IB_WIRE_TSHARK_TEXT_H

#include "messages.h"

#include <nlohmann/json.hpp>

#include <map>
#include <string>

namespace ibwiretest
{

/** The value of a field, as a number or as bytes. */
struct FieldValue
{
    enum Kind
    {
        kNumber,
        kGid,
        kBytes,
    };

    Kind kind{};
    std::uint64_t number{};
    std::string hex{}; ///< of bytes and GIDs, two digits each

    /** True if tshark's text, whatever its notation, is this value. */
    bool Is(const std::string& text) const;
};

/** Two digits for each byte. */
std::string Hex(std::span<const std::uint8_t> bytes);

/** Every field of a message by name; it has no nested ones. */
template <class M>
std::map<std::string, FieldValue> OurFields(const M& message)
{
    std::map<std::string, FieldValue> fields;
    ForEachField(message,
                 [&]<class T>(std::string_view name, const T& value)
                 {
                     FieldValue& field = fields[std::string(name)];
                     if constexpr (detail::kIsScalar<T>)
                     {
                         field = {FieldValue::kNumber, static_cast<std::uint64_t>(value)};
                     }
                     else if constexpr (std::is_same_v<T, Gid>)
                     {
                         field = {FieldValue::kGid, 0, Hex(value.raw)};
                     }
                     else
                     {
                         field = {FieldValue::kBytes, 0, Hex(value)};
                     }
                 });
    return fields;
}

/** What tshark says of a packet, text by full name of the field. */
using TsharkFields = std::map<std::string, std::string>;

/** All leaves of tshark's JSON for a packet; the first if there are several of one name. */
TsharkFields Flatten(const nlohmann::json& layers);

/** The path of a file that goes away with the object. */
class TemporaryFile
{
  public:
    /** In the folder for temporary files; the name is made of the stem and the process. */
    explicit TemporaryFile(const std::string& stem);
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile();

    const std::string& Path() const;

  private:
    std::string m_path;
};

} // namespace ibwiretest

#endif // WEFT_TEST_IB_WIRE_TSHARK_TEXT_H
