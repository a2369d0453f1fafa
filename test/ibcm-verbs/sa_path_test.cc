// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/sa.h"
#include "ibcm-verbs/fake-umad.h"
#include "ibcm-verbs/model/ipoib-route.h"
#include "ibcm-verbs/model/sa-path-client.h"
#include "ibcm-verbs/model/umad-address.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace cmverbs::test
{
namespace
{

const PathQuestion kQuestion{ibwire::Gid::From(0xfe80000000000000, 1),
                             ibwire::Gid::From(0xfe80000000000000, 2),
                             0x8001,
                             0};

/** What a subnet administrator answers. */
ibwire::MadBytes AnswerTo(const ibwire::MadBytes& query, std::uint16_t status = 0)
{
    auto mad = ibwire::Unpack<ibwire::SaMad>(query);
    mad.header.method = ibwire::MadMethod::kGetResp;
    mad.header.status = status;
    ibwire::PathRecord record;
    record.sgid = kQuestion.sgid;
    record.dgid = kQuestion.dgid;
    record.slid = 3;
    record.dlid = 4;
    record.pkey = 0x8001;
    record.sl = 2;
    record.mtu = ibwire::Mtu::k2048;
    record.rate = ibwire::Rate::k56Gbps;
    record.packetLifeTime = 16;
    record.hopLimit = 0;
    EXPECT_TRUE(ibwire::Encode(record, std::span(mad.data).first<ibwire::PathRecord::kBytes>()));
    ibwire::MadBytes bytes{};
    EXPECT_TRUE(ibwire::Encode(mad, std::span(bytes)));
    return bytes;
}

TEST(SaPath, AsksForOneReversiblePath)
{
    const ibwire::MadBytes query = BuildPathQuery(kQuestion, 0x1234);
    const auto mad = ibwire::Unpack<ibwire::SaMad>(query);
    EXPECT_EQ(mad.header.method, ibwire::MadMethod::kGet);
    EXPECT_EQ(mad.header.mgmtClass, ibwire::MgmtClass::kSubnAdm);
    EXPECT_EQ(mad.header.classVersion, 2);
    EXPECT_EQ(mad.header.transactionId, 0x1234U);
    EXPECT_EQ(ibwire::MadKindName(query), "SubnAdmGet(PathRecord)");
    EXPECT_EQ(mad.componentMask, 0x380cU); // DGID, SGID, reversible, number of paths, P_Key
    const auto record = ibwire::Unpack<ibwire::PathRecord>(
        ibwire::SaData(query).first<ibwire::PathRecord::kBytes>());
    EXPECT_EQ(record.sgid, kQuestion.sgid);
    EXPECT_EQ(record.dgid, kQuestion.dgid);
    EXPECT_EQ(record.pkey, 0x8001);
    EXPECT_TRUE(record.reversible);
    EXPECT_EQ(record.numbPath, 1);
}

TEST(SaPath, AsksForAServiceIfThereIsOne)
{
    PathQuestion question = kQuestion;
    question.serviceId = 0x1060000;
    const auto mad = ibwire::Unpack<ibwire::SaMad>(BuildPathQuery(question, 1));
    EXPECT_EQ(mad.componentMask & 3U, 3U);
}

TEST(SaPath, TakesThePathFromTheAnswer)
{
    const auto path = ReadPathAnswer(AnswerTo(BuildPathQuery(kQuestion, 7)), 7);
    ASSERT_TRUE(path) << path.error().text;
    EXPECT_EQ(path->slid, 3);
    EXPECT_EQ(path->dlid, 4);
    EXPECT_EQ(path->pkey, 0x8001);
    EXPECT_EQ(path->sl, 2);
    EXPECT_EQ(path->mtu, 4);
    EXPECT_EQ(path->rate, 12);
    EXPECT_EQ(path->packetLifeTime, 16);
    EXPECT_EQ(path->sgid, kQuestion.sgid);
    EXPECT_EQ(path->dgid, kQuestion.dgid);
}

TEST(SaPath, KnowsAnswersByTheLowerHalfOfTheTransactionId)
{
    const auto query = AsKernelSends(BuildPathQuery(kQuestion, 7), 0xabcd);
    EXPECT_TRUE(ReadPathAnswer(AnswerTo(query), 7));
    EXPECT_EQ(ReadPathAnswer(AnswerTo(query), 8).error().code, EAGAIN);
    EXPECT_EQ(ReadPathAnswer(query, 7).error().code, EAGAIN); // a question is no answer
}

TEST(SaPath, SaysWhyThereIsNone)
{
    const auto query = BuildPathQuery(kQuestion, 7);
    const auto code = [&query](std::uint16_t status)
    { return ReadPathAnswer(AnswerTo(query, status), 7).error().code; };
    EXPECT_EQ(code(static_cast<std::uint16_t>(ibwire::SaStatus::kNoRecords)), EHOSTUNREACH);
    EXPECT_EQ(code(static_cast<std::uint16_t>(ibwire::SaStatus::kInvalidGid)), EHOSTUNREACH);
    EXPECT_EQ(code(static_cast<std::uint16_t>(ibwire::SaStatus::kRequestInvalid)), EPROTO);
    EXPECT_EQ(code(0x000c), EPROTO);
    EXPECT_EQ(code(1), EAGAIN); // busy
}

TEST(SaPath, RefusesAPathThatLeadsNowhere)
{
    auto answer = AnswerTo(BuildPathQuery(kQuestion, 7));
    answer[56 + 40] = 0; // DLID
    answer[56 + 41] = 0;
    EXPECT_EQ(ReadPathAnswer(answer, 7).error().code, EPROTO);
}

PortSnapshot InfinibandPort()
{
    PortSnapshot port;
    port.lid = 3;
    port.smLid = 9;
    port.smSl = 1;
    port.pkeys = {0x8001, 0xffff};
    return port;
}

TEST(SaPathClient, AsksTheAdministratorOfThePort)
{
    FakeUmad umad;
    umad.onSend = [&umad](const FakeUmad::Sent& sent)
    {
        umad.Put(AnswerTo(AsKernelSends(sent.mad, 5)), ib_mad_addr_t{});
        return 0;
    };
    SaPathClient client(std::make_unique<BorrowedUmad>(umad));
    const auto path = client.Find(InfinibandPort(), kQuestion);
    ASSERT_TRUE(path) << path.error().text;
    EXPECT_EQ(path->dlid, 4);
    const ibcm::MadAddress to = ReplyAddressOf(umad.AllSent().front().address);
    EXPECT_EQ(to.dlid, 9);
    EXPECT_EQ(to.sl, 1);
    EXPECT_EQ(to.pkeyIndex, 1);
    EXPECT_EQ(to.qpn, 1U);
    EXPECT_GT(umad.AllSent().front().timeoutMs, 0); // the kernel awaits the answer
    EXPECT_GT(umad.AllSent().front().retries, 0);
    EXPECT_TRUE(client.Find(InfinibandPort(), kQuestion)); // and once more
}

TEST(SaPathClient, PassesOverAnswersToOtherQuestions)
{
    FakeUmad umad;
    umad.onSend = [&umad](const FakeUmad::Sent& sent)
    {
        umad.Put(AnswerTo(BuildPathQuery(kQuestion, 0xdead)), ib_mad_addr_t{});
        umad.Put(AnswerTo(sent.mad), ib_mad_addr_t{});
        return 0;
    };
    SaPathClient client(std::make_unique<BorrowedUmad>(umad));
    EXPECT_TRUE(client.Find(InfinibandPort(), kQuestion));
}

TEST(SaPathClient, AsksAgainWhenTheAdministratorIsBusy)
{
    FakeUmad umad;
    int asked = 0;
    umad.onSend = [&](const FakeUmad::Sent& sent)
    {
        umad.Put(AnswerTo(sent.mad, ++asked == 1 ? 1 : 0), ib_mad_addr_t{});
        return 0;
    };
    SaPathClient client(std::make_unique<BorrowedUmad>(umad));
    EXPECT_TRUE(client.Find(InfinibandPort(), kQuestion));
    EXPECT_EQ(asked, 2);
}

TEST(SaPathClient, SaysThatNobodyAnswers)
{
    FakeUmad umad;
    umad.onSend = [&umad](const FakeUmad::Sent& sent)
    {
        UmadArrival back;
        back.status = ETIMEDOUT;
        back.length = ibwire::kMadBytes;
        back.bytes = sent.mad;
        umad.Put(back);
        return 0;
    };
    SaPathClient client(std::make_unique<BorrowedUmad>(umad));
    EXPECT_EQ(client.Find(InfinibandPort(), kQuestion).error().code, ETIMEDOUT);
    PortSnapshot alone = InfinibandPort();
    alone.smLid = 0;
    EXPECT_EQ(client.Find(alone, kQuestion).error().code, ENETDOWN);
}

TEST(IpoibRoute, FindsGidAndPkeyInHardwareAddresses)
{
    std::vector<std::uint8_t> address(20);
    for (std::size_t i = 0; i < address.size(); ++i)
    {
        address[i] = static_cast<std::uint8_t>(i);
    }
    EXPECT_EQ(GidOfHardwareAddress(address),
              ibwire::Gid::From(0x0405060708090a0b, 0x0c0d0e0f10111213));
    EXPECT_EQ(PkeyOfBroadcast(address), 0x8809);
    address.resize(6); // Ethernet
    EXPECT_EQ(GidOfHardwareAddress(address), std::nullopt);
    EXPECT_EQ(PkeyOfBroadcast(address), std::nullopt);
}

TEST(IpoibRoute, FindsAPortOfTheSubnetByItsGid)
{
    PortSnapshot port = InfinibandPort();
    EXPECT_FALSE(IsGidOfSubnet(port, ibcm::IpAddress::V6(kQuestion.dgid)));
    port.gids = {{kQuestion.sgid, 0, GidType::kInfiniband, 0}};
    EXPECT_TRUE(IsGidOfSubnet(port, ibcm::IpAddress::V6(kQuestion.dgid)));
    EXPECT_FALSE(IsGidOfSubnet(port, ibcm::IpAddress::V4(0x0a000001)));
    EXPECT_FALSE(IsGidOfSubnet(port, ibcm::IpAddress::V6(ibwire::Gid::From(1, 2))));
    FakeUmad umad;
    umad.onSend = [&umad](const FakeUmad::Sent& sent)
    {
        umad.Put(AnswerTo(sent.mad), ib_mad_addr_t{});
        return 0;
    };
    SaPathClient client(std::make_unique<BorrowedUmad>(umad));
    const auto route = ResolveGid(port, client, kQuestion.dgid);
    ASSERT_TRUE(route) << route.error().text;
    EXPECT_EQ(route->source, ibcm::IpAddress::V6(kQuestion.sgid));
    const auto asked = ibwire::Unpack<ibwire::PathRecord>(
        ibwire::SaData(umad.AllSent().front().mad).first<ibwire::PathRecord::kBytes>());
    EXPECT_EQ(asked.sgid, kQuestion.sgid);
    EXPECT_EQ(asked.dgid, kQuestion.dgid);
}

} // namespace
} // namespace cmverbs::test
