// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Big-endian loads and stores of bytes and runs of bits, at places known to the compiler.
 */
#ifndef IB_WIRE_LOAD_STORE_H
#define IB_WIRE_LOAD_STORE_H

#include "ib-wire/model/field.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace ibwire::detail
{

template <std::size_t N>
constexpr void Copy(const std::uint8_t* from, std::uint8_t* to)
{
    if (std::is_constant_evaluated())
    {
        for (std::size_t i = 0; i < N; ++i)
        {
            to[i] = from[i];
        }
    }
    else
    {
        std::memcpy(to, from, N);
    }
}

template <class T>
constexpr T SwapIfLittle(T value)
{
    if constexpr (std::endian::native == std::endian::big || sizeof(T) == 1)
    {
        return value;
    }
    else if constexpr (sizeof(T) == 2)
    {
        return __builtin_bswap16(value);
    }
    else if constexpr (sizeof(T) == 4)
    {
        return __builtin_bswap32(value);
    }
    else
    {
        return __builtin_bswap64(value);
    }
}

template <std::size_t N>
using WordOf = std::conditional_t<
    N == 1,
    std::uint8_t,
    std::conditional_t<N == 2,
                       std::uint16_t,
                       std::conditional_t<N == 4, std::uint32_t, std::uint64_t>>>;

/** A big-endian number of N bytes, N = 1, 2, 4 or 8. */
template <std::size_t N>
constexpr std::uint64_t LoadBytes(const std::uint8_t* from)
{
    static_assert(N == 1 || N == 2 || N == 4 || N == 8);
    if (std::is_constant_evaluated())
    {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < N; ++i)
        {
            value = value << 8 | from[i];
        }
        return value;
    }
    WordOf<N> word;
    std::memcpy(&word, from, N);
    return SwapIfLittle(word);
}

/** Stores the low N bytes of a number, big-endian, N = 1, 2, 4 or 8. */
template <std::size_t N>
constexpr void StoreBytes(std::uint8_t* to, std::uint64_t value)
{
    static_assert(N == 1 || N == 2 || N == 4 || N == 8);
    if (std::is_constant_evaluated())
    {
        for (std::size_t i = 0; i < N; ++i)
        {
            to[i] = static_cast<std::uint8_t>(value >> (8 * (N - 1 - i)));
        }
        return;
    }
    const WordOf<N> word = SwapIfLittle(static_cast<WordOf<N>>(value));
    std::memcpy(to, &word, N);
}

/** The bits of a piece as a number; Total is the size of the message in bytes. */
template <Piece P, std::size_t Total>
constexpr std::uint64_t LoadBits(const std::uint8_t* bytes)
{
    constexpr std::size_t kWindow = std::bit_ceil((P.End() + 7) / 8 - P.byte);
    // A window may reach beyond the field, never beyond the message.
    constexpr std::size_t kStart = P.byte + kWindow <= Total ? P.byte : Total - kWindow;
    static_assert(kWindow <= 8 && kWindow <= Total);
    constexpr std::size_t kBehind = (kStart + kWindow) * 8 - P.End();
    constexpr std::uint64_t kMask =
        P.bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << (P.bits % 64)) - 1;
    return LoadBytes<kWindow>(bytes + kStart) >> kBehind & kMask;
}

/** Ors the low bits of a number into the big-endian words of a message, at the place of a piece. */
template <Piece P, std::size_t N>
constexpr void PutBits(std::array<std::uint32_t, N>& words, std::uint64_t value)
{
    if constexpr (P.bits < 64)
    {
        value &= (std::uint64_t{1} << P.bits) - 1;
    }
    constexpr std::size_t kFirst = P.First() / 32;
    constexpr std::size_t kLast = (P.End() - 1) / 32;
    static_assert(kLast - kFirst <= 2 && kLast < N);
    constexpr std::size_t kBehind = (kLast + 1) * 32 - P.End();
    words[kLast] |= static_cast<std::uint32_t>(value << kBehind);
    if constexpr (kLast > kFirst)
    {
        words[kLast - 1] |= static_cast<std::uint32_t>(value >> (32 - kBehind));
    }
    if constexpr (kLast > kFirst + 1)
    {
        words[kLast - 2] |= static_cast<std::uint32_t>(value >> (64 - kBehind));
    }
}

} // namespace ibwire::detail

#endif // IB_WIRE_LOAD_STORE_H
