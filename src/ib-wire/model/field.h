// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * The description of a field, from which get, set, encode, decode and print follow.
 *
 * A message is a plain struct of host-order members with
 *  - `static constexpr std::string_view kName`, the name that traces print,
 *  - `static constexpr std::size_t kBytes`, its size on the wire, a multiple of 4,
 *  - `static constexpr auto Fields()`, a tuple of Field, one for each member, in the order in which
 *    the members are declared: messages are made from their bytes by listing the values.
 *
 * Bits that no field covers are reserved: sent as 0 and ignored on receipt. Everything on the wire
 * is big-endian; bit 0 is the most significant bit of its byte.
 */
#ifndef IB_WIRE_FIELD_H
#define IB_WIRE_FIELD_H

#include "ib-wire/model/gid.h"
#include "ib-wire/model/result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace ibwire
{

/** A run of adjacent bits on the wire. */
struct Piece
{
    std::uint16_t byte{}; ///< offset from the start of the message
    std::uint8_t bit{};   ///< 0..7, 0 is the most significant bit of the byte
    std::uint16_t bits{}; ///< length of the run

    /** Distance of the first bit from the start of the message. */
    constexpr std::size_t First() const
    {
        return std::size_t{byte} * 8 + bit;
    }

    /** Distance of the bit behind the last one. */
    constexpr std::size_t End() const
    {
        return First() + bits;
    }
};

/** How Print writes the number of a field. */
enum class Show : std::uint8_t
{
    kDecimal,
    kHex, ///< 0x and as many digits as the width of the field asks for
};

namespace detail
{

template <class T>
struct MemberPointer;

template <class M, class T>
struct MemberPointer<T M::*>
{
    using Message = M;
    using Value = T;
};

} // namespace detail

/**
 * One field: the member it fills, and where it lies.
 *
 * The member may be an unsigned integer, a bool, an enumeration over one of these, a Gid, an array
 * of bytes, an array of unsigned integers (equal bits for each element), or another message.
 */
template <auto Member>
struct Field
{
    using Message = typename detail::MemberPointer<decltype(Member)>::Message;
    using Value = typename detail::MemberPointer<decltype(Member)>::Value;
    static constexpr auto kMember = Member;
    static constexpr std::size_t kMaxPieces = 3;

    /** A field in one run of bits. */
    constexpr Field(std::string_view name_,
                    std::uint16_t byte,
                    std::uint8_t bit,
                    std::uint16_t bits,
                    Show show_ = Show::kDecimal)
        : name(name_),
          pieces{{{byte, bit, bits}}},
          count(1),
          show(show_)
    {
    }

    /** A field scattered over several runs, the most significant first. */
    template <std::size_t N>
    constexpr Field(std::string_view name_, const Piece (&runs)[N], Show show_ = Show::kDecimal)
        : name(name_),
          count(N),
          show(show_)
    {
        static_assert(N >= 1 && N <= kMaxPieces);
        for (std::size_t i = 0; i < N; ++i)
        {
            pieces[i] = runs[i];
        }
    }

    /** Width in bits, all pieces together. */
    constexpr std::size_t Bits() const
    {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < count; ++i)
        {
            sum += pieces[i].bits;
        }
        return sum;
    }

    std::string_view name;
    std::array<Piece, kMaxPieces> pieces{};
    std::uint8_t count;
    Show show;
};

/** A type that carries its own table of fields. */
template <class M>
concept Message = requires
{
    M::Fields();
    M::kBytes;
    M::kName;
};

/** The number of fields in the table of M. */
template <Message M>
inline constexpr std::size_t kFieldCount = std::tuple_size_v<decltype(M::Fields())>;

/** The table of M as a constant. */
template <Message M>
inline constexpr auto kFields = M::Fields();

namespace detail
{

template <class T>
struct ArrayTraits
{
    static constexpr bool kIsArray = false;
};

template <class E, std::size_t N>
struct ArrayTraits<std::array<E, N>>
{
    static constexpr bool kIsArray = true;
    static constexpr std::size_t kSize = N;
    using Element = E;
};

template <class T>
inline constexpr bool kIsScalar = std::is_enum_v<T> || std::is_unsigned_v<T>;

/** The width in bits of a member's type, which its field must not exceed. */
template <class T>
constexpr std::size_t CapacityBits()
{
    if constexpr (std::is_same_v<T, bool>)
    {
        return 1;
    }
    else if constexpr (std::is_same_v<T, Gid>)
    {
        return 128;
    }
    else if constexpr (ArrayTraits<T>::kIsArray)
    {
        return ArrayTraits<T>::kSize * CapacityBits<typename ArrayTraits<T>::Element>();
    }
    else if constexpr (Message<T>)
    {
        return T::kBytes * 8;
    }
    else
    {
        static_assert(kIsScalar<T>, "a field is unsigned, bool, enum, Gid, array or message");
        return sizeof(T) * 8;
    }
}

/** 0, 1, … for each field of M. */
template <Message M>
inline constexpr std::make_index_sequence<kFieldCount<M>> kIndices{};

template <Message M, class F, std::size_t... I>
constexpr void ForEachIndex(F&& f, std::index_sequence<I...>)
{
    (f(std::integral_constant<std::size_t, I>{}), ...);
}

/** Calls f with integral_constant 0, 1, … for each field of M, so that tables stay constants. */
template <Message M, class F>
constexpr void ForEachIndex(F&& f)
{
    ForEachIndex<M>(std::forward<F>(f), kIndices<M>);
}

} // namespace detail

/**
 * Calls f(name, value) for each field of a message, in the order of its table.
 * The value has the type of the member; name is a std::string_view that lives for ever.
 */
template <Message M, class F>
constexpr void ForEachField(const M& message, F&& f)
{
    detail::ForEachIndex<M>(
        [&](auto index)
        {
            constexpr auto field = std::get<index()>(kFields<M>);
            f(field.name, message.*(field.kMember));
        });
}

} // namespace ibwire

#endif // IB_WIRE_FIELD_H
