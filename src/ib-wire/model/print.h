// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Messages as text, for people: traces, failing tests, reports.
 */
#ifndef IB_WIRE_PRINT_H
#define IB_WIRE_PRINT_H

#include "ib-wire/model/field.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ibwire
{

/** How Print lays a message out. */
enum class Layout : std::uint8_t
{
    kLine,  ///< REQ {Local communication ID: 0x00010203, …}
    kLines, ///< the name, then a field a line, indented by two blanks
};

namespace detail
{

/** A number, in hex with the digits that a width in bits asks for, or in decimal. */
std::string FormatNumber(std::uint64_t value, std::size_t bits, Show show);

/** Bytes in hex; zeros at the end are left out and counted: "0a0b +90 zero bytes". */
std::string FormatBytes(std::span<const std::uint8_t> bytes);

template <class T>
concept Named = requires(T value)
{
    std::string_view(ToString(value));
};

template <Message M>
void PrintFields(const M& message, Layout layout, std::string_view indent, std::string& out);

template <class T>
void PrintValue(const T& value,
                std::size_t bits,
                Show show,
                Layout layout,
                std::string_view indent,
                std::string& out)
{
    if constexpr (std::is_same_v<T, Gid>)
    {
        out += ToString(value);
    }
    else if constexpr (Message<T>)
    {
        PrintFields(value, layout, indent, out);
    }
    else if constexpr (std::is_same_v<T, bool>)
    {
        out += value ? "1" : "0";
    }
    else if constexpr (std::is_enum_v<T>)
    {
        const auto number = static_cast<std::uint64_t>(value);
        if constexpr (Named<T>)
        {
            out += ToString(value);
            out += " (" + FormatNumber(number, bits, show) + ")";
        }
        else
        {
            out += FormatNumber(number, bits, show);
        }
    }
    else if constexpr (ArrayTraits<T>::kIsArray)
    {
        if (std::is_same_v<typename ArrayTraits<T>::Element, std::uint8_t> &&
            bits == value.size() * 8)
        {
            if constexpr (std::is_same_v<typename ArrayTraits<T>::Element, std::uint8_t>)
            {
                out += FormatBytes(value);
            }
        }
        else
        {
            const char* separator = "[";
            for (const auto& element : value)
            {
                out += separator;
                PrintValue(element, bits / value.size(), show, layout, indent, out);
                separator = " ";
            }
            out += "]";
        }
    }
    else
    {
        out += FormatNumber(value, bits, show);
    }
}

template <Message M>
void PrintFields(const M& message, Layout layout, std::string_view indent, std::string& out)
{
    const std::string deeper = std::string(indent) + "  ";
    std::string_view separator = layout == Layout::kLine ? " {" : "";
    out += M::kName;
    ForEachIndex<M>(
        [&](auto index)
        {
            constexpr auto field = std::get<index()>(kFields<M>);
            if (layout == Layout::kLine)
            {
                out += separator;
                separator = ", ";
            }
            else
            {
                out += "\n" + deeper;
            }
            out += field.name;
            out += ": ";
            PrintValue(message.*(field.kMember), field.Bits(), field.show, layout, deeper, out);
        });
    if (layout == Layout::kLine)
    {
        out += "}";
    }
}

} // namespace detail

/** The message with all its fields, in the order of its table; no newline at the end. */
template <Message M>
std::string Print(const M& message, Layout layout = Layout::kLine)
{
    std::string out;
    detail::PrintFields(message, layout, "", out);
    return out;
}

} // namespace ibwire

#endif // IB_WIRE_PRINT_H
