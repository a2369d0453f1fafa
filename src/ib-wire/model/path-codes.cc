// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/path-codes.h"

#include <array>

namespace ibwire
{

namespace
{

struct RateRow
{
    Rate rate;
    std::uint16_t hundredMbps;
    const char* text;
};

// Ordered by speed, so that a search for the slowest sufficient rate is a walk.
constexpr std::array kRates{
    RateRow{Rate::k2_5Gbps, 25, "2.5 Gb/s"},      RateRow{Rate::k5Gbps, 50, "5 Gb/s"},
    RateRow{Rate::k10Gbps, 100, "10 Gb/s"},       RateRow{Rate::k14Gbps, 140, "14 Gb/s"},
    RateRow{Rate::k20Gbps, 200, "20 Gb/s"},       RateRow{Rate::k25Gbps, 250, "25 Gb/s"},
    RateRow{Rate::k28Gbps, 280, "28 Gb/s"},       RateRow{Rate::k30Gbps, 300, "30 Gb/s"},
    RateRow{Rate::k40Gbps, 400, "40 Gb/s"},       RateRow{Rate::k50Gbps, 500, "50 Gb/s"},
    RateRow{Rate::k56Gbps, 560, "56 Gb/s"},       RateRow{Rate::k60Gbps, 600, "60 Gb/s"},
    RateRow{Rate::k80Gbps, 800, "80 Gb/s"},       RateRow{Rate::k100Gbps, 1000, "100 Gb/s"},
    RateRow{Rate::k112Gbps, 1120, "112 Gb/s"},    RateRow{Rate::k120Gbps, 1200, "120 Gb/s"},
    RateRow{Rate::k168Gbps, 1680, "168 Gb/s"},    RateRow{Rate::k200Gbps, 2000, "200 Gb/s"},
    RateRow{Rate::k300Gbps, 3000, "300 Gb/s"},    RateRow{Rate::k400Gbps, 4000, "400 Gb/s"},
    RateRow{Rate::k600Gbps, 6000, "600 Gb/s"},    RateRow{Rate::k800Gbps, 8000, "800 Gb/s"},
    RateRow{Rate::k1200Gbps, 12000, "1200 Gb/s"},
};

const RateRow* FindRate(Rate rate)
{
    for (const RateRow& row : kRates)
    {
        if (row.rate == rate)
        {
            return &row;
        }
    }
    return nullptr;
}

} // namespace

const char* ToString(Mtu mtu)
{
    switch (mtu)
    {
    case Mtu::k256:
        return "256";
    case Mtu::k512:
        return "512";
    case Mtu::k1024:
        return "1024";
    case Mtu::k2048:
        return "2048";
    case Mtu::k4096:
        return "4096";
    }
    return "reserved";
}

std::uint32_t MtuBytes(Mtu mtu)
{
    return mtu >= Mtu::k256 && mtu <= Mtu::k4096 ? 128U << static_cast<unsigned>(mtu) : 0;
}

Mtu MtuFromBytes(std::uint32_t bytes)
{
    auto best = Mtu{0};
    for (const Mtu mtu : {Mtu::k256, Mtu::k512, Mtu::k1024, Mtu::k2048, Mtu::k4096})
    {
        if (MtuBytes(mtu) <= bytes)
        {
            best = mtu;
        }
    }
    return best;
}

const char* ToString(Rate rate)
{
    const RateRow* row = FindRate(rate);
    return row == nullptr ? "reserved" : row->text;
}

std::uint32_t RateHundredMbps(Rate rate)
{
    const RateRow* row = FindRate(rate);
    return row == nullptr ? 0 : row->hundredMbps;
}

Rate RateFromHundredMbps(std::uint32_t units)
{
    for (const RateRow& row : kRates)
    {
        if (row.hundredMbps >= units)
        {
            return row.rate;
        }
    }
    return Rate{0};
}

} // namespace ibwire
