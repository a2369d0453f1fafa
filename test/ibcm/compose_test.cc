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

TEST(Compose, Mra)
{
    const auto data = Bytes(222);
    for (const unsigned message : {0U, 1U, 2U})
    {
        Golden golden(0x11);
        golden.Put(0, {1, 2, 3, 4, 5, 6, 7, 8})
            .Put(8, {static_cast<std::uint8_t>(message << 6), 31 << 3})
            .Put(10, data);
        EXPECT_EQ(
            Mad(ComposeMra(
                {0x01020304, 0x05060708}, static_cast<ibwire::MessageMraed>(message), 31, data)),
            golden.Bytes());
    }
}

TEST(Compose, Lap)
{
    LapParameters parameters;
    parameters.alternatePath = FullReq().primaryPath;
    parameters.remoteCmResponseTimeout = 21;
    const auto data = Bytes(168);
    parameters.privateData = data;
    Golden golden(0x19);
    golden.Put(0, {1, 2, 3, 4, 5, 6, 7, 8})
        .Put(12, {0x0a, 0x0b, 0x0c, 21 << 3})
        .Put(20, {0x0a, 0x0b, 0x14, 0x15})
        .Put(24, kGid1)
        .Put(40, kGid2)
        .Put(56, {0x12, 0x34, 0x50, 0x77, 1, 3, 5 << 4 | 8, 16 << 3})
        .Put(64, data);
    EXPECT_EQ(Mad(ComposeLap(parameters, {0x01020304, 0x05060708}, 0x0a0b0c, 15)), golden.Bytes());
}

TEST(Compose, LapThroughARouter)
{
    LapParameters parameters;
    parameters.alternatePath = FullReq().primaryPath;
    parameters.alternatePath.hopLimit = 64;
    const ibwire::CmLap lap = ComposeLap(parameters, {1, 2}, 3, 15);
    EXPECT_EQ(lap.alternateLocalLid, 0xffff);
    EXPECT_EQ(lap.alternateRemoteLid, 0xffff);
    EXPECT_EQ(lap.alternateHopLimit, 64);
    EXPECT_FALSE(lap.alternateSubnetLocal);
}

TEST(Compose, Apr)
{
    const auto info = Bytes(72, 50);
    const auto data = Bytes(148);
    Golden golden(0x1a);
    golden.Put(0, {1, 2, 3, 4, 5, 6, 7, 8, 72, 13}).Put(12, info).Put(84, data);
    EXPECT_EQ(Mad(ComposeApr({0x01020304, 0x05060708}, ibwire::AprStatus::kInvalidSl, info, data)),
              golden.Bytes());
}

TEST(Compose, SidrReq)
{
    SidrReqParameters parameters;
    parameters.serviceId = 0x0102030405060708;
    parameters.path.pkey = 0x8001;
    const auto data = Bytes(216);
    parameters.privateData = data;
    Golden golden(0x17);
    golden.Put(0, {0xa1, 0xb2, 0xc3, 0xd4, 0x80, 0x01})
        .Put(8, {1, 2, 3, 4, 5, 6, 7, 8})
        .Put(16, data);
    EXPECT_EQ(Mad(ComposeSidrReq(parameters, 0xa1b2c3d4)), golden.Bytes());
}

TEST(Compose, SidrRep)
{
    SidrRepParameters parameters;
    parameters.status = ibwire::SidrStatus::kNoQp;
    parameters.qpn = 0x0a0b0c;
    parameters.qkey = 0x11121314;
    parameters.ece.vendorId = 0x212223;
    const auto info = Bytes(72, 50);
    const auto data = Bytes(136);
    parameters.info = info;
    parameters.privateData = data;
    Golden golden(0x18);
    golden.Put(0, {0xa1, 0xb2, 0xc3, 0xd4, 3, 72, 0x21, 0x22, 0x0a, 0x0b, 0x0c, 0x23})
        .Put(12, {1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14})
        .Put(24, info)
        .Put(96, data);
    EXPECT_EQ(Mad(ComposeSidrRep(parameters, 0xa1b2c3d4, 0x0102030405060708)), golden.Bytes());
}

TEST(Compose, TheReqOfAnXrcInitiator)
{
    ReqParameters parameters = FullReq();
    parameters.qpType = QpType::kXrcInitiator;
    Golden golden = GoldenReq();
    // No responder resources, retry count, RNR retry count or SRQ; type 3, extension 1.
    golden.Put(35, {0})
        .Put(43, {18 << 3 | 3 << 1 | 1})
        .Put(47, {19 << 3})
        .Put(50, {4 << 4, 9 << 4 | 1});
    EXPECT_EQ(Mad(ComposeReq(parameters, 0xa1b2c3d4, kGuid, 15)), golden.Bytes());
}

TEST(Compose, TheReqOfAnUnreliableConnection)
{
    ReqParameters parameters = FullReq();
    parameters.qpType = QpType::kUc;
    Golden golden = GoldenReq();
    golden.Put(43, {18 << 3 | 1 << 1 | 1});
    EXPECT_EQ(Mad(ComposeReq(parameters, 0xa1b2c3d4, kGuid, 15)), golden.Bytes());
}

TEST(Compose, TheRepOfAnXrcTarget)
{
    RepParameters parameters;
    parameters.localQpn = 0x0a0b0c;
    parameters.startingPsn = 0x212223;
    parameters.responderResources = 7;
    parameters.initiatorDepth = 8;
    parameters.targetAckDelay = 15;
    parameters.rnrRetryCount = 5;
    parameters.flowControl = true;
    parameters.ece.vendorId = 0xd1d2d3;
    Golden golden(0x13);
    golden.Put(0, {1, 2, 3, 4, 5, 6, 7, 8})
        .Put(15, {0xd1, 0x0a, 0x0b, 0x0c, 0xd2, 0x21, 0x22, 0x23, 0xd3})
        .Put(24, {7, 0, 15 << 3, 5 << 5 | 1 << 4})
        .Put(28, {0x00, 0x02, 0xc9, 0x03, 0x00, 0xaa, 0xbb, 0xcc});
    EXPECT_EQ(Mad(ComposeRep(parameters, {0x01020304, 0x05060708}, kGuid, QpType::kXrcTarget)),
              golden.Bytes());
}

/** The path that the passive side sees, of a REQ that came from LID 0x99, SL 7, to a port of LID
 * 0x40 with path bits 3. */
Path Passive(const ibwire::CmReq& req)
{
    ReceivedMad mad;
    mad.replyAddress.dlid = 0x99;
    mad.replyAddress.sl = 7;
    mad.destinationPathBits = 3;
    return PassivePath(req, {mad, 1, 0x40, 0});
}

TEST(Compose, ThePassiveSidesPath)
{
    const Path path = Passive(ComposeReq(FullReq(), 1, kGuid, 15));
    EXPECT_EQ(path.sgid, GidOf(2));
    EXPECT_EQ(path.dgid, GidOf(1));
    EXPECT_EQ(path.slid, 0x1415);
    EXPECT_EQ(path.dlid, 0x99) << "where the MAD came from, not what the REQ says";
    EXPECT_EQ(path.pkey, 0x8001);
    EXPECT_EQ(path.sl, 5);
    EXPECT_EQ(path.mtu, 4);
    EXPECT_EQ(path.rate, 3);
    EXPECT_EQ(path.packetLifeTime, 15) << "the ACK timeout less one";
}

TEST(Compose, ThePassiveSidesPathThroughARouter)
{
    ReqParameters parameters = FullReq();
    parameters.primaryPath.hopLimit = 64;
    const Path path = Passive(ComposeReq(parameters, 1, kGuid, 15));
    EXPECT_EQ(path.slid, 0x43) << "the LID that the MAD came to";
    EXPECT_EQ(path.dlid, 0x99);
    EXPECT_EQ(path.sl, 7) << "of the way to this side's router";
}

TEST(Compose, ALifetimeOfZeroStaysZero)
{
    ibwire::CmReq req = ComposeReq(FullReq(), 1, kGuid, 15);
    req.primaryLocalAckTimeout = 0;
    EXPECT_EQ(Passive(req).packetLifeTime, 0);
    req.primaryLocalAckTimeout = 31;
    EXPECT_EQ(Passive(req).packetLifeTime, 30);
}

TEST(Compose, EachValueOfAReqHasTheWidthOfItsField)
{
    struct Case
    {
        const char* field;
        void (*widest)(ReqParameters& req);
        void (*wider)(ReqParameters& req);
    };

    static constexpr Case kCases[] = {
        {"QPN",
         [](ReqParameters& r) { r.localQpn = 0xffffff; },
         [](ReqParameters& r) { r.localQpn = 0x1000000; }},
        {"PSN",
         [](ReqParameters& r) { r.startingPsn = 0xffffff; },
         [](ReqParameters& r) { r.startingPsn = 0x1000000; }},
        {"remote response time",
         [](ReqParameters& r) { r.remoteCmResponseTimeout = 31; },
         [](ReqParameters& r) { r.remoteCmResponseTimeout = 32; }},
        {"local response time",
         [](ReqParameters& r) { r.localCmResponseTimeout = 31; },
         [](ReqParameters& r) { r.localCmResponseTimeout = 32; }},
        {"CM retries",
         [](ReqParameters& r) { r.maxCmRetries = 15; },
         [](ReqParameters& r) { r.maxCmRetries = 16; }},
        {"retry count",
         [](ReqParameters& r) { r.retryCount = 7; },
         [](ReqParameters& r) { r.retryCount = 8; }},
        {"RNR retry count",
         [](ReqParameters& r) { r.rnrRetryCount = 7; },
         [](ReqParameters& r) { r.rnrRetryCount = 8; }},
        {"flow label",
         [](ReqParameters& r) { r.primaryPath.flowLabel = 0xfffff; },
         [](ReqParameters& r) { r.primaryPath.flowLabel = 0x100000; }},
        {"SL",
         [](ReqParameters& r) { r.primaryPath.sl = 15; },
         [](ReqParameters& r) { r.primaryPath.sl = 16; }},
        {"rate",
         [](ReqParameters& r) { r.primaryPath.rate = 63; },
         [](ReqParameters& r) { r.primaryPath.rate = 64; }},
        {"vendor",
         [](ReqParameters& r) { r.ece.vendorId = 0xffffff; },
         [](ReqParameters& r) { r.ece.vendorId = 0x1000000; }},
    };
    for (const Case& one : kCases)
    {
        ReqParameters parameters = FullReq();
        one.widest(parameters);
        EXPECT_TRUE(ComposeMad(ComposeReq(parameters, 1, kGuid, 15), kTid)) << one.field;
        one.wider(parameters);
        EXPECT_EQ(ComposeMad(ComposeReq(parameters, 1, kGuid, 15), kTid),
                  tl::unexpected(ibwire::WireError::kFieldRange))
            << one.field;
    }
}

TEST(Compose, TheDepthsOfReadsCrossOver)
{
    ReceivedMad mad;
    const ibwire::CmReq req = ComposeReq(FullReq(), 1, kGuid, 15);
    const ReqReceived received = ReqReceivedFrom(req, {mad, 1, 1, 0}, Handle::kNone);
    EXPECT_EQ(received.responderResources, 6);
    EXPECT_EQ(received.initiatorDepth, 3);
    EXPECT_EQ(received.localCmResponseTimeout, 18);
    EXPECT_EQ(received.remoteCmResponseTimeout, 19);
    RepParameters rep;
    rep.responderResources = 7;
    rep.initiatorDepth = 8;
    const RepReceived answer =
        RepReceivedFrom(ComposeRep(rep, {1, 2}, kGuid, QpType::kRc), QpType::kRc, 0);
    EXPECT_EQ(answer.responderResources, 8);
    EXPECT_EQ(answer.initiatorDepth, 7);
}

TEST(Compose, AValueWiderThanItsFieldIsRefused)
{
    ReqParameters parameters = FullReq();
    parameters.maxCmRetries = 16;
    EXPECT_EQ(ComposeMad(ComposeReq(parameters, 1, kGuid, 15), kTid),
              tl::unexpected(ibwire::WireError::kFieldRange));
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
