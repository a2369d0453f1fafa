// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * From bytes to members: the reading half of codec.h.
 */
#ifndef IB_WIRE_UNPACK_H
#define IB_WIRE_UNPACK_H

#include "ib-wire/model/field.h"
#include "ib-wire/model/layout.h"
#include "ib-wire/model/load-store.h"

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

// Functions for one field are always inlined: then the whole message is one run of loads and
// stores without pointers in memory, which stores of bytes might change as far as a compiler knows.

namespace ibwire::detail
{

template <Message M, std::size_t... I>
[[gnu::always_inline]] constexpr M UnpackFields(const std::uint8_t* bytes,
                                                std::index_sequence<I...>);

/** Reads an array of integers of equal width that begins on a byte. */
template <std::size_t Bits, class T>
constexpr void UnpackArray(const std::uint8_t* bytes, T& array)
{
    using Element = typename ArrayTraits<T>::Element;
    constexpr std::size_t kEach = Bits / ArrayTraits<T>::kSize;
    static_assert(kEach * ArrayTraits<T>::kSize == Bits);
    if constexpr (std::is_same_v<Element, std::uint8_t> && kEach == 8)
    {
        Copy<Bits / 8>(bytes, array.data());
    }
    else if constexpr (kEach % 8 == 0)
    {
        for (std::size_t i = 0; i < array.size(); ++i)
        {
            array[i] = static_cast<Element>(LoadBytes<kEach / 8>(bytes + i * kEach / 8));
        }
    }
    else
    {
        static_assert(8 % kEach == 0, "elements do not straddle bytes");
        for (std::size_t i = 0; i < array.size(); ++i)
        {
            const unsigned shift = 8 - kEach - i * kEach % 8;
            array[i] = static_cast<Element>(bytes[i * kEach / 8] >> shift & ((1U << kEach) - 1));
        }
    }
}

/** A GID or an array; a function of its own so that compilers build the result in its place. */
template <class Value, std::size_t Bits>
[[gnu::always_inline]] constexpr Value GetBlock(const std::uint8_t* bytes)
{
    Value value;
    if constexpr (std::is_same_v<Value, Gid>)
    {
        Copy<16>(bytes, value.raw.data());
    }
    else
    {
        UnpackArray<Bits>(bytes, value);
    }
    return value;
}

/** The value of field number Index of M in the bytes of a message. */
template <Message M, std::size_t Index>
[[gnu::always_inline]] constexpr auto GetField(const std::uint8_t* bytes)
{
    constexpr auto field = std::get<Index>(kFields<M>);
    using Value = typename decltype(field)::Value;
    constexpr std::size_t kFirst = field.pieces[0].byte;
    if constexpr (kIsScalar<Value>)
    {
        std::uint64_t word = LoadBits<field.pieces[0], M::kBytes>(bytes);
        if constexpr (field.count > 1)
        {
            word = word << field.pieces[1].bits | LoadBits<field.pieces[1], M::kBytes>(bytes);
        }
        if constexpr (field.count > 2)
        {
            word = word << field.pieces[2].bits | LoadBits<field.pieces[2], M::kBytes>(bytes);
        }
        return static_cast<Value>(word);
    }
    else if constexpr (Message<Value>)
    {
        return UnpackFields<Value>(bytes + kFirst, kIndices<Value>);
    }
    else
    {
        return GetBlock<Value, field.Bits()>(bytes + kFirst);
    }
}

/** A message made in place, member by member, so that none is set to zero first. */
template <Message M, std::size_t... I>
[[gnu::always_inline]] constexpr M UnpackFields(const std::uint8_t* bytes,
                                                std::index_sequence<I...>)
{
    static_assert(CheckLayout<M>() == LayoutFault::kNone);
    return M{GetField<M, I>(bytes)...};
}

} // namespace ibwire::detail

#endif // IB_WIRE_UNPACK_H
