// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The bytes of each message, against offsets written down from the layouts and not from the codec.
#include "ibcm/model/compose.h"

#include "pair.h"

#include <initializer_list>

namespace ibcm::test
{
namespace
{

constexpr std::size_t kData = 24; ///< where CM data begins in a MAD
constexpr std::uint64_t kTid = 0x0a0b0c0d0e0f1011;

/** A MAD, all zero but the header and what is put into it. */
class Golden
{
  public:
    explicit Golden(std::uint8_t attribute)
    {
        At(0, {1, 7, 2, 3});
        At(8, {0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11});
        At(16, {0, attribute});
    }

    /** @param offset from the start of the CM data. */
    Golden& Put(std::size_t offset, std::initializer_list<std::uint8_t> bytes)
    {
        At(kData + offset, bytes);
        return *this;
    }

    Golden& Put(std::size_t offset, const std::vector<std::uint8_t>& bytes)
    {
        std::copy(bytes.begin(), bytes.end(), m_mad.begin() + kData + offset);
        return *this;
    }

    const ibwire::MadBytes& Bytes() const
    {
        return m_mad;
    }

  private:
    void At(std::size_t offset, std::initializer_list<std::uint8_t> bytes)
    {
        std::copy(bytes.begin(), bytes.end(), m_mad.begin() + offset);
    }

    ibwire::MadBytes m_mad{};
};

ibwire::Gid GidOf(std::uint8_t last)
{
    return ibwire::Gid::From(0xfe80000000000000, 0x0002c90300000000 + last);
}

const std::vector<std::uint8_t> kGid1 = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 2, 0xc9, 3, 0, 0, 0, 1};
const std::vector<std::uint8_t> kGid2 = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 2, 0xc9, 3, 0, 0, 0, 2};

ReqParameters FullReq()
{
    ReqParameters parameters;
    parameters.serviceId = 0x0102030405060708;
    Path& path = parameters.primaryPath;
    path.sgid = GidOf(1);
    path.dgid = GidOf(2);
    path.slid = 0x0a0b;
    path.dlid = 0x1415;
    path.pkey = 0x8001;
    path.flowLabel = 0x12345;
    path.hopLimit = 1;
    path.trafficClass = 0x77;
    path.sl = 5;
    path.mtu = 4;
    path.rate = 3;
    path.packetLifeTime = 14;
    parameters.localQpn = 0x0a0b0c;
    parameters.startingPsn = 0x111213;
    parameters.responderResources = 3;
    parameters.initiatorDepth = 6;
    parameters.remoteCmResponseTimeout = 18;
    parameters.localCmResponseTimeout = 19;
    parameters.maxCmRetries = 9;
    parameters.retryCount = 5;
    parameters.rnrRetryCount = 6;
    parameters.srq = true;
    return parameters;
}

Golden GoldenReq()
{
    Golden golden(0x10);
    golden.Put(0, {0xa1, 0xb2, 0xc3, 0xd4})
        .Put(8, {1, 2, 3, 4, 5, 6, 7, 8})
        .Put(16, {0x00, 0x02, 0xc9, 0x03, 0x00, 0xaa, 0xbb, 0xcc})
        .Put(32, {0x0a, 0x0b, 0x0c, 3})
        .Put(39, {6})
        .Put(43, {18 << 3 | 0 << 1 | 1, 0x11, 0x12, 0x13, 19 << 3 | 5})
        .Put(48, {0x80, 0x01, 4 << 4 | 6, 9 << 4 | 8})
        .Put(52, {0x0a, 0x0b, 0x14, 0x15})
        .Put(56, kGid1)
        .Put(72, kGid2)
        .Put(88, {0x12, 0x34, 0x50, 3, 0x77, 1, 5 << 4 | 8, 16 << 3});
    return golden;
}

ibwire::MadBytes Mad(const ibwire::CmMessage& message)
{
    return ComposeMad(message, kTid).value();
}

constexpr std::uint64_t kGuid = 0x0002c90300aabbcc;

TEST(Compose, Req)
{
    ReqParameters parameters = FullReq();
    const auto data = Bytes(92);
    parameters.privateData = data;
    Golden golden = GoldenReq();
    golden.Put(140, data);
    EXPECT_EQ(Mad(ComposeReq(parameters, 0xa1b2c3d4, kGuid, 15)), golden.Bytes());
}

TEST(Compose, ReqWithAnAlternatePath)
{
    ReqParameters parameters = FullReq();
    parameters.alternatePath = parameters.primaryPath;
    parameters.alternatePath->sgid = GidOf(2);
    parameters.alternatePath->dgid = GidOf(1);
    parameters.alternatePath->slid = 0x2021;
    parameters.alternatePath->dlid = 0x2223;
    parameters.alternatePath->sl = 6;
    parameters.alternatePath->packetLifeTime = 10;
    Golden golden = GoldenReq();
    golden.Put(96, {0x20, 0x21, 0x22, 0x23})
        .Put(100, kGid2)
        .Put(116, kGid1)
        .Put(132, {0x12, 0x34, 0x50, 3, 0x77, 1, 6 << 4 | 8, 15 << 3});
    EXPECT_EQ(Mad(ComposeReq(parameters, 0xa1b2c3d4, kGuid, 15)), golden.Bytes());
}

TEST(Compose, ReqThroughARouter)
{
    ReqParameters parameters = FullReq();
    parameters.primaryPath.hopLimit = 64;
    Golden golden = GoldenReq();
    golden.Put(52, {0xff, 0xff, 0xff, 0xff}).Put(93, {64, 5 << 4});
    EXPECT_EQ(Mad(ComposeReq(parameters, 0xa1b2c3d4, kGuid, 15)), golden.Bytes());
}

TEST(Compose, Rep)
{
    RepParameters parameters;
    parameters.localQpn = 0x0a0b0c;
    parameters.startingPsn = 0x212223;
    parameters.responderResources = 7;
    parameters.initiatorDepth = 8;
    parameters.targetAckDelay = 15;
    parameters.failoverAccepted = 2;
    parameters.rnrRetryCount = 5;
    parameters.srq = true;
    const auto data = Bytes(196);
    parameters.privateData = data;
    Golden golden(0x13);
    golden.Put(0, {1, 2, 3, 4, 5, 6, 7, 8})
        .Put(12, {0x0a, 0x0b, 0x0c})
        .Put(20, {0x21, 0x22, 0x23})
        .Put(24, {7, 8, 15 << 3 | 2 << 1 | 1, 5 << 5 | 1 << 4})
        .Put(28, {0x00, 0x02, 0xc9, 0x03, 0x00, 0xaa, 0xbb, 0xcc})
        .Put(36, data);
    EXPECT_EQ(Mad(ComposeRep(parameters, {0x01020304, 0x05060708}, kGuid, QpType::kRc)),
              golden.Bytes());
}

TEST(Compose, RtuAndDrep)
{
    const auto data = Bytes(224);
    for (const bool rtu : {true, false})
    {
        Golden golden(rtu ? 0x14 : 0x16);
        golden.Put(0, {1, 2, 3, 4, 5, 6, 7, 8}).Put(8, data);
        const Ids ids{0x01020304, 0x05060708};
        EXPECT_EQ(rtu ? Mad(ComposeRtu(ids, data)) : Mad(ComposeDrep(ids, data)), golden.Bytes());
    }
}

TEST(Compose, Dreq)
{
    const auto data = Bytes(220);
    Golden golden(0x15);
    golden.Put(0, {1, 2, 3, 4, 5, 6, 7, 8}).Put(8, {0x0a, 0x0b, 0x0c}).Put(12, data);
    EXPECT_EQ(Mad(ComposeDreq({0x01020304, 0x05060708}, 0x0a0b0c, data)), golden.Bytes());
}

TEST(Compose, Rej)
{
    const auto info = Bytes(9, 50);
    const auto data = Bytes(148);
    Golden golden(0x12);
    golden.Put(0, {1, 2, 3, 4, 5, 6, 7, 8})
        .Put(8, {1 << 6, 9 << 1, 0, 28})
        .Put(12, info)
        .Put(84, data);
    EXPECT_EQ(Mad(ComposeRej({0x01020304, 0x05060708},
                             ibwire::MessageRejected::kRep,
                             ibwire::RejReason::kConsumer,
                             info,
                             data)),
              golden.Bytes());
}

TEST(Compose, AValueWiderThanItsFieldIsRefused)
{
    ReqParameters parameters = FullReq();
    parameters.maxCmRetries = 16;
    EXPECT_EQ(ComposeMad(ComposeReq(parameters, 1, kGuid, 15), kTid),
              tl::unexpected(CmError::kInvalidArgument));
}

TEST(Compose, TheGuidOfARejForWantOfTime)
{
    EXPECT_EQ(GuidInfo(kGuid),
              (std::array<std::uint8_t, 8>{0x00, 0x02, 0xc9, 0x03, 0x00, 0xaa, 0xbb, 0xcc}));
    ibwire::CmRej rej;
    const auto info = GuidInfo(kGuid);
    std::copy(info.begin(), info.end(), rej.ari.begin());
    for (std::uint8_t length = 0; length < 128; ++length)
    {
        rej.rejectInfoLength = length;
        EXPECT_EQ(GuidFromInfo(rej).has_value(), length >= 8) << +length;
    }
    EXPECT_EQ(GuidFromInfo(rej), kGuid);
}

TEST(Compose, TransportsOfAReq)
{
    using ibwire::ExtendedTransport;
    using ibwire::TransportService;
    ibwire::CmReq req;
    req.transportServiceType = TransportService::kRc;
    EXPECT_EQ(QpTypeOfReq(req), QpType::kRc);
    req.transportServiceType = TransportService::kUc;
    EXPECT_EQ(QpTypeOfReq(req), QpType::kUc);
    req.transportServiceType = TransportService::kRd;
    EXPECT_EQ(QpTypeOfReq(req), std::nullopt);
    req.transportServiceType = TransportService::kExtended;
    for (unsigned extension = 0; extension < 8; ++extension)
    {
        req.extendedTransportType = static_cast<ExtendedTransport>(extension);
        EXPECT_EQ(QpTypeOfReq(req),
                  extension == 1 ? std::optional(QpType::kXrcInitiator) : std::nullopt);
    }
    EXPECT_EQ(PassiveQpType(QpType::kXrcInitiator), QpType::kXrcTarget);
    EXPECT_EQ(PassiveQpType(QpType::kUc), QpType::kUc);
}

} // namespace
} // namespace ibcm::test
