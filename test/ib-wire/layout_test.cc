// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The compile-time check of tables must tell each kind of fault, or it checks nothing.
#include "ib-wire/model/layout.h"

#include <gtest/gtest.h>

namespace
{

using namespace ibwire;

struct Sound
{
    std::uint8_t a{};
    std::uint32_t b{};
    bool c{};

    static constexpr std::string_view kName = "Sound";
    static constexpr std::size_t kBytes = 4;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&Sound::a>{"a", 0, 0, 5},
                               Field<&Sound::b>{"b", 0, 5, 20},
                               Field<&Sound::c>{"c", 3, 7, 1});
    }
};

static_assert(CheckLayout<Sound>() == LayoutFault::kNone);
static_assert(CoveredBits<Sound>() == std::array<std::uint8_t, 4>{0xff, 0xff, 0xff, 0x81});
static_assert(kFieldCount<Sound> == 3);

struct Overlapping
{
    std::uint8_t a{};
    std::uint8_t b{};

    static constexpr std::string_view kName = "Overlapping";
    static constexpr std::size_t kBytes = 4;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&Overlapping::a>{"a", 0, 0, 5},
                               Field<&Overlapping::b>{"b", 0, 4, 4});
    }
};

static_assert(CheckLayout<Overlapping>() == LayoutFault::kOverlap);

struct Outside
{
    std::uint16_t a{};

    static constexpr std::string_view kName = "Outside";
    static constexpr std::size_t kBytes = 4;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&Outside::a>{"a", 3, 0, 16});
    }
};

static_assert(CheckLayout<Outside>() == LayoutFault::kOutside);

struct TooNarrow
{
    std::uint8_t a{};

    static constexpr std::string_view kName = "TooNarrow";
    static constexpr std::size_t kBytes = 4;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&TooNarrow::a>{"a", 0, 0, 9});
    }
};

static_assert(CheckLayout<TooNarrow>() == LayoutFault::kMemberTooNarrow);

struct WideBool
{
    bool a{};

    static constexpr std::string_view kName = "WideBool";
    static constexpr std::size_t kBytes = 4;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&WideBool::a>{"a", 0, 0, 2});
    }
};

static_assert(CheckLayout<WideBool>() == LayoutFault::kMemberTooNarrow);

struct SlantedGid
{
    Gid a{};

    static constexpr std::string_view kName = "SlantedGid";
    static constexpr std::size_t kBytes = 20;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&SlantedGid::a>{"a", 0, 4, 128});
    }
};

static_assert(CheckLayout<SlantedGid>() == LayoutFault::kNotBytes);

struct OddSize
{
    std::uint8_t a{};

    static constexpr std::string_view kName = "OddSize";
    static constexpr std::size_t kBytes = 3;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&OddSize::a>{"a", 0, 0, 8});
    }
};

static_assert(CheckLayout<OddSize>() == LayoutFault::kSizeNotWords);

struct NineBytes
{
    std::uint64_t a{};

    static constexpr std::string_view kName = "NineBytes";
    static constexpr std::size_t kBytes = 12;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&NineBytes::a>{"a", 0, 4, 64});
    }
};

static_assert(CheckLayout<NineBytes>() == LayoutFault::kTooWide);

struct NoBits
{
    std::uint8_t a{};

    static constexpr std::string_view kName = "NoBits";
    static constexpr std::size_t kBytes = 4;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&NoBits::a>{"a", 0, 0, 0});
    }
};

static_assert(CheckLayout<NoBits>() == LayoutFault::kEmpty);

/** Nested messages bring their reserved bits along. */
struct Nested
{
    Sound inner{};
    std::uint8_t late{};

    static constexpr std::string_view kName = "Nested";
    static constexpr std::size_t kBytes = 8;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&Nested::inner>{"inner", 4, 0, 32},
                               Field<&Nested::late>{"late", 7, 1, 6});
    }
};

static_assert(CheckLayout<Nested>() == LayoutFault::kNone);
static_assert(CoveredBits<Nested>()[7] == 0xff);

TEST(Layout, TheStaticAssertionsOfThisFileHold)
{
    EXPECT_EQ(CheckLayout<Sound>(), LayoutFault::kNone);
    EXPECT_EQ(CheckLayout<Overlapping>(), LayoutFault::kOverlap);
}

} // namespace
