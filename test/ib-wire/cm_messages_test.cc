// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "messages.h"

#include <gtest/gtest.h>

namespace
{

using namespace ibwiretest;
using namespace std::chrono_literals;

MadHeader SomeHeader()
{
    return {.transactionId = 0x1122334455667788, .attributeModifier = 0x99aabbcc};
}

template <class... M>
std::vector<CmMessage> OneOfEach(const std::variant<M...>*)
{
    Sequence source(3);
    return {CmMessage(RandomMessage<M>(source))...};
}

TEST(CmMessages, EveryKindSurvivesTheWayThroughAMad)
{
    for (const CmMessage& message : OneOfEach(static_cast<const CmMessage*>(nullptr)))
    {
        const auto mad = EncodeCm(SomeHeader(), message);
        ASSERT_TRUE(mad.has_value());
        const MadHeader header = DecodeHeader(*mad);
        EXPECT_EQ(header.baseVersion, 1);
        EXPECT_EQ(header.mgmtClass, MgmtClass::kCm);
        EXPECT_EQ(header.classVersion, 2);
        EXPECT_EQ(header.method, MadMethod::kSend);
        EXPECT_EQ(header.status, 0);
        EXPECT_EQ(header.transactionId, 0x1122334455667788u);
        EXPECT_EQ(header.attributeModifier, 0x99aabbccu);
        EXPECT_EQ(header.attributeId, static_cast<std::uint16_t>(AttributeOf(message)));
        EXPECT_EQ(MadKindName(*mad), ToString(AttributeOf(message)));
        const auto back = DecodeCm(*mad);
        ASSERT_TRUE(back.has_value());
        EXPECT_EQ(*back, message);
    }
}

TEST(CmMessages, AttributeIds)
{
    EXPECT_EQ(static_cast<int>(AttributeOf(CmReq{})), 0x10);
    EXPECT_EQ(static_cast<int>(AttributeOf(CmMra{})), 0x11);
    EXPECT_EQ(static_cast<int>(AttributeOf(CmRej{})), 0x12);
    EXPECT_EQ(static_cast<int>(AttributeOf(CmRep{})), 0x13);
    EXPECT_EQ(static_cast<int>(AttributeOf(CmRtu{})), 0x14);
    EXPECT_EQ(static_cast<int>(AttributeOf(CmDreq{})), 0x15);
    EXPECT_EQ(static_cast<int>(AttributeOf(CmDrep{})), 0x16);
    EXPECT_EQ(static_cast<int>(AttributeOf(CmSidrReq{})), 0x17);
    EXPECT_EQ(static_cast<int>(AttributeOf(CmSidrRep{})), 0x18);
    EXPECT_EQ(static_cast<int>(AttributeOf(CmLap{})), 0x19);
    EXPECT_EQ(static_cast<int>(AttributeOf(CmApr{})), 0x1a);
}

TEST(CmMessages, PrivateDataStartsWhereTheTableOfAttributesSays)
{
    struct Row
    {
        CmAttribute attribute;
        std::size_t offset;
        std::size_t bytes;
    };

    constexpr Row kRows[] = {
        {CmAttribute::kReq, 140, 92},
        {CmAttribute::kMra, 10, 222},
        {CmAttribute::kRej, 84, 148},
        {CmAttribute::kRep, 36, 196},
        {CmAttribute::kRtu, 8, 224},
        {CmAttribute::kDreq, 12, 220},
        {CmAttribute::kDrep, 8, 224},
        {CmAttribute::kSidrReq, 16, 216},
        {CmAttribute::kSidrRep, 96, 136},
        {CmAttribute::kLap, 64, 168},
        {CmAttribute::kApr, 84, 148},
    };
    for (const Row& row : kRows)
    {
        const auto offset = PrivateDataOffset(row.attribute);
        ASSERT_TRUE(offset.has_value()) << ToString(row.attribute);
        EXPECT_EQ(*offset, row.offset) << ToString(row.attribute);
        EXPECT_EQ(232 - *offset, row.bytes) << ToString(row.attribute);
    }
    static_assert(kPrivateDataBytes<CmReq> == 92 && kPrivateDataOffset<CmReq> == 140);
    for (const CmAttribute attribute :
         {CmAttribute::kClassPortInfo, CmAttribute::kSap, CmAttribute::kSpr, CmAttribute{0x7777}})
    {
        EXPECT_EQ(PrivateDataOffset(attribute).error(), WireError::kUnknownAttribute);
    }
}

TEST(CmMessages, DecodeSaysWhatIsWrong)
{
    const MadBytes good = EncodeCm(SomeHeader(), CmRtu{}).value();
    const auto with = [&](std::size_t byte, std::uint8_t value)
    {
        MadBytes mad = good;
        mad[byte] = value;
        const auto message = DecodeCm(mad);
        EXPECT_FALSE(message.has_value());
        return message ? WireError{} : message.error();
    };
    EXPECT_EQ(with(0, 2), WireError::kBadVersion);
    EXPECT_EQ(with(1, 3), WireError::kBadClass);
    EXPECT_EQ(with(2, 1), WireError::kBadVersion);
    EXPECT_EQ(with(3, 0x01), WireError::kBadMethod);
    EXPECT_EQ(with(3, 0x83), WireError::kBadMethod);
    EXPECT_EQ(with(17, 0x01), WireError::kUnknownAttribute); // ClassPortInfo
    EXPECT_EQ(with(17, 0x1b), WireError::kUnknownAttribute); // SAP
    EXPECT_EQ(with(17, 0x0f), WireError::kUnknownAttribute);
    EXPECT_EQ(with(16, 0x01), WireError::kUnknownAttribute);
}

TEST(CmMessages, EncodeRefusesAValueTooWide)
{
    EXPECT_EQ(EncodeCm(SomeHeader(), CmReq{.localQpn = 1U << 24}).error(), WireError::kFieldRange);
    EXPECT_EQ(EncodeCm(SomeHeader(), CmRep{.vendorId = 1U << 24}).error(), WireError::kFieldRange);
    EXPECT_TRUE(EncodeCm(SomeHeader(), CmRep{.vendorId = 0xffffff}).has_value());
}

TEST(CmMessages, SetOneFieldOfAMadInPlace)
{
    MadBytes mad = EncodeCm(SomeHeader(), CmRep{}).value();
    ASSERT_TRUE(Set<&CmRep::vendorId>(CmData(mad), 0xa1b2c3));
    Set<&CmRep::localCommId>(CmData(mad), 0x01020304);
    EXPECT_EQ(mad[24 + 15], 0xa1);
    EXPECT_EQ(mad[24 + 19], 0xb2);
    EXPECT_EQ(mad[24 + 23], 0xc3);
    EXPECT_EQ(Get<&CmRep::vendorId>(CmData(mad)), 0xa1b2c3u);
    EXPECT_EQ(Get<&CmRep::localCommId>(CmData(std::as_const(mad))), 0x01020304u);
    EXPECT_EQ(Get<&MadHeader::transactionId>(mad), 0x1122334455667788u);
}

TEST(CmMessages, EveryByteStringIsSafeToDecode)
{
    Sequence source(5);
    for (int i = 0; i < 2000; ++i)
    {
        MadBytes mad;
        for (std::uint8_t& byte : mad)
        {
            byte = static_cast<std::uint8_t>(source());
        }
        if (i % 2 == 0)
        {
            const MadBytes head = EncodeCm(SomeHeader(), CmReq{}).value();
            std::copy_n(head.begin(), 17, mad.begin());
            mad[17] = static_cast<std::uint8_t>(0x10 + source() % 16);
        }
        EXPECT_FALSE(MadKindName(mad).empty());
        if (const auto message = DecodeCm(mad))
        {
            EXPECT_TRUE(EncodeCm(DecodeHeader(mad), *message).has_value());
        }
    }
}

TEST(CmCodes, NamesOfReasonsAndStatuses)
{
    EXPECT_STREQ(ToString(RejReason::kInvalidServiceId), "invalid service ID");
    EXPECT_EQ(static_cast<int>(RejReason::kInvalidServiceId), 8);
    EXPECT_STREQ(ToString(RejReason::kConsumer), "consumer reject");
    EXPECT_EQ(static_cast<int>(RejReason::kConsumer), 28);
    EXPECT_STREQ(ToString(RejReason::kVendorOptionNotSupported), "vendor option not supported");
    EXPECT_EQ(static_cast<int>(RejReason::kVendorOptionNotSupported), 35);
    for (const int unknown : {0, 34, 36, 65535})
    {
        EXPECT_STREQ(ToString(static_cast<RejReason>(unknown)), "unrecognized reason");
    }
    EXPECT_STREQ(ToString(AprStatus::kInvalidSl), "invalid SL");
    EXPECT_STREQ(ToString(AprStatus{14}), "unrecognized status");
    EXPECT_STREQ(ToString(SidrStatus::kVersionNotSupported), "version not supported");
    EXPECT_STREQ(ToString(SidrStatus{6}), "unrecognized status");
    EXPECT_STREQ(ToString(MessageRejected{3}), "reserved");
    EXPECT_STREQ(ToString(MessageMraed::kLap), "LAP");
    EXPECT_STREQ(ToString(TransportService::kUc), "UC");
    EXPECT_STREQ(ToString(ExtendedTransport::kXrc), "XRC");
    EXPECT_STREQ(ToString(Failover::kNotSupported), "not supported");
}

TEST(PathCodes, TimesOfFiveBitCodes)
{
    EXPECT_EQ(TimeoutFromCode(0), 4096ns);
    EXPECT_EQ(TimeoutFromCode(14), 67108864ns);
    EXPECT_EQ(TimeoutFromCode(31), std::chrono::nanoseconds{4096LL << 31});
    EXPECT_EQ(TimeoutFromCode(0x20 | 3), TimeoutFromCode(3));
    EXPECT_EQ(TimeoutToCode(0ns), 0);
    EXPECT_EQ(TimeoutToCode(4096ns), 0);
    EXPECT_EQ(TimeoutToCode(4097ns), 1);
    EXPECT_EQ(TimeoutToCode(1s), 18);
    EXPECT_EQ(TimeoutToCode(24h), 31);
    for (std::uint8_t code = 0; code < 32; ++code)
    {
        EXPECT_EQ(TimeoutToCode(TimeoutFromCode(code)), code);
    }
}

TEST(PathCodes, MtuAndRate)
{
    EXPECT_EQ(MtuBytes(Mtu::k256), 256u);
    EXPECT_EQ(MtuBytes(Mtu::k4096), 4096u);
    EXPECT_EQ(MtuBytes(Mtu{0}), 0u);
    EXPECT_EQ(MtuBytes(Mtu{6}), 0u);
    EXPECT_EQ(MtuFromBytes(255), Mtu{0});
    EXPECT_EQ(MtuFromBytes(1500), Mtu::k1024);
    EXPECT_EQ(MtuFromBytes(100000), Mtu::k4096);
    EXPECT_STREQ(ToString(Mtu::k2048), "2048");
    EXPECT_STREQ(ToString(Mtu{9}), "reserved");
    EXPECT_EQ(RateHundredMbps(Rate::k2_5Gbps), 25u);
    EXPECT_EQ(RateHundredMbps(Rate{1}), 0u);
    EXPECT_STREQ(ToString(Rate::k56Gbps), "56 Gb/s");
    EXPECT_EQ(RateFromHundredMbps(0), Rate::k2_5Gbps);
    EXPECT_EQ(RateFromHundredMbps(26), Rate::k5Gbps);
    EXPECT_EQ(RateFromHundredMbps(12001), Rate{0});
    for (std::uint8_t code = 2; code <= 24; ++code)
    {
        EXPECT_EQ(RateFromHundredMbps(RateHundredMbps(Rate{code})), Rate{code});
    }
}

} // namespace
