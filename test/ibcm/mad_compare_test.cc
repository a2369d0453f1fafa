// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The comparer of MADs must see every change.
#include "capture-file.h"
#include "ib-wire/model/cm-messages.h"
#include "mad-compare.h"

#include <gtest/gtest.h>

#include <set>

namespace ibcm::test
{

namespace
{

ibwire::MadBytes Mad(const ibwire::CmMessage& message)
{
    ibwire::MadHeader header;
    header.transactionId = 7;
    return ibwire::EncodeCm(header, message).value();
}

TEST(MadCompare, TheSameBytesDoNotDiffer)
{
    EXPECT_TRUE(CompareMads(Mad(ibwire::CmReq{}), Mad(ibwire::CmReq{})).empty());
}

TEST(MadCompare, NamesTheFieldAndBothValues)
{
    ibwire::CmRep changed;
    changed.startingPsn = 0x123;
    const std::vector<FieldDifference> expected{{"REP: Starting PSN", "0x000000", "0x000123"}};
    EXPECT_EQ(CompareMads(Mad(ibwire::CmRep{}), Mad(changed)), expected);
    EXPECT_EQ(ToString(expected[0]), "REP: Starting PSN: expected 0x000000, is 0x000123");
}

TEST(MadCompare, TellsAllFieldsThatDiffer)
{
    ibwire::CmDreq changed;
    changed.localCommId = 1;
    changed.remoteQpn = 2;
    EXPECT_EQ(CompareMads(Mad(ibwire::CmDreq{}), Mad(changed)).size(), 2U);
}

TEST(MadCompare, OtherMessagesDifferInTheirHeaders)
{
    const auto differences = CompareMads(Mad(ibwire::CmRtu{}), Mad(ibwire::CmDrep{}));
    ASSERT_EQ(differences.size(), 1U);
    EXPECT_EQ(differences[0].field, "MAD: Attribute ID");
}

TEST(MadCompare, SeesEachBitOfEachMessage)
{
    const ibwire::CmMessage messages[] = {ibwire::CmReq{},
                                          ibwire::CmMra{},
                                          ibwire::CmRej{},
                                          ibwire::CmRep{},
                                          ibwire::CmRtu{},
                                          ibwire::CmDreq{},
                                          ibwire::CmDrep{},
                                          ibwire::CmSidrReq{},
                                          ibwire::CmSidrRep{},
                                          ibwire::CmLap{},
                                          ibwire::CmApr{}};
    for (const ibwire::CmMessage& message : messages)
    {
        const ibwire::MadBytes mad = Mad(message);
        for (std::size_t bit = 0; bit < mad.size() * 8; ++bit)
        {
            ibwire::MadBytes changed = mad;
            changed[bit / 8] ^= static_cast<std::uint8_t>(0x80U >> (bit % 8));
            ASSERT_EQ(CompareMads(mad, changed).size(), 1U)
                << ibwire::ToString(ibwire::AttributeOf(message)) << " bit " << bit;
        }
    }
}

} // namespace

} // namespace ibcm::test
