// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * From members to bytes: the writing half of codec.h.
 */
#ifndef IB_WIRE_PACK_H
#define IB_WIRE_PACK_H

#include "ib-wire/model/field.h"
#include "ib-wire/model/layout.h"
#include "ib-wire/model/load-store.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

// Functions for one field are always inlined: then the whole message is one run of loads and
// stores without pointers in memory, which stores of bytes might change as far as a compiler knows.

namespace ibwire::detail
{

/** True if every value of T fits a field of this width, so that no check is needed. */
template <class T>
constexpr bool AlwaysFits(std::size_t bits)
{
    if constexpr (Message<T>)
    {
        bool fits = true;
        ForEachIndex<T>(
            [&](auto index)
            {
                constexpr auto field = std::get<index()>(kFields<T>);
                fits = fits && AlwaysFits<typename decltype(field)::Value>(field.Bits());
            });
        return fits;
    }
    else
    {
        return CapacityBits<T>() == bits;
    }
}

template <class T>
constexpr std::uint64_t ToWord(T value)
{
    return static_cast<std::uint64_t>(value);
}

template <Message M, std::size_t... I>
[[gnu::always_inline]] constexpr std::uint64_t ExcessOf(const M& message,
                                                        std::index_sequence<I...>);

/** Non-zero if an element of the value is too wide for a field of this width. */
template <std::size_t Bits, class T>
[[gnu::always_inline]] constexpr std::uint64_t Excess(const T& value)
{
    if constexpr (AlwaysFits<T>(Bits))
    {
        return 0;
    }
    else if constexpr (Message<T>)
    {
        return ExcessOf(value, kIndices<T>);
    }
    else if constexpr (ArrayTraits<T>::kIsArray)
    {
        std::uint64_t excess = 0;
        for (const auto& element : value)
        {
            excess |= Excess<Bits / ArrayTraits<T>::kSize>(element);
        }
        return excess;
    }
    else
    {
        return ToWord(value) >> Bits;
    }
}

template <Message M, std::size_t... I>
[[gnu::always_inline]] constexpr std::uint64_t ExcessOf(const M& message, std::index_sequence<I...>)
{
    return (Excess<std::get<I>(kFields<M>).Bits()>(message.*(std::get<I>(kFields<M>).kMember)) |
            ...);
}

template <Message M>
constexpr void PackInto(const M& message, std::uint8_t* bytes);

/** Writes an array of integers of equal width that begins on a byte. */
template <std::size_t Bits, class T>
constexpr void PackArray(const T& array, std::uint8_t* bytes)
{
    constexpr std::size_t kEach = Bits / ArrayTraits<T>::kSize;
    if constexpr (std::is_same_v<typename ArrayTraits<T>::Element, std::uint8_t> && kEach == 8)
    {
        Copy<Bits / 8>(array.data(), bytes);
    }
    else if constexpr (kEach % 8 == 0)
    {
        for (std::size_t i = 0; i < array.size(); ++i)
        {
            StoreBytes<kEach / 8>(bytes + i * kEach / 8, ToWord(array[i]));
        }
    }
    else
    {
        constexpr std::size_t kPerByte = 8 / kEach;
        for (std::size_t byte = 0; byte < Bits / 8; ++byte)
        {
            unsigned value = 0;
            for (std::size_t i = 0; i < kPerByte; ++i)
            {
                value = value << kEach | static_cast<unsigned>(array[byte * kPerByte + i]);
            }
            bytes[byte] = static_cast<std::uint8_t>(value);
        }
    }
}

/** Writes a GID, array or message, which begins and ends on a byte. */
template <std::size_t Bits, class Value>
constexpr void PackBlock(const Value& value, std::uint8_t* bytes)
{
    if constexpr (std::is_same_v<Value, Gid>)
    {
        Copy<16>(value.raw.data(), bytes);
    }
    else if constexpr (Message<Value>)
    {
        PackInto(value, bytes);
    }
    else
    {
        PackArray<Bits>(value, bytes);
    }
}

/** For each 32-bit word of M: does it hold a bit that PackBlock does not write? */
template <Message M>
constexpr auto WordsOfScalars()
{
    Cover<M::kBytes> blocks;
    ForEachIndex<M>(
        [&](auto index)
        {
            constexpr auto field = std::get<index()>(kFields<M>);
            if constexpr (!kIsScalar<typename decltype(field)::Value>)
            {
                blocks.Add(field.pieces[0]);
            }
        });
    std::array<bool, M::kBytes / 4> needed{};
    for (std::size_t i = 0; i < M::kBytes; ++i)
    {
        needed[i / 4] = needed[i / 4] || blocks.mask[i] != 0xff;
    }
    return needed;
}

/** Puts field number Index of M into the words of the message, if it is an integer. */
template <Message M, std::size_t Index>
[[gnu::always_inline]] constexpr void PutScalar(const M& message,
                                                std::array<std::uint32_t, M::kBytes / 4>& words)
{
    constexpr auto field = std::get<Index>(kFields<M>);
    if constexpr (kIsScalar<typename decltype(field)::Value>)
    {
        const std::uint64_t value = ToWord(message.*(field.kMember));
        PutBits<field.pieces[0]>(words, value >> (field.Bits() - field.pieces[0].bits));
        if constexpr (field.count > 1)
        {
            constexpr std::size_t kBelow = field.count > 2 ? field.pieces[2].bits : 0;
            PutBits<field.pieces[1]>(words, value >> kBelow);
        }
        if constexpr (field.count > 2)
        {
            PutBits<field.pieces[2]>(words, value);
        }
    }
}

/** Writes field number Index of M, if it is a GID, an array or a message. */
template <Message M, std::size_t Index>
[[gnu::always_inline]] constexpr void PackBlockField(const M& message, std::uint8_t* bytes)
{
    constexpr auto field = std::get<Index>(kFields<M>);
    if constexpr (!kIsScalar<typename decltype(field)::Value>)
    {
        PackBlock<field.Bits()>(message.*(field.kMember), bytes + field.pieces[0].byte);
    }
}

template <Message M, std::size_t... I, std::size_t... W>
[[gnu::always_inline]] constexpr void PackFields(const M& message,
                                                 std::uint8_t* bytes,
                                                 std::index_sequence<I...>,
                                                 std::index_sequence<W...>)
{
    // The words are put together in registers, so that each is stored once and reserved bits come
    // out as zero; blocks are copied over them afterwards.
    std::array<std::uint32_t, M::kBytes / 4> words{};
    (PutScalar<M, I>(message, words), ...);
    constexpr auto kNeeded = WordsOfScalars<M>();
    ((kNeeded[W] ? StoreBytes<4>(bytes + W * 4, words[W]) : void()), ...);
    (PackBlockField<M, I>(message, bytes), ...);
}

/** Writes all M::kBytes bytes of a message whose values are known to fit. */
template <Message M>
constexpr void PackInto(const M& message, std::uint8_t* bytes)
{
    static_assert(CheckLayout<M>() == LayoutFault::kNone);
    PackFields(message, bytes, kIndices<M>, std::make_index_sequence<M::kBytes / 4>{});
}

/** Overwrites one run of bits and leaves its neighbours alone. */
template <Piece P>
constexpr void StoreBits(std::uint8_t* bytes, std::uint64_t value)
{
    for (std::size_t byte = P.byte; byte * 8 < P.End(); ++byte)
    {
        const std::size_t last = (byte + 1) * 8;
        const unsigned head = byte == P.byte ? 0xffU >> P.bit : 0xffU;
        const unsigned tail = last > P.End() ? 0xffU << (last - P.End()) & 0xffU : 0xffU;
        const std::uint64_t part =
            last > P.End() ? value << (last - P.End()) : value >> (P.End() - last);
        const unsigned mask = head & tail;
        bytes[byte] = static_cast<std::uint8_t>((bytes[byte] & ~mask) | (part & mask));
    }
}

} // namespace ibwire::detail

#endif // IB_WIRE_PACK_H
