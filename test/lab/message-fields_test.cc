// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Fields by name: every one of every message can be written and read.
#include "lab/model/message-fields.h"

#include "ib-wire/model/gid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace lab
{

namespace
{

using ibwire::CmAttribute;

constexpr const char* kKinds[] =
    {"REQ", "MRA", "REJ", "REP", "RTU", "DREQ", "DREP", "SIDR_REQ", "SIDR_REP", "LAP", "APR"};

TEST(MessageFields, KindsByName)
{
    for (const char* name : kKinds)
    {
        const auto kind = MessageKind(name);
        ASSERT_TRUE(kind) << name;
        EXPECT_EQ(ibwire::ToString(*kind), name);
    }
    EXPECT_EQ(MessageKind("REQUEST"), std::nullopt);
    EXPECT_EQ(MessageKind(""), std::nullopt);
}

TEST(MessageFields, EveryFieldHoldsWhatWasWritten)
{
    for (const char* name : kKinds)
    {
        const CmAttribute kind = *MessageKind(name);
        const std::vector<std::string> fields = FieldNames(kind);
        EXPECT_EQ(std::set<std::string>(fields.begin(), fields.end()).size(), fields.size());
        for (const std::string& field : fields)
        {
            ibwire::MadBytes mad = EmptyMessage(kind);
            EXPECT_EQ(ReadField(mad, field), 0U) << name << " " << field;
            ASSERT_TRUE(WriteField(mad, field, 1)) << name << " " << field;
            EXPECT_EQ(ReadField(mad, field), 1U) << name << " " << field;
            EXPECT_EQ(ibwire::DecodeHeader(mad).attributeId, static_cast<std::uint16_t>(kind));
            for (const std::string& other : fields)
            {
                EXPECT_EQ(ReadField(mad, other).value_or(9), other == field ? 1U : 0U)
                    << name << " " << field << " " << other;
            }
        }
    }
}

TEST(MessageFields, NamesAreThoseOfTheSpecification)
{
    using testing::Contains;
    EXPECT_THAT(FieldNames(CmAttribute::kReq), Contains("local-communication-id"));
    EXPECT_THAT(FieldNames(CmAttribute::kReq), Contains("local-ca-guid"));
    EXPECT_THAT(FieldNames(CmAttribute::kDreq), Contains("remote-qpn-eecn"));
    EXPECT_THAT(FieldNames(CmAttribute::kRej), Contains("additional-reject-information"));
    EXPECT_THAT(FieldNames(CmAttribute::kRtu), Contains("transaction-id"));
}

TEST(MessageFields, WhatDoesNotFitChangesNothing)
{
    const ibwire::MadBytes before = EmptyMessage(CmAttribute::kRej);
    ibwire::MadBytes mad = before;
    EXPECT_FALSE(WriteField(mad, "reason", 0x10000));
    EXPECT_FALSE(WriteField(mad, "reject-info-length", 128)); // 7 bits
    EXPECT_FALSE(WriteField(mad, "local-qpn", 1));
    EXPECT_FALSE(WriteField(mad, "", 1));
    EXPECT_EQ(mad, before);
    EXPECT_EQ(ReadField(mad, "local-qpn"), std::nullopt);
}

TEST(MessageFields, BytesBeginWithTheNumberAndGidsEndWithIt)
{
    constexpr std::uint64_t kGuid = 0x0002c90300000001;
    ibwire::MadBytes mad = EmptyMessage(CmAttribute::kRej);
    ASSERT_TRUE(WriteField(mad, "additional-reject-information", kGuid));
    const auto rej = std::get<ibwire::CmRej>(ibwire::DecodeCm(mad).value());
    EXPECT_EQ(rej.ari[0], 0x00);
    EXPECT_EQ(rej.ari[1], 0x02);
    EXPECT_EQ(rej.ari[7], 0x01);
    EXPECT_EQ(rej.ari[8], 0x00);

    mad = EmptyMessage(CmAttribute::kReq);
    ASSERT_TRUE(WriteField(mad, "primary-local-port-gid", kGuid));
    const auto req = std::get<ibwire::CmReq>(ibwire::DecodeCm(mad).value());
    EXPECT_EQ(req.primaryLocalGid, ibwire::Gid::From(ibwire::kDefaultGidPrefix, kGuid));
}

TEST(MessageFields, TheTransactionIdIsTheHeaders)
{
    ibwire::MadBytes mad = EmptyMessage(CmAttribute::kRtu);
    ASSERT_TRUE(WriteField(mad, "transaction-id", 0x1122334455667788));
    EXPECT_EQ(ibwire::DecodeHeader(mad).transactionId, 0x1122334455667788U);
    ASSERT_TRUE(WriteField(mad, "remote-communication-id", 5));
    EXPECT_EQ(ReadField(mad, "transaction-id"), 0x1122334455667788U);
}

TEST(MessageFields, WhatIsNoCmMessageHasNoFields)
{
    ibwire::MadBytes mad{};
    EXPECT_EQ(ReadField(mad, "reason"), std::nullopt);
    EXPECT_FALSE(WriteField(mad, "reason", 1));
    EXPECT_TRUE(FieldNames(CmAttribute{0x0001}).empty());
}

} // namespace

} // namespace lab
