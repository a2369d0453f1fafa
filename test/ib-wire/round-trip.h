// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Properties that every layout has, whatever its fields. Each *_round_trip_test.cc instantiates
 * them for some of the layouts, so that no single file takes minutes to compile.
 */
#ifndef WEFT_TEST_IB_WIRE_ROUND_TRIP_H
#define WEFT_TEST_IB_WIRE_ROUND_TRIP_H

#include "ib-wire/model/print.h"
#include "messages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace ibwiretest
{

// One copy of each function for a layout: inlined into every test they take minutes to compile.
template <class M>
[[gnu::noinline]] M UnpackOnce(const std::array<std::uint8_t, M::kBytes>& bytes)
{
    return Unpack<M>(bytes);
}

template <class M>
[[gnu::noinline]] Result<M> DecodeOnce(std::span<const std::uint8_t> bytes)
{
    return Decode<M>(bytes);
}

template <class M>
[[gnu::noinline]] Result<void> EncodeOnce(const M& message, std::span<std::uint8_t> bytes)
{
    return Encode(message, bytes);
}

template <class M>
[[gnu::noinline]] bool Same(const M& a, const M& b)
{
    return a == b;
}

template <class M>
[[gnu::noinline]] std::string PrintOnce(const M& message)
{
    return Print(message);
}

template <class M>
[[gnu::noinline]] M RandomOnce(Sequence& source)
{
    return RandomMessage<M>(source);
}

template <class T>
struct ToGtest;

template <class... M>
struct ToGtest<std::tuple<M...>>
{
    using Types = testing::Types<M...>;
};

struct NameOfMessage
{
    template <class M>
    static std::string GetName(int)
    {
        std::string name;
        for (const char c : std::string(M::kName))
        {
            name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
        }
        return name;
    }
};

template <class M>
class RoundTrip : public testing::Test
{
};

TYPED_TEST_SUITE_P(RoundTrip);

/**
 * Draws bytes and a seed and asks a property about them, which answers "" or what is wrong;
 * true if nothing was, after the number of tries that RapidCheck takes. Not a template, so that
 * RapidCheck's own are compiled once.
 */
bool Holds(std::size_t size,
           const std::function<std::string(std::span<const std::uint8_t>, Sequence&)>& property);

/** The drawn bytes as an array. */
template <class M>
std::array<std::uint8_t, M::kBytes> ArrayOf(std::span<const std::uint8_t> drawn)
{
    std::array<std::uint8_t, M::kBytes> bytes{};
    std::copy_n(drawn.begin(), bytes.size(), bytes.begin());
    return bytes;
}

/** True if every value of a message, nested ones too, is what a reading bit by bit gives. */
template <class M>
bool AgreesWithSlow(const M& message, const std::uint8_t* bytes)
{
    bool agrees = true;
    detail::ForEachIndex<M>(
        [&](auto index)
        {
            constexpr auto field = std::get<index()>(kFields<M>);
            using Value = typename decltype(field)::Value;
            const Value& value = message.*(field.kMember);
            const Piece& piece = field.pieces[0];
            if constexpr (detail::kIsScalar<Value>)
            {
                agrees = agrees && detail::ToWord(value) == SlowField(bytes, field);
            }
            else if constexpr (Message<Value>)
            {
                agrees = agrees && AgreesWithSlow(value, bytes + piece.byte);
            }
            else if constexpr (detail::ArrayTraits<Value>::kIsArray)
            {
                const auto each = static_cast<std::uint16_t>(piece.bits / value.size());
                for (std::size_t i = 0; i < value.size(); ++i)
                {
                    const std::size_t first = piece.First() + i * each;
                    agrees = agrees && value[i] == SlowBits(bytes,
                                                            {static_cast<std::uint16_t>(first / 8),
                                                             static_cast<std::uint8_t>(first % 8),
                                                             each});
                }
            }
            else
            {
                agrees =
                    agrees && std::equal(value.raw.begin(), value.raw.end(), bytes + piece.byte);
            }
        });
    return agrees;
}

/** Sets one field in a copy of the bytes; true if that field, and nothing else, has changed. */
template <auto Member, std::size_t N>
bool SetsItsFieldOnly(const std::array<std::uint8_t, N>& bytes,
                      const detail::ValueOf<Member>& wanted)
{
    using M = detail::MessageOf<Member>;
    constexpr auto field = std::get<detail::kIndexOf<Member>>(kFields<M>);
    auto changed = bytes;
    if constexpr (detail::kAlwaysFits<Member>)
    {
        Set<Member>(changed, wanted);
    }
    else if (!Set<Member>(changed, wanted))
    {
        return false;
    }
    auto expected = UnpackOnce<M>(bytes);
    expected.*Member = wanted;
    bool good = Get<Member>(changed) == wanted && Same(UnpackOnce<M>(changed), expected);
    if constexpr (!Message<detail::ValueOf<Member>>)
    {
        // Reserved bits beside the field stay as they were, too.
        detail::Cover<M::kBytes> own;
        for (std::size_t i = 0; i < field.count; ++i)
        {
            own.Add(field.pieces[i]);
        }
        for (std::size_t i = 0; i < bytes.size(); ++i)
        {
            good = good && ((changed[i] ^ bytes[i]) & ~own.mask[i] & 0xff) == 0;
        }
    }
    return good;
}

TYPED_TEST_P(RoundTrip, ValuesSurviveEncodeAndDecode)
{
    EXPECT_TRUE(Holds(0,
                      [](std::span<const std::uint8_t>, Sequence& source) -> std::string
                      {
                          const auto message = RandomOnce<TypeParam>(source);
                          std::array<std::uint8_t, TypeParam::kBytes> bytes;
                          bytes.fill(0xa5);
                          if (!EncodeOnce(message, bytes))
                          {
                              return "refused: " + PrintOnce(message);
                          }
                          const auto back = DecodeOnce<TypeParam>(bytes);
                          return back && Same(*back, message) ? ""
                                                              : "changed: " + PrintOnce(message);
                      }));
}

TYPED_TEST_P(RoundTrip, BytesSurviveDecodeAndEncodeExceptReservedBits)
{
    EXPECT_TRUE(Holds(TypeParam::kBytes,
                      [](std::span<const std::uint8_t> bytes, Sequence&) -> std::string
                      {
                          const auto message = DecodeOnce<TypeParam>(bytes);
                          std::array<std::uint8_t, TypeParam::kBytes> again;
                          again.fill(0xff);
                          if (!message || !Fits(*message) || !EncodeOnce(*message, again))
                          {
                              return "refused";
                          }
                          constexpr auto kCovered = CoveredBits<TypeParam>();
                          for (std::size_t i = 0; i < bytes.size(); ++i)
                          {
                              if (again[i] != (bytes[i] & kCovered[i]))
                              {
                                  return "byte " + std::to_string(i);
                              }
                          }
                          return "";
                      }));
}

TYPED_TEST_P(RoundTrip, EachFieldIsReadFromItsBits)
{
    EXPECT_TRUE(Holds(TypeParam::kBytes,
                      [](std::span<const std::uint8_t> drawn, Sequence&) -> std::string
                      {
                          const auto bytes = ArrayOf<TypeParam>(drawn);
                          return AgreesWithSlow(UnpackOnce<TypeParam>(bytes), bytes.data())
                                     ? ""
                                     : "differs";
                      }));
}

TYPED_TEST_P(RoundTrip, GetAndSetTouchTheirFieldOnly)
{
    EXPECT_TRUE(
        Holds(TypeParam::kBytes,
              [](std::span<const std::uint8_t> drawn, Sequence& source) -> std::string
              {
                  const auto bytes = ArrayOf<TypeParam>(drawn);
                  const auto wanted = RandomOnce<TypeParam>(source);
                  std::string bad;
                  detail::ForEachIndex<TypeParam>(
                      [&](auto index)
                      {
                          constexpr auto field = std::get<index()>(kFields<TypeParam>);
                          if (!SetsItsFieldOnly<field.kMember>(bytes, wanted.*(field.kMember)))
                          {
                              bad += std::string(field.name) + "; ";
                          }
                      });
                  return bad;
              }));
}

TYPED_TEST_P(RoundTrip, WrongSizesAreErrors)
{
    std::vector<std::uint8_t> bytes(TypeParam::kBytes + 1);
    for (std::size_t size = 0; size <= bytes.size(); ++size)
    {
        const std::span part = std::span(bytes).first(size);
        const auto decoded = DecodeOnce<TypeParam>(part);
        const auto prefix = DecodePrefix<TypeParam>(part);
        const auto encoded = EncodeOnce(TypeParam{}, part);
        if (size < TypeParam::kBytes)
        {
            EXPECT_EQ(decoded.error(), WireError::kTruncated);
            EXPECT_EQ(prefix.error(), WireError::kTruncated);
            EXPECT_EQ(encoded.error(), WireError::kTruncated);
        }
        else if (size > TypeParam::kBytes)
        {
            EXPECT_EQ(decoded.error(), WireError::kOversized);
            EXPECT_TRUE(prefix.has_value());
            EXPECT_EQ(encoded.error(), WireError::kOversized);
        }
        else
        {
            EXPECT_TRUE(decoded.has_value());
            EXPECT_TRUE(prefix.has_value());
            EXPECT_TRUE(encoded.has_value());
        }
    }
}

/** True if one more bit than a field has is refused, by Encode and by Set, with nothing written. */
template <auto Member>
bool RefusesTooWide()
{
    using M = detail::MessageOf<Member>;
    constexpr auto field = std::get<detail::kIndexOf<Member>>(kFields<M>);
    M message;
    message.*Member = static_cast<detail::ValueOf<Member>>(std::uint64_t{1} << field.Bits());
    std::array<std::uint8_t, M::kBytes> bytes;
    bytes.fill(0x5a);
    const auto before = bytes;
    const auto encoded = EncodeOnce(message, bytes);
    const auto set = Set<Member>(bytes, message.*Member);
    return !encoded && encoded.error() == WireError::kFieldRange && !set &&
           set.error() == WireError::kFieldRange && bytes == before;
}

TYPED_TEST_P(RoundTrip, ValuesTooWideAreRefusedAndNothingIsWritten)
{
    std::string bad;
    detail::ForEachIndex<TypeParam>(
        [&](auto index)
        {
            constexpr auto field = std::get<index()>(kFields<TypeParam>);
            constexpr auto kMember = field.kMember;
            if constexpr (detail::kIsScalar<typename decltype(field)::Value> &&
                          !detail::kAlwaysFits<kMember>)
            {
                bad += RefusesTooWide<kMember>() ? "" : std::string(field.name) + "; ";
            }
        });
    EXPECT_EQ(bad, "");
}

TYPED_TEST_P(RoundTrip, EqualityAndPrintSeeEveryField)
{
    Sequence source(7);
    const auto base = RandomOnce<TypeParam>(source);
    const std::string printed = PrintOnce(base);
    std::set<std::string> names;
    std::string bad;
    detail::ForEachIndex<TypeParam>(
        [&](auto index)
        {
            constexpr auto field = std::get<index()>(kFields<TypeParam>);
            const std::string name(field.name);
            auto other = base;
            while (other.*(field.kMember) == base.*(field.kMember))
            {
                Fill(other.*(field.kMember), field.Bits(), source);
            }
            const bool good = !Same(other, base) && PrintOnce(other) != printed &&
                              printed.find(name + ": ") != std::string::npos &&
                              names.insert(name).second;
            bad += good ? "" : name + "; ";
        });
    EXPECT_EQ(bad, "");
    EXPECT_EQ(names.size(), kFieldCount<TypeParam>);
}

REGISTER_TYPED_TEST_SUITE_P(RoundTrip,
                            ValuesSurviveEncodeAndDecode,
                            BytesSurviveDecodeAndEncodeExceptReservedBits,
                            EachFieldIsReadFromItsBits,
                            GetAndSetTouchTheirFieldOnly,
                            WrongSizesAreErrors,
                            ValuesTooWideAreRefusedAndNothingIsWritten,
                            EqualityAndPrintSeeEveryField);

} // namespace ibwiretest

#endif // WEFT_TEST_IB_WIRE_ROUND_TRIP_H
