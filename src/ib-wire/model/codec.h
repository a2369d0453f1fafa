// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Encode, decode, get and set, all from the tables of field.h.
 *
 * The tables are constants, so that each of these compiles to plain loads, shifts and stores.
 * Everything here is pure and may be called from any thread.
 */
#ifndef IB_WIRE_CODEC_H
#define IB_WIRE_CODEC_H

#include "ib-wire/model/field.h"
#include "ib-wire/model/layout.h"
#include "ib-wire/model/load-store.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <tuple>
#include <type_traits>

namespace ibwire
{

namespace detail
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

/** Non-zero if an element of the value is too wide for a field of this width. */
template <std::size_t Bits, class T>
constexpr std::uint64_t Excess(const T& value)
{
    if constexpr (AlwaysFits<T>(Bits))
    {
        return 0;
    }
    else if constexpr (Message<T>)
    {
        std::uint64_t excess = 0;
        ForEachIndex<T>(
            [&](auto index)
            {
                constexpr auto field = std::get<index()>(kFields<T>);
                excess |= Excess<field.Bits()>(value.*(field.kMember));
            });
        return excess;
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

template <Message M>
constexpr void UnpackInto(const std::uint8_t* bytes, M& message);

template <Message M>
constexpr void PackInto(const M& message, std::uint8_t* bytes);

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

/** The reverse of UnpackArray. */
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

/** The value of field number Index of M in the bytes of a message. */
template <Message M, std::size_t Index>
constexpr auto GetField(const std::uint8_t* bytes)
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
    else
    {
        Value value;
        if constexpr (std::is_same_v<Value, Gid>)
        {
            Copy<16>(bytes + kFirst, value.raw.data());
        }
        else if constexpr (Message<Value>)
        {
            UnpackInto(bytes + kFirst, value);
        }
        else
        {
            UnpackArray<field.Bits()>(bytes + kFirst, value);
        }
        return value;
    }
}

template <Message M>
constexpr void UnpackInto(const std::uint8_t* bytes, M& message)
{
    static_assert(CheckLayout<M>() == LayoutFault::kNone);
    ForEachIndex<M>(
        [&](auto index)
        {
            constexpr auto field = std::get<index()>(kFields<M>);
            using Value = typename decltype(field)::Value;
            if constexpr (Message<Value>)
            {
                UnpackInto(bytes + field.pieces[0].byte, message.*(field.kMember));
            }
            else if constexpr (ArrayTraits<Value>::kIsArray)
            {
                UnpackArray<field.Bits()>(bytes + field.pieces[0].byte, message.*(field.kMember));
            }
            else
            {
                message.*(field.kMember) = GetField<M, index()>(bytes);
            }
        });
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

/** Writes all bytes of a message whose values are known to fit. */
template <Message M>
constexpr void PackInto(const M& message, std::uint8_t* bytes)
{
    // The words are put together in registers, so that each is stored once and reserved bits come
    // out as zero; blocks are copied over them afterwards.
    std::array<std::uint32_t, M::kBytes / 4> words{};
    ForEachIndex<M>(
        [&](auto index)
        {
            constexpr auto field = std::get<index()>(kFields<M>);
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
        });
    constexpr auto kNeeded = WordsOfScalars<M>();
    [&]<std::size_t... W>(std::index_sequence<W...>)
    {
        ((kNeeded[W] ? StoreBytes<4>(bytes + W * 4, words[W]) : void()), ...);
    }
    (std::make_index_sequence<M::kBytes / 4>{});
    ForEachIndex<M>(
        [&](auto index)
        {
            constexpr auto field = std::get<index()>(kFields<M>);
            if constexpr (!kIsScalar<typename decltype(field)::Value>)
            {
                PackBlock<field.Bits()>(message.*(field.kMember), bytes + field.pieces[0].byte);
            }
        });
}

template <auto Member, class... F>
consteval std::size_t IndexOf(const std::tuple<F...>*)
{
    std::size_t index = 0;
    // Stops counting at the field of this member; the number of fields if there is none.
    (void)((std::is_same_v<F, Field<Member>> || (++index, false)) || ...);
    return index;
}

template <auto Member>
using MessageOf = typename MemberPointer<decltype(Member)>::Message;

template <auto Member>
using ValueOf = typename MemberPointer<decltype(Member)>::Value;

template <auto Member>
inline constexpr std::size_t kIndexOf =
    IndexOf<Member>(static_cast<const decltype(MessageOf<Member>::Fields())*>(nullptr));

template <auto Member>
inline constexpr bool kAlwaysFits =
    AlwaysFits<ValueOf<Member>>(std::get<kIndexOf<Member>>(kFields<MessageOf<Member>>).Bits());

/** The number of bytes that the type of a span or array promises. */
template <class Bytes>
inline constexpr std::size_t kExtent =
    decltype(std::span(std::declval<Bytes&>()))::extent == std::dynamic_extent
        ? 0
        : decltype(std::span(std::declval<Bytes&>()))::extent;

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

template <auto Member>
constexpr void SetField(std::uint8_t* bytes, const ValueOf<Member>& value)
{
    constexpr auto field = std::get<kIndexOf<Member>>(kFields<MessageOf<Member>>);
    if constexpr (!kIsScalar<ValueOf<Member>>)
    {
        PackBlock<field.Bits()>(value, bytes + field.pieces[0].byte);
    }
    else
    {
        StoreBits<field.pieces[0]>(bytes, ToWord(value) >> (field.Bits() - field.pieces[0].bits));
        if constexpr (field.count > 1)
        {
            constexpr std::size_t kBelow = field.count > 2 ? field.pieces[2].bits : 0;
            StoreBits<field.pieces[1]>(bytes, ToWord(value) >> kBelow);
        }
        if constexpr (field.count > 2)
        {
            StoreBits<field.pieces[2]>(bytes, ToWord(value));
        }
    }
}

} // namespace detail

/** Reads a message from exactly its bytes; every pattern of bits decodes. */
template <Message M>
[[nodiscard]] constexpr M Unpack(std::span<const std::uint8_t, M::kBytes> bytes)
{
    M message;
    detail::UnpackInto(bytes.data(), message);
    return message;
}

/**
 * Reads a message that fills the bytes exactly.
 * \return kTruncated or kOversized if the size is not M::kBytes
 */
template <Message M>
[[nodiscard]] Result<M> Decode(std::span<const std::uint8_t> bytes)
{
    if (bytes.size() != M::kBytes)
    {
        return tl::unexpected(bytes.size() < M::kBytes ? WireError::kTruncated
                                                       : WireError::kOversized);
    }
    return Unpack<M>(bytes.template first<M::kBytes>());
}

/** Reads a message from the first M::kBytes bytes. \return kTruncated if there are fewer */
template <Message M>
[[nodiscard]] Result<M> DecodePrefix(std::span<const std::uint8_t> bytes)
{
    if (bytes.size() < M::kBytes)
    {
        return tl::unexpected(WireError::kTruncated);
    }
    return Unpack<M>(bytes.template first<M::kBytes>());
}

/** True if each value fits the width of its field, that is, if Encode would accept the message. */
template <Message M>
[[nodiscard]] constexpr bool Fits(const M& message)
{
    return detail::Excess<M::kBytes * 8>(message) == 0;
}

/**
 * Writes a message over exactly its bytes, reserved bits as zero.
 * \return kTruncated or kOversized if the size is not M::kBytes, kFieldRange if a value is wider
 *         than its field; nothing is written then
 */
template <Message M>
[[nodiscard]] Result<void> Encode(const M& message, std::span<std::uint8_t> bytes)
{
    static_assert(CheckLayout<M>() == LayoutFault::kNone);
    if (bytes.size() != M::kBytes)
    {
        return tl::unexpected(bytes.size() < M::kBytes ? WireError::kTruncated
                                                       : WireError::kOversized);
    }
    if (!Fits(message))
    {
        return tl::unexpected(WireError::kFieldRange);
    }
    detail::PackInto(message, bytes.data());
    return {};
}

/** Reads one field straight from the bytes of a message: an array or span of known size. */
template <auto Member, class Bytes>
[[nodiscard]] constexpr auto Get(const Bytes& bytes)
{
    using M = detail::MessageOf<Member>;
    static_assert(detail::kIndexOf<Member> < kFieldCount<M>, "the member is not in the table");
    static_assert(detail::kExtent<const Bytes> >= M::kBytes, "the bytes do not hold the message");
    return detail::GetField<M, detail::kIndexOf<Member>>(std::span(bytes).data());
}

/** Writes one field whose type has exactly the width of the field. */
template <auto Member, class Bytes>
requires(detail::kAlwaysFits<Member>) constexpr void Set(Bytes&& bytes,
                                                         const detail::ValueOf<Member>& value)
{
    static_assert(detail::kExtent<std::remove_reference_t<Bytes>> >=
                      detail::MessageOf<Member>::kBytes,
                  "the bytes do not hold the message");
    detail::SetField<Member>(std::span(bytes).data(), value);
}

/** Writes one field. \return kFieldRange, with nothing written, if the value is too wide */
template <auto Member, class Bytes>
requires(!detail::kAlwaysFits<Member>)
    [[nodiscard]] Result<void> Set(Bytes&& bytes, const detail::ValueOf<Member>& value)
{
    using M = detail::MessageOf<Member>;
    static_assert(detail::kExtent<std::remove_reference_t<Bytes>> >= M::kBytes,
                  "the bytes do not hold the message");
    if (detail::Excess<std::get<detail::kIndexOf<Member>>(kFields<M>).Bits()>(value) != 0)
    {
        return tl::unexpected(WireError::kFieldRange);
    }
    detail::SetField<Member>(std::span(bytes).data(), value);
    return {};
}

} // namespace ibwire

#endif // IB_WIRE_CODEC_H
