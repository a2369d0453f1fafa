// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What comes in that is no CM message: ClassPortInfo and other Gets, other versions, classes,
// methods and attributes. Answered where the specification has an answer, and counted by cause.
#include "extra-host.h"

namespace ibcm::test
{
namespace
{

using ibwire::CmAttribute;
using ibwire::MadMethod;

constexpr std::uint64_t kTransaction = 0x1122334455667788;

/** Makes B with other options; A only receives. */
class AskingTheClass : public Pair
{
  protected:
    explicit AskingTheClass(const Options& options = {})
        : Pair(options)
    {
    }

    static ibwire::MadHeader Header(MadMethod method, std::uint16_t attribute)
    {
        ibwire::MadHeader header;
        header.mgmtClass = ibwire::MgmtClass::kCm;
        header.classVersion = 2;
        header.method = method;
        header.attributeId = attribute;
        header.transactionId = kTransaction;
        return header;
    }

    static ibwire::MadHeader Header(MadMethod method, CmAttribute attribute)
    {
        return Header(method, static_cast<std::uint16_t>(attribute));
    }

    /** A MAD from A with any header, and bytes 1, 2, 3 … after it. */
    void Give(const ibwire::MadHeader& header)
    {
        ReceivedMad mad;
        for (std::size_t i = ibwire::kMadHeaderBytes; i < mad.bytes.size(); ++i)
        {
            mad.bytes[i] = static_cast<std::uint8_t>(i - ibwire::kMadHeaderBytes + 1);
        }
        ibwire::EncodeHeader(header, mad.bytes);
        mad.replyAddress.dlid = kLidA;
        mad.replyAddress.qpn = 0x77;
        hostB->port.Received(mad);
    }

    /** The only answer to what was given; forgets it. */
    Flight TakeAnswer()
    {
        if (answers.size() != 1)
        {
            throw std::logic_error("there is not one answer");
        }
        Flight answer = answers[0];
        answers.clear();
        EXPECT_EQ(answer.address.dlid, kLidA);
        EXPECT_EQ(answer.address.qpn, 0x77U);
        return answer;
    }

    MessageCounters CountersB() const
    {
        return hostB->cm.Counters();
    }

    static std::uint64_t AllDiscarded(const MessageCounters& counters)
    {
        std::uint64_t sum = 0;
        for (const std::uint64_t one : counters.discarded)
        {
            sum += one;
        }
        return sum;
    }
};

TEST_F(AskingTheClass, GetIsAnswered)
{
    Give(Header(MadMethod::kGet, CmAttribute::kClassPortInfo));
    const Flight answer = TakeAnswer();
    const auto header = ibwire::DecodeHeader(answer.bytes);
    EXPECT_EQ(header.method, MadMethod::kGetResp);
    EXPECT_EQ(header.status, 0);
    EXPECT_EQ(header.transactionId, kTransaction);
    EXPECT_EQ(header.attributeId, 0x0001);
    EXPECT_EQ(header.classVersion, 2);
    const auto info = ibwire::Decode<ibwire::ClassPortInfo>(
        std::span(answer.bytes).subspan(ibwire::kMadHeaderBytes, ibwire::ClassPortInfo::kBytes));
    ASSERT_TRUE(info);
    ibwire::ClassPortInfo expected;
    expected.baseVersion = 1;
    expected.classVersion = 2;
    expected.capabilityMask = 0x0200 | 0x1000 | 0x2000; // RC, UC, SIDR
    expected.respTimeValue = 18;
    EXPECT_EQ(*info, expected);
    EXPECT_TRUE(Holds(std::span(answer.bytes).subspan(24 + 72), {}))
        << "nothing of the question comes back";
    EXPECT_EQ(AllDiscarded(CountersB()), 0U);
    EXPECT_EQ(CountersB().received, PerMessage{}) << "it is no CM message";
}

TEST_F(AskingTheClass, OtherGetsAndSetsAreRefused)
{
    struct Case
    {
        MadMethod method;
        std::uint16_t attribute;
        Discard cause;
    };

    const Case cases[] = {
        {MadMethod::kSet, 0x0001, Discard::kMethod},
        {MadMethod::kGet, 0x0010, Discard::kAttribute},
        {MadMethod::kSet, 0x0010, Discard::kAttribute},
        {MadMethod::kGet, 0x0002, Discard::kAttribute},
        {MadMethod::kGet, 0xffff, Discard::kAttribute},
    };
    for (const Case& one : cases)
    {
        SCOPED_TRACE(one.attribute);
        const std::uint64_t before = Count(CountersB(), one.cause);
        Give(Header(one.method, one.attribute));
        const auto header = ibwire::DecodeHeader(TakeAnswer().bytes);
        EXPECT_EQ(header.method, MadMethod::kGetResp);
        EXPECT_EQ(header.status, 0x000c);
        EXPECT_EQ(header.attributeId, one.attribute);
        EXPECT_EQ(header.transactionId, kTransaction);
        EXPECT_EQ(Count(CountersB(), one.cause), before + 1);
    }
    EXPECT_EQ(AllDiscarded(CountersB()), std::size(cases));
    EXPECT_EQ(CountersB().Malformed(), std::size(cases));
}

TEST_F(AskingTheClass, WhatHasNoAnswerIsCountedByItsCause)
{
    struct Case
    {
        const char* what;
        std::function<void(ibwire::MadHeader&)> spoil;
        Discard cause;
    };

    const Case cases[] = {
        {"base version 0x80", [](auto& h) { h.baseVersion = 0x80; }, Discard::kBaseVersion},
        {"base version 0", [](auto& h) { h.baseVersion = 0; }, Discard::kBaseVersion},
        {"performance management",
         [](auto& h) { h.mgmtClass = static_cast<ibwire::MgmtClass>(0x04); },
         Discard::kManagementClass},
        {"both: the outer one counts",
         [](auto& h)
         {
             h.baseVersion = 2;
             h.mgmtClass = static_cast<ibwire::MgmtClass>(0x04);
         },
         Discard::kBaseVersion},
        {"GetResp", [](auto& h) { h.method = MadMethod::kGetResp; }, Discard::kMethod},
        {"Trap", [](auto& h) { h.method = MadMethod::kTrap; }, Discard::kMethod},
        {"Report", [](auto& h) { h.method = MadMethod::kReport; }, Discard::kMethod},
        {"a response to Send",
         [](auto& h) { h.method = static_cast<MadMethod>(0x83); },
         Discard::kMethod},
        {"Send of ClassPortInfo", [](auto& h) { h.attributeId = 0x0001; }, Discard::kAttribute},
        {"before REQ", [](auto& h) { h.attributeId = 0x000f; }, Discard::kAttribute},
        {"SAP, of which the layout is not known",
         [](auto& h) { h.attributeId = 0x001b; },
         Discard::kAttribute},
        {"SPR", [](auto& h) { h.attributeId = 0x001c; }, Discard::kAttribute},
        {"the last attribute", [](auto& h) { h.attributeId = 0xffff; }, Discard::kAttribute},
    };
    ListenB();
    std::uint64_t sum = 0;
    for (const Case& one : cases)
    {
        SCOPED_TRACE(one.what);
        const std::uint64_t before = Count(CountersB(), one.cause);
        ibwire::MadHeader header = Header(MadMethod::kSend, CmAttribute::kReq);
        one.spoil(header);
        Give(header);
        EXPECT_EQ(Count(CountersB(), one.cause), before + 1);
        EXPECT_EQ(AllDiscarded(CountersB()), ++sum) << "under one cause only";
        EXPECT_EQ(wire.InFlight(), 0U);
    }
    EXPECT_EQ(CountersB().Malformed(), sum);
    EXPECT_EQ(hostB->cm.LiveIds(), 1U);
    EXPECT_EQ(hostB->consumer.TakeNames(), "");
}

TEST_F(AskingTheClass, AnotherClassVersionIsToldOurs)
{
    ListenB();
    for (const std::uint8_t version : {0, 1, 3, 255})
    {
        SCOPED_TRACE(+version);
        sent.clear();
        ibwire::MadHeader header = Header(MadMethod::kSend, CmAttribute::kReq);
        header.classVersion = version;
        Give(header);
        const auto& rej = LastSent<ibwire::CmRej>();
        EXPECT_EQ(rej.reason, ibwire::RejReason::kInvalidClassVersion);
        EXPECT_EQ(rej.messageRejected, ibwire::MessageRejected::kReq);
        EXPECT_EQ(rej.localCommId, 0U);
        EXPECT_EQ(rej.remoteCommId, 0x01020304U);
        EXPECT_EQ(rej.rejectInfoLength, 1);
        EXPECT_TRUE(Holds(rej.ari, Bytes(1, 2))) << "version 2";
        EXPECT_EQ(sent.back().header.classVersion, 2);
        EXPECT_EQ(sent.back().header.transactionId, kTransaction);

        header.attributeId = static_cast<std::uint16_t>(CmAttribute::kSidrReq);
        Give(header);
        const auto& rep = LastSent<ibwire::CmSidrRep>();
        EXPECT_EQ(rep.status, ibwire::SidrStatus::kVersionNotSupported);
        EXPECT_EQ(rep.requestId, 0x01020304U);
        EXPECT_EQ(rep.serviceId, 0x090a0b0c0d0e0f10U);
        EXPECT_EQ(sent.back().header.transactionId, kTransaction);

        for (const MadMethod method : {MadMethod::kGet, MadMethod::kSet})
        {
            header = Header(method, CmAttribute::kClassPortInfo);
            header.classVersion = version;
            Give(header);
            EXPECT_EQ(ibwire::DecodeHeader(TakeAnswer().bytes).status, 0x0004);
        }
    }
    EXPECT_EQ(Count(CountersB(), Discard::kClassVersion), 16U);
    EXPECT_EQ(CountersB().received, PerMessage{}) << "none of them is a message of ours";
    EXPECT_EQ(hostB->cm.LiveIds(), 1U);
}

TEST_F(AskingTheClass, NoOtherMessageOfAnotherClassVersionIsAnswered)
{
    for (std::uint16_t attribute = 0x0010; attribute <= 0x001c; ++attribute)
    {
        if (attribute == 0x0010 || attribute == 0x0017)
        {
            continue; // the requests that open something
        }
        ibwire::MadHeader header = Header(MadMethod::kSend, attribute);
        header.classVersion = 1;
        Give(header);
    }
    ibwire::MadHeader header = Header(MadMethod::kGetResp, CmAttribute::kReq);
    header.classVersion = 1;
    Give(header);
    EXPECT_EQ(wire.InFlight(), 0U);
    EXPECT_EQ(Count(CountersB(), Discard::kClassVersion), 12U);
}

TEST_F(AskingTheClass, TwoManagersDoNotAnswerEachOthersAnswers)
{
    ibwire::MadHeader header = Header(MadMethod::kGet, 0x7777);
    ReceivedMad mad;
    ibwire::EncodeHeader(header, mad.bytes);
    mad.replyAddress.dlid = kLidA;
    hostB->port.Received(mad);
    EXPECT_EQ(wire.DeliverAll(), 1U);
    EXPECT_EQ(Count(hostA->cm.Counters(), Discard::kMethod), 1U);
}

Options Moved()
{
    Options options;
    options.responseTime = 40; // more than 5 bits
    options.redirect.emplace();
    options.redirect->redirectLid = 99;
    options.redirect->redirectQpn = 0x234567;
    options.redirect->redirectQkey = 0x80010000;
    options.redirect->redirectPkey = 0xffff;
    options.redirect->redirectSl = 3;
    options.redirect->capabilityMask = 0xffff; // not the redirection's to say
    return options;
}

class AskingAMovedClass : public AskingTheClass
{
  protected:
    AskingAMovedClass()
        : AskingTheClass(Moved())
    {
    }
};

TEST_F(AskingAMovedClass, SaysWhereTo)
{
    Give(Header(MadMethod::kGet, CmAttribute::kClassPortInfo));
    const Flight answer = TakeAnswer();
    const auto info = ibwire::Decode<ibwire::ClassPortInfo>(
        std::span(answer.bytes).subspan(ibwire::kMadHeaderBytes, ibwire::ClassPortInfo::kBytes));
    ASSERT_TRUE(info);
    ibwire::ClassPortInfo expected = *Moved().redirect;
    expected.baseVersion = 1;
    expected.classVersion = 2;
    expected.capabilityMask = 0x3200;
    expected.respTimeValue = 31;
    EXPECT_EQ(*info, expected);
}

} // namespace
} // namespace ibcm::test
