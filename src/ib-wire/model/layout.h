// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * What the compiler can prove about a table of fields: nothing overlaps, nothing lies outside the
 * message, and every member is wide enough for its field.
 */
#ifndef IB_WIRE_LAYOUT_H
#define IB_WIRE_LAYOUT_H

#include "ib-wire/model/field.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ibwire
{

/** What is wrong with a table; named so that a failing static_assert tells. */
enum class LayoutFault : std::uint8_t
{
    kNone,
    kSizeNotWords,    ///< kBytes is not a multiple of 4
    kOutside,         ///< a field ends behind kBytes
    kOverlap,         ///< two fields claim the same bit
    kMemberTooNarrow, ///< the member cannot hold the field
    kNotBytes,        ///< a GID, array or message that does not begin and end on a byte
    kTooWide,         ///< a run of an integer that reaches over more than 8 bytes
    kEmpty,           ///< a run of no bits
};

/** For each bit on the wire: 1 if a field covers it, 0 if it is reserved. */
template <Message M>
consteval std::array<std::uint8_t, M::kBytes> CoveredBits();

namespace detail
{

template <std::size_t N>
struct Cover
{
    std::array<std::uint8_t, N> mask{};
    LayoutFault fault{LayoutFault::kNone};

    constexpr void Add(std::size_t byte, std::uint8_t bits)
    {
        if ((mask[byte] & bits) != 0)
        {
            fault = LayoutFault::kOverlap;
        }
        mask[byte] = static_cast<std::uint8_t>(mask[byte] | bits);
    }

    constexpr void Add(const Piece& piece)
    {
        if (piece.bits == 0 || piece.bit > 7)
        {
            fault = LayoutFault::kEmpty;
            return;
        }
        if (piece.End() > N * 8)
        {
            fault = LayoutFault::kOutside;
            return;
        }
        for (std::size_t byte = piece.byte; byte * 8 < piece.End(); ++byte)
        {
            unsigned bits = 0xff;
            if (byte == piece.byte)
            {
                bits &= 0xffU >> piece.bit;
            }
            if (piece.End() < (byte + 1) * 8)
            {
                bits &= 0xffU << ((byte + 1) * 8 - piece.End());
            }
            Add(byte, static_cast<std::uint8_t>(bits));
        }
    }
};

template <class T, std::size_t N, class F>
constexpr void CoverField(Cover<N>& cover, const F& field)
{
    if (field.Bits() > CapacityBits<T>())
    {
        cover.fault = LayoutFault::kMemberTooNarrow;
    }
    const Piece& first = field.pieces[0];
    if constexpr (Message<T>)
    {
        if (field.count != 1 || first.bit != 0 || first.bits != T::kBytes * 8)
        {
            cover.fault = LayoutFault::kNotBytes;
            return;
        }
        if (first.End() > N * 8)
        {
            cover.fault = LayoutFault::kOutside;
            return;
        }
        const auto inner = CoveredBits<T>();
        for (std::size_t i = 0; i < T::kBytes; ++i)
        {
            cover.Add(first.byte + i, inner[i]);
        }
    }
    else
    {
        for (std::size_t i = 0; i < field.count; ++i)
        {
            const Piece& piece = field.pieces[i];
            cover.Add(piece);
            if constexpr (kIsScalar<T>)
            {
                if (piece.bits > 64 || (piece.End() + 7) / 8 - piece.byte > 8)
                {
                    cover.fault = LayoutFault::kTooWide;
                }
            }
            else if (field.count != 1 || piece.bit != 0 || piece.bits % 8 != 0)
            {
                cover.fault = LayoutFault::kNotBytes;
            }
        }
    }
}

template <Message M>
constexpr Cover<M::kBytes> CoverOf()
{
    Cover<M::kBytes> cover;
    ForEachIndex<M>(
        [&](auto index)
        {
            constexpr auto field = std::get<index()>(kFields<M>);
            CoverField<typename decltype(field)::Value>(cover, field);
        });
    if (M::kBytes == 0 || M::kBytes % 4 != 0)
    {
        cover.fault = LayoutFault::kSizeNotWords;
    }
    return cover;
}

} // namespace detail

template <Message M>
consteval std::array<std::uint8_t, M::kBytes> CoveredBits()
{
    return detail::CoverOf<M>().mask;
}

/** Checks the table of M; kNone if it is sound. */
template <Message M>
consteval LayoutFault CheckLayout()
{
    return detail::CoverOf<M>().fault;
}

} // namespace ibwire

#endif // IB_WIRE_LAYOUT_H
