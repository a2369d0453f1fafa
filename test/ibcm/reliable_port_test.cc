// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reliable sends: how often, when, and when no more.
#include "ibcm/helper/loopback-wire.h"
#include "ibcm/helper/reliable-port.h"
#include "ibcm/helper/step-runtime.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <vector>

namespace ibcm::test
{
namespace
{

using std::chrono::milliseconds;

class Reliably : public ::testing::Test, public MadSink
{
  protected:
    Reliably()
        : end(wire.AddEnd({1, {}, {0xffff}})),
          other(wire.AddEnd({2, {}, {0xffff}})),
          port(std::in_place, runtime, end, 3)
    {
        end.Attach(&*port);
        port->SetSink(this);
        wire.SetTap(
            [this](const Flight& flight)
            {
                sent.push_back(runtime.Now());
                lastByte = flight.bytes[255];
            });
        address.dlid = 2;
    }

    ~Reliably() override
    {
        if (port)
        {
            port->SetSink(nullptr);
        }
        end.Attach(nullptr);
    }

    void OnReceive(std::uint8_t portNumber, const ReceivedMad& mad) override
    {
        received.emplace_back(portNumber, mad);
    }

    void OnSendDone(std::uint64_t context, SendToken token, SendStatus status) override
    {
        done.push_back({context, token, status, runtime.Now()});
        if (onDone)
        {
            onDone();
        }
    }

    SendToken Send(Duration timeout, unsigned retries, std::uint64_t context = 9)
    {
        return port->Send({}, address, timeout, retries, context).value();
    }

    struct Done
    {
        std::uint64_t context;
        SendToken token;
        SendStatus status;
        Instant when;
    };

    StepRuntime runtime;
    LoopbackWire wire;
    LoopbackWire::End& end;
    LoopbackWire::End& other;
    std::optional<ReliablePort> port;
    MadAddress address;
    std::vector<Instant> sent;
    std::uint8_t lastByte{0};
    std::vector<std::pair<std::uint8_t, ReceivedMad>> received;
    std::vector<Done> done;
    std::function<void()> onDone;
};

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

} // namespace
} // namespace ibcm::test
