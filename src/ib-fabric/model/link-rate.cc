// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/link-rate.h"

#include <array>

namespace ns3
{

namespace
{

struct WidthRow
{
    IbLinkWidth width;
    std::uint32_t lanes;
    const char* name;
};

constexpr std::array<WidthRow, 5> kWidths{{
    {IbLinkWidth::k1x, 1, "1x"},
    {IbLinkWidth::k2x, 2, "2x"},
    {IbLinkWidth::k4x, 4, "4x"},
    {IbLinkWidth::k8x, 8, "8x"},
    {IbLinkWidth::k12x, 12, "12x"},
}};

struct SpeedRow
{
    IbLinkSpeed speed;
    std::uint64_t kbps; // after encoding
    const char* name;
};

// SDR..QDR: 8b/10b. FDR10, FDR, EDR: 64b/66b. HDR and later: the named rate is the data rate,
// the FEC parity comes on top of it on the wire.
constexpr std::array<SpeedRow, 9> kSpeeds{{
    {IbLinkSpeed::kSdr, 2'000'000, "SDR"},
    {IbLinkSpeed::kDdr, 4'000'000, "DDR"},
    {IbLinkSpeed::kQdr, 8'000'000, "QDR"},
    {IbLinkSpeed::kFdr10, 10'000'000, "FDR10"},
    {IbLinkSpeed::kFdr, 13'636'363, "FDR"},
    {IbLinkSpeed::kEdr, 25'000'000, "EDR"},
    {IbLinkSpeed::kHdr, 50'000'000, "HDR"},
    {IbLinkSpeed::kNdr, 100'000'000, "NDR"},
    {IbLinkSpeed::kXdr, 200'000'000, "XDR"},
}};

struct SaRateRow
{
    std::uint8_t code;
    std::uint64_t kbps; // after encoding
};

// PathRecord.Rate; the codes count signalling rates (2.5, 10, 30, 5, ... Gb/s).
constexpr std::array<SaRateRow, 23> kSaRates{{
    {2, 2'000'000},    {5, 4'000'000},    {3, 8'000'000},      {6, 16'000'000},   {4, 24'000'000},
    {7, 32'000'000},   {8, 48'000'000},   {9, 64'000'000},     {10, 96'000'000},  {11, 13'636'363},
    {19, 27'272'726},  {12, 54'545'452},  {13, 109'090'904},   {14, 163'636'356}, {15, 25'000'000},
    {20, 50'000'000},  {16, 100'000'000}, {17, 200'000'000},   {18, 300'000'000}, {21, 400'000'000},
    {22, 600'000'000}, {23, 800'000'000}, {24, 1'200'000'000},
}};

} // namespace

std::uint32_t LaneCount(IbLinkWidth width)
{
    for (const auto& row : kWidths)
    {
        if (row.width == width)
        {
            return row.lanes;
        }
    }
    return 1;
}

std::uint64_t LaneDataRateKbps(IbLinkSpeed speed)
{
    for (const auto& row : kSpeeds)
    {
        if (row.speed == speed)
        {
            return row.kbps;
        }
    }
    return kSpeeds.front().kbps;
}

std::uint64_t DataRateKbps(IbLinkRate rate)
{
    return LaneCount(rate.width) * LaneDataRateKbps(rate.speed);
}

std::uint8_t SaRateCode(IbLinkRate rate)
{
    const std::uint64_t kbps = DataRateKbps(rate);
    SaRateRow best = kSaRates.front();
    for (const auto& row : kSaRates)
    {
        if (row.kbps <= kbps && row.kbps > best.kbps)
        {
            best = row;
        }
    }
    return best.code;
}

std::uint64_t SaRateKbps(std::uint8_t code)
{
    for (const auto& row : kSaRates)
    {
        if (row.code == code)
        {
            return row.kbps;
        }
    }
    return 0;
}

const char* ToString(IbLinkWidth width)
{
    for (const auto& row : kWidths)
    {
        if (row.width == width)
        {
            return row.name;
        }
    }
    return "?x";
}

const char* ToString(IbLinkSpeed speed)
{
    for (const auto& row : kSpeeds)
    {
        if (row.speed == speed)
        {
            return row.name;
        }
    }
    return "?";
}

std::string ToString(IbLinkRate rate)
{
    return std::string(ToString(rate.width)) + ToString(rate.speed);
}

std::optional<IbLinkWidth> ParseLinkWidth(std::string_view text)
{
    for (const auto& row : kWidths)
    {
        if (text == row.name)
        {
            return row.width;
        }
    }
    return std::nullopt;
}

std::optional<IbLinkSpeed> ParseLinkSpeed(std::string_view text)
{
    for (const auto& row : kSpeeds)
    {
        if (text == row.name)
        {
            return row.speed;
        }
    }
    return std::nullopt;
}

std::optional<IbLinkRate> ParseLinkRate(std::string_view text)
{
    const std::size_t x = text.find('x');
    if (x == std::string_view::npos)
    {
        return std::nullopt;
    }
    const auto width = ParseLinkWidth(text.substr(0, x + 1));
    const auto speed = ParseLinkSpeed(text.substr(x + 1));
    if (!width || !speed)
    {
        return std::nullopt;
    }
    return IbLinkRate{*width, *speed};
}

} // namespace ns3
