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
#include "ib-wire/model/pack.h"
#include "ib-wire/model/unpack.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <type_traits>

namespace ibwire
{

namespace detail
{

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
    return detail::UnpackFields<M>(bytes.data(), detail::kIndices<M>);
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
