// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reliable sends: how often, when, and when no more.
#include "reliable_port_fixture.h"

#include <vector>

namespace ibcm::test
{
namespace
{

using std::chrono::milliseconds;

TEST_F(Reliably, RetriesAtEachTimeoutAndThenReports)
{
    const SendToken token = Send(milliseconds(10), 3, 42);
    EXPECT_NE(token, SendToken::kNone);
    runtime.Advance(milliseconds(39));
    EXPECT_EQ(sent,
              (std::vector<Instant>{
                  milliseconds(0), milliseconds(10), milliseconds(20), milliseconds(30)}));
    EXPECT_TRUE(done.empty());
    EXPECT_EQ(port->Outstanding(), 1U);
    runtime.Advance(milliseconds(1));
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].context, 42U);
    EXPECT_EQ(done[0].token, token);
    EXPECT_EQ(done[0].status, SendStatus::kTimeout);
    EXPECT_EQ(done[0].when, milliseconds(40));
    EXPECT_EQ(port->Outstanding(), 0U);
    EXPECT_EQ(port->Retries(), 3U);
    runtime.RunUntilIdle();
    EXPECT_EQ(sent.size(), 4U);
    EXPECT_EQ(done.size(), 1U);
}

TEST_F(Reliably, AllRetriesCarryTheSameBytes)
{
    ibwire::MadBytes mad{};
    mad[255] = 0x5a;
    ASSERT_TRUE(port->Send(mad, address, milliseconds(1), 1, 0));
    mad[255] = 0;
    lastByte = 0;
    runtime.Advance(milliseconds(1));
    EXPECT_EQ(lastByte, 0x5a);
}

TEST_F(Reliably, WithoutATimeoutNothingIsKept)
{
    EXPECT_EQ(Send(Duration{0}, 5), SendToken::kNone);
    EXPECT_EQ(port->Outstanding(), 0U);
    runtime.RunUntilIdle();
    EXPECT_EQ(sent.size(), 1U);
    EXPECT_TRUE(done.empty());
}

TEST_F(Reliably, ACancelledSendIsSilent)
{
    const SendToken token = Send(milliseconds(10), 3);
    runtime.Advance(milliseconds(15));
    EXPECT_TRUE(port->Cancel(token));
    EXPECT_FALSE(port->Cancel(token));
    EXPECT_FALSE(port->Modify(token, milliseconds(1)));
    runtime.RunUntilIdle();
    EXPECT_EQ(sent.size(), 2U);
    EXPECT_TRUE(done.empty());
    EXPECT_EQ(runtime.ArmedTimers(), 0U);
    EXPECT_FALSE(port->Cancel(SendToken::kNone));
}

TEST_F(Reliably, CancellingAtTheVeryMomentOfATimeout)
{
    // The timer has gone off and its work waits for the port's lock: whoever has it comes first.
    const SendToken token = Send(milliseconds(10), 0);
    bool armed = false;
    runtime.SetLockHook(
        [&](const char*)
        {
            if (armed)
            {
                armed = false;
                EXPECT_TRUE(port->Cancel(token));
            }
        });
    armed = false;
    onDone = [] { FAIL() << "reported after it was cancelled"; };
    runtime.Advance(milliseconds(9));
    armed = true;
    runtime.Advance(milliseconds(1));
    EXPECT_FALSE(armed);
    runtime.RunUntilIdle();
    EXPECT_EQ(port->Outstanding(), 0U);
    EXPECT_EQ(sent.size(), 1U);
}

TEST_F(Reliably, ModifyingAtTheVeryMomentOfATimeoutGivesTheNewTime)
{
    const SendToken token = Send(milliseconds(10), 0);
    runtime.Advance(milliseconds(9));
    bool armed = true;
    runtime.SetLockHook(
        [&](const char*)
        {
            if (armed)
            {
                armed = false;
                EXPECT_TRUE(port->Modify(token, milliseconds(50)));
            }
        });
    runtime.Advance(milliseconds(50));
    EXPECT_TRUE(done.empty());
    runtime.Advance(milliseconds(10));
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].when, milliseconds(60));
}

TEST_F(Reliably, AModifiedSendWaitsTheNewTimeNowAndLater)
{
    const SendToken token = Send(milliseconds(10), 2);
    runtime.Advance(milliseconds(5));
    EXPECT_TRUE(port->Modify(token, milliseconds(100)));
    runtime.RunUntilIdle();
    EXPECT_EQ(sent, (std::vector<Instant>{milliseconds(0), milliseconds(105), milliseconds(205)}));
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].when, milliseconds(305));
}

TEST_F(Reliably, ManySendsKeepTheirOwnTimes)
{
    for (unsigned i = 1; i <= 20; ++i)
    {
        Send(milliseconds(21 - i), 0, i);
    }
    runtime.RunUntilIdle();
    ASSERT_EQ(done.size(), 20U);
    for (unsigned i = 0; i < 20; ++i)
    {
        EXPECT_EQ(done[i].context, 20 - i);
        EXPECT_EQ(done[i].when, milliseconds(i + 1));
    }
}

TEST_F(Reliably, SendsThatEndAtOneTimeEndInTheirOrder)
{
    for (unsigned i = 1; i <= 5; ++i)
    {
        Send(milliseconds(3), 1, i);
    }
    runtime.RunUntilIdle();
    ASSERT_EQ(done.size(), 5U);
    for (unsigned i = 0; i < 5; ++i)
    {
        EXPECT_EQ(done[i].context, i + 1);
    }
}

TEST_F(Reliably, TokensAreNeverUsedAgain)
{
    const SendToken first = Send(milliseconds(1), 0);
    ASSERT_TRUE(port->Cancel(first));
    const SendToken second = Send(milliseconds(1), 0);
    EXPECT_NE(first, second);
    EXPECT_FALSE(port->Cancel(first));
    EXPECT_TRUE(port->Cancel(second));
}

TEST_F(Reliably, APortThatCannotSendSaysSo)
{
    end.SetDown(true);
    EXPECT_EQ(port->Send({}, address, Duration{0}, 0, 0), tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(port->Send({}, address, milliseconds(1), 3, 0), tl::unexpected(CmError::kSendFailed));
    EXPECT_EQ(port->Outstanding(), 0U);
    EXPECT_EQ(runtime.ArmedTimers(), 0U);
}

TEST_F(Reliably, APortThatCannotSendAgainReportsAtOnce)
{
    Send(milliseconds(10), 3);
    end.SetDown(true);
    runtime.Advance(milliseconds(10));
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].status, SendStatus::kFailed);
    EXPECT_EQ(port->Outstanding(), 0U);
}

TEST_F(Reliably, AReportMayStartTheNextSend)
{
    unsigned reports = 0;
    onDone = [&]
    {
        if (++reports < 3)
        {
            Send(milliseconds(1), 0);
        }
    };
    Send(milliseconds(1), 0);
    runtime.RunUntilIdle();
    EXPECT_EQ(reports, 3U);
}

TEST_F(Reliably, WhatComesInGoesToTheSink)
{
    ReliablePort sender(runtime, other, 1);
    MadAddress back;
    back.dlid = 1;
    back.sl = 3;
    ASSERT_TRUE(sender.Send({}, back, Duration{0}, 0, 0));
    wire.DeliverAll();
    ASSERT_EQ(received.size(), 1U);
    EXPECT_EQ(received[0].first, 3);
    EXPECT_EQ(received[0].second.replyAddress.dlid, 2);
    EXPECT_EQ(received[0].second.replyAddress.sl, 3);
}

TEST_F(Reliably, WithoutASinkNothingIsReported)
{
    Send(milliseconds(1), 0);
    port->SetSink(nullptr);
    runtime.RunUntilIdle();
    port->Received({});
    EXPECT_TRUE(done.empty());
    EXPECT_TRUE(received.empty());
}

TEST_F(Reliably, APortGoesWithItsSends)
{
    Send(milliseconds(1), 3);
    Send(milliseconds(2), 3);
    end.Attach(nullptr);
    port.reset();
    EXPECT_EQ(runtime.ArmedTimers(), 0U);
    runtime.RunUntilIdle();
    EXPECT_TRUE(done.empty());
}

TEST_F(Reliably, OneThatIsResentKeepsItsTimesAndRetries)
{
    const SendToken token =
        port->Send(Mad(ibwire::CmAttribute::kRep, 7), address, milliseconds(10), 1, 0).value();
    runtime.Advance(milliseconds(4));
    EXPECT_TRUE(port->Resend(token));
    runtime.RunUntilIdle();
    EXPECT_EQ(sent, (std::vector<Instant>{milliseconds(0), milliseconds(4), milliseconds(10)}));
    EXPECT_EQ(tags, (std::vector<std::uint8_t>{7, 7, 7}));
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].when, milliseconds(20));
    EXPECT_FALSE(port->Resend(token));
    EXPECT_FALSE(port->Resend(SendToken::kNone));
    EXPECT_EQ(sent.size(), 3U);
}

TEST_F(Reliably, APortThatCannotResendSaysSoAndCarriesOn)
{
    const SendToken token = Send(milliseconds(10), 0);
    end.SetDown(true);
    EXPECT_FALSE(port->Resend(token));
    EXPECT_EQ(port->Retries(), 0U);
    EXPECT_EQ(port->Outstanding(), 1U);
    runtime.RunUntilIdle();
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].status, SendStatus::kTimeout);
}

TEST_F(Reliably, ProgressTellsWhatHasBecomeOfASend)
{
    const SendToken token = Send(milliseconds(10), 2);
    runtime.Advance(milliseconds(13));
    ASSERT_TRUE(port->Resend(token));
    const auto progress = port->Progress(token);
    ASSERT_TRUE(progress);
    EXPECT_FALSE(progress->waiting);
    EXPECT_EQ(progress->transmissions, 3U);
    EXPECT_EQ(progress->retriesLeft, 1U);
    EXPECT_EQ(progress->untilNext, milliseconds(7));
    ASSERT_TRUE(port->Cancel(token));
    EXPECT_FALSE(port->Progress(token));
    EXPECT_FALSE(port->Progress(SendToken::kNone));
}

TEST_F(Reliably, RetransmissionsAreCountedByAttribute)
{
    const auto send = [this](ibwire::CmAttribute attribute, unsigned retries)
    { return port->Send(Mad(attribute, 0), address, milliseconds(1), retries, 0).value(); };
    for (auto id = static_cast<unsigned>(ibwire::CmAttribute::kReq);
         id <= static_cast<unsigned>(ibwire::CmAttribute::kApr);
         ++id)
    {
        send(static_cast<ibwire::CmAttribute>(id), id - 0xf);
    }
    send(ibwire::CmAttribute::kSap, 3);
    send(ibwire::CmAttribute::kClassPortInfo, 4);
    EXPECT_TRUE(port->Resend(send(ibwire::CmAttribute::kRep, 0)));
    runtime.RunUntilIdle();
    std::uint64_t sum = 0;
    for (auto id = static_cast<unsigned>(ibwire::CmAttribute::kReq);
         id <= static_cast<unsigned>(ibwire::CmAttribute::kApr);
         ++id)
    {
        const auto attribute = static_cast<ibwire::CmAttribute>(id);
        const std::uint64_t resent = attribute == ibwire::CmAttribute::kRep ? 1 : 0;
        EXPECT_EQ(port->Counts().retransmitted[KindOf(attribute)], id - 0xf + resent)
            << "attribute " << id;
        sum += port->Counts().retransmitted[KindOf(attribute)];
    }
    EXPECT_EQ(port->Retries(), sum + 7);
}

TEST_F(Reliably, ARetryThatTheWireRefusesIsNotCounted)
{
    ASSERT_TRUE(port->Send(Mad(ibwire::CmAttribute::kDreq, 0), address, milliseconds(1), 3, 0));
    runtime.Advance(milliseconds(1));
    end.SetDown(true);
    runtime.RunUntilIdle();
    EXPECT_EQ(port->Counts().retransmitted[KindOf(ibwire::CmAttribute::kDreq)], 1U);
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].status, SendStatus::kFailed);
}

TEST_F(Reliably, SendsThatFallDueTogetherEndInTheOrderOfSending)
{
    // Each armed later than the next, by way of Modify: it is the sending that counts.
    std::vector<SendToken> tokens;
    for (unsigned i = 0; i < 200; ++i)
    {
        tokens.push_back(Send(milliseconds(50), 0, i));
    }
    for (unsigned i = 200; i-- > 0;)
    {
        ASSERT_TRUE(port->Modify(tokens[i], milliseconds(5)));
    }
    runtime.RunUntilIdle();
    ASSERT_EQ(done.size(), 200U);
    for (unsigned i = 0; i < 200; ++i)
    {
        EXPECT_EQ(done[i].context, i);
    }
}

TEST_F(Reliably, TheLongestTimeoutIsLongAndNotOver)
{
    runtime.Advance(milliseconds(1));
    const SendToken token = Send(Duration::max(), 0);
    runtime.Advance(std::chrono::hours(24 * 365 * 50));
    EXPECT_TRUE(done.empty());
    EXPECT_TRUE(port->Modify(token, Duration::max()));
    EXPECT_TRUE(port->Cancel(token));
}

TEST_F(Reliably, APortTellsWhatItsLinkIs)
{
    LoopbackWire::EndTables tables{16};
    EXPECT_EQ(port->Lmc(), 0);
    EXPECT_EQ(port->ActiveMtu(), 5);
    EXPECT_EQ(port->ActiveRate(), 16);
    tables.lmc = 2;
    tables.activeMtu = ibwire::Mtu::k2048;
    tables.activeRate = ibwire::Rate::k40Gbps;
    ReliablePort slow(runtime, wire.AddEnd(tables), 1);
    EXPECT_EQ(slow.Lmc(), 2);
    EXPECT_EQ(slow.ActiveMtu(), 4);
    EXPECT_EQ(slow.ActiveRate(), 7);
}

TEST_F(Reliably, APortWithAnLmcHasSeveralLids)
{
    LoopbackWire::EndTables tables{16};
    tables.lmc = 2;
    LoopbackWire::End& wide = wire.AddEnd(tables);
    ReliablePort sender(runtime, wide, 1);
    MadAddress back;
    back.dlid = 1;
    back.sourcePathBits = 3;
    ASSERT_TRUE(sender.Send({}, back, Duration{0}, 0, 0));
    wire.DeliverAll();
    ASSERT_EQ(received.size(), 1U);
    EXPECT_EQ(received[0].second.replyAddress.dlid, 19);
    EXPECT_EQ(received[0].second.destinationPathBits, 0);

    // Ends are counted from 0: the wide one is 2, and 3 is nobody.
    for (const auto& [lid, to] : {std::pair{15, 3U}, {16, 2U}, {19, 2U}, {20, 3U}})
    {
        address.dlid = static_cast<std::uint16_t>(lid);
        ASSERT_TRUE(port->Send({}, address, Duration{0}, 0, 0));
        EXPECT_EQ(wire.At(0).to, to) << "LID " << lid;
        wire.DropAll();
    }
}

} // namespace
} // namespace ibcm::test
