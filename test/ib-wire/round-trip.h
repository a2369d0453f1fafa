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
#include <rapidcheck.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

namespace ibwiretest
{

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

inline std::uint64_t Drawn()
{
    return *rc::gen::arbitrary<std::uint64_t>();
}

template <std::size_t N>
std::array<std::uint8_t, N> DrawnBytes()
{
    const auto drawn =
        *rc::gen::container<std::vector<std::uint8_t>>(N, rc::gen::arbitrary<std::uint8_t>());
    std::array<std::uint8_t, N> bytes{};
    std::copy(drawn.begin(), drawn.end(), bytes.begin());
    return bytes;
}

TYPED_TEST_P(RoundTrip, ValuesSurviveEncodeAndDecode)
{
    EXPECT_TRUE(rc::check(
        []
        {
            auto source = Drawn;
            const auto message = RandomMessage<TypeParam>(source);
            std::array<std::uint8_t, TypeParam::kBytes> bytes;
            bytes.fill(0xa5);
            RC_ASSERT(Encode(message, bytes).has_value());
            const auto back = Decode<TypeParam>(bytes);
            RC_ASSERT(back.has_value());
            RC_ASSERT(*back == message);
        }));
}

TYPED_TEST_P(RoundTrip, BytesSurviveDecodeAndEncodeExceptReservedBits)
{
    EXPECT_TRUE(rc::check(
        []
        {
            const auto bytes = DrawnBytes<TypeParam::kBytes>();
            const auto message = Decode<TypeParam>(bytes);
            RC_ASSERT(message.has_value());
            RC_ASSERT(Fits(*message));
            std::array<std::uint8_t, TypeParam::kBytes> again;
            again.fill(0xff);
            RC_ASSERT(Encode(*message, again).has_value());
            constexpr auto kCovered = CoveredBits<TypeParam>();
            for (std::size_t i = 0; i < bytes.size(); ++i)
            {
                RC_ASSERT(again[i] == (bytes[i] & kCovered[i]));
            }
        }));
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
    auto expected = Unpack<M>(bytes);
    expected.*Member = wanted;
    bool good = Get<Member>(changed) == wanted && Unpack<M>(changed) == expected;
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

TYPED_TEST_P(RoundTrip, EachFieldIsReadFromItsBits)
{
    EXPECT_TRUE(rc::check(
        []
        {
            const auto bytes = DrawnBytes<TypeParam::kBytes>();
            RC_ASSERT(AgreesWithSlow(Unpack<TypeParam>(bytes), bytes.data()));
        }));
}

TYPED_TEST_P(RoundTrip, GetAndSetTouchTheirFieldOnly)
{
    EXPECT_TRUE(rc::check(
        []
        {
            const auto bytes = DrawnBytes<TypeParam::kBytes>();
            auto source = Drawn;
            const auto wanted = RandomMessage<TypeParam>(source);
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
            RC_ASSERT(bad == "");
        }));
}

TYPED_TEST_P(RoundTrip, WrongSizesAreErrors)
{
    std::vector<std::uint8_t> bytes(TypeParam::kBytes + 1);
    for (std::size_t size = 0; size <= bytes.size(); ++size)
    {
        const std::span part = std::span(bytes).first(size);
        const auto decoded = Decode<TypeParam>(part);
        const auto prefix = DecodePrefix<TypeParam>(part);
        const auto encoded = Encode(TypeParam{}, part);
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

TYPED_TEST_P(RoundTrip, ValuesTooWideAreRefusedAndNothingIsWritten)
{
    detail::ForEachIndex<TypeParam>(
        [&](auto index)
        {
            constexpr auto field = std::get<index()>(kFields<TypeParam>);
            constexpr auto kMember = field.kMember;
            using Value = typename decltype(field)::Value;
            if constexpr (detail::kIsScalar<Value> && !detail::kAlwaysFits<kMember>)
            {
                TypeParam message;
                message.*kMember = static_cast<Value>(std::uint64_t{1} << field.Bits());
                std::array<std::uint8_t, TypeParam::kBytes> bytes;
                bytes.fill(0x5a);
                const auto before = bytes;
                EXPECT_EQ(Encode(message, bytes).error(), WireError::kFieldRange) << field.name;
                EXPECT_EQ(bytes, before) << field.name;
                EXPECT_EQ(Set<kMember>(bytes, message.*kMember).error(), WireError::kFieldRange)
                    << field.name;
                EXPECT_EQ(bytes, before) << field.name;
                EXPECT_FALSE(Fits(message)) << field.name;
            }
        });
}

TYPED_TEST_P(RoundTrip, EqualityAndPrintSeeEveryField)
{
    Sequence source(7);
    const auto base = RandomMessage<TypeParam>(source);
    std::set<std::string> names;
    detail::ForEachIndex<TypeParam>(
        [&](auto index)
        {
            constexpr auto field = std::get<index()>(kFields<TypeParam>);
            auto other = base;
            while (other.*(field.kMember) == base.*(field.kMember))
            {
                Fill(other.*(field.kMember), field.Bits(), source);
            }
            EXPECT_NE(other, base) << field.name;
            EXPECT_NE(Print(other), Print(base)) << field.name;
            EXPECT_NE(Print(base).find(std::string(field.name) + ": "), std::string::npos);
            EXPECT_TRUE(names.insert(std::string(field.name)).second) << field.name << " twice";
        });
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
