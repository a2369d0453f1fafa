// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "soak-books.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace ibcm::test
{

std::chrono::seconds SoakDuration()
{
    if (const char* text = std::getenv("WEFT_SOAK_SECONDS"))
    {
        char* end = nullptr;
        const long value = std::strtol(text, &end, 10);
        if (*text == '\0' || *end != '\0' || value < 1 || value > 600)
        {
            ADD_FAILURE() << "WEFT_SOAK_SECONDS is '" << text
                          << "', expected a number of seconds from 1 to 600";
            return std::chrono::seconds(1);
        }
        return std::chrono::seconds(value);
    }
    return std::getenv("WEFT_LONG") != nullptr ? std::chrono::seconds(30) : std::chrono::seconds(3);
}

void CheckBooks(const WireCounters& wire, const MessageCounters& all)
{
    std::uint64_t retried = 0;
    for (std::size_t kind = 0; kind < MessageCounters::kKinds; ++kind)
    {
        const auto attribute = static_cast<ibwire::CmAttribute>(
            static_cast<std::size_t>(ibwire::CmAttribute::kReq) + kind);
        const WireTally& tally = wire.Of(attribute);
        SCOPED_TRACE(ibwire::ToString(attribute));
        EXPECT_EQ(all.sent[kind] + all.retried[kind], tally.transmitted);
        EXPECT_EQ(tally.transmitted + tally.duplicated,
                  tally.delivered + tally.lost + tally.overflowed + tally.unclaimed);
        EXPECT_EQ(all.received[kind], tally.delivered);
        retried += all.retried[kind];
    }
    EXPECT_GT(retried, 0U);
    EXPECT_EQ(all.Malformed(), 0U);
    EXPECT_EQ(wire.OfOthers().transmitted, 0U);
    EXPECT_GT(wire.Total().lost, 0U);
    EXPECT_GT(wire.Total().duplicated, 0U);
}

} // namespace ibcm::test
