// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Requests that wait for their turn.
#include "reliable_port_fixture.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <vector>

namespace ibcm::test
{
namespace
{

using ibwire::CmAttribute;
using std::chrono::milliseconds;
using Tags = std::vector<std::uint8_t>;

TEST_F(Windowed, WhatIsOverTheWindowWaitsUntransmitted)
{
    Request(1);
    Request(2);
    const SendToken third = Request(3);
    EXPECT_EQ(tags, (Tags{1, 2}));
    EXPECT_EQ(port->Waiting(), 1U);
    EXPECT_EQ(port->Outstanding(), 3U);
    const auto progress = port->Progress(third);
    ASSERT_TRUE(progress);
    EXPECT_TRUE(progress->waiting);
    EXPECT_EQ(progress->transmissions, 0U);
    EXPECT_EQ(progress->untilNext, kWait);
    EXPECT_FALSE(port->Resend(third));
    EXPECT_EQ(tags.size(), 2U);
    EXPECT_EQ(port->Retries(), 0U);
}

TEST_F(Windowed, AnAnswerLetsTheNextOneGoInOrder)
{
    const SendToken first = Request(1);
    const SendToken second = Request(2);
    for (std::uint8_t tag = 3; tag <= 6; ++tag)
    {
        Request(tag);
    }
    ASSERT_TRUE(port->Cancel(second));
    EXPECT_EQ(tags, (Tags{1, 2, 3}));
    ASSERT_TRUE(port->Cancel(first));
    EXPECT_EQ(tags, (Tags{1, 2, 3, 4}));
    EXPECT_EQ(port->Waiting(), 2U);
}

TEST_F(Windowed, TimeoutsAndRetriesBeginWithTheTransmission)
{
    const SendToken first = Request(1);
    const SendToken second = Request(2);
    ASSERT_TRUE(TrySend(CmAttribute::kReq, 3, 1));
    runtime.Advance(milliseconds(9));
    ASSERT_TRUE(port->Cancel(first));
    ASSERT_TRUE(port->Cancel(second));
    runtime.RunUntilIdle();
    EXPECT_EQ(sent,
              (std::vector<Instant>{
                  milliseconds(0), milliseconds(0), milliseconds(9), milliseconds(19)}));
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].context, 3U);
    EXPECT_EQ(done[0].when, milliseconds(29));
}

TEST_F(Windowed, ATimeoutLetsTheNextOneGoToo)
{
    for (std::uint8_t tag = 1; tag <= 5; ++tag)
    {
        Request(tag);
    }
    runtime.RunUntilIdle();
    EXPECT_EQ(tags, (Tags{1, 2, 3, 4, 5}));
    ASSERT_EQ(done.size(), 5U);
    EXPECT_EQ(done[1].when, milliseconds(10));
    EXPECT_EQ(done[3].when, milliseconds(20));
    EXPECT_EQ(done[4].when, milliseconds(30));
    EXPECT_EQ(port->Outstanding(), 0U);
}

TEST_F(Windowed, NoMoreThanTheWindowIsEverUnanswered)
{
    std::size_t most = 0;
    wire.SetTap([&](const Flight&) { most = std::max(most, port ? std::size_t{1} : 0); });
    std::vector<SendToken> tokens;
    for (std::uint8_t tag = 0; tag < 50; ++tag)
    {
        tokens.push_back(Request(tag));
    }
    for (const SendToken token : tokens)
    {
        const std::size_t underWay = port->Outstanding() - port->Waiting();
        EXPECT_LE(underWay, 2U);
        EXPECT_EQ(underWay, std::min<std::size_t>(port->Outstanding(), 2));
        ASSERT_TRUE(port->Cancel(token));
    }
    EXPECT_EQ(port->Outstanding(), 0U);
}

TEST_F(Windowed, OneThatWaitsCanBeCancelled)
{
    const SendToken first = Request(1);
    Request(2);
    const SendToken third = Request(3);
    Request(4);
    EXPECT_TRUE(port->Cancel(third));
    EXPECT_FALSE(port->Cancel(third));
    EXPECT_FALSE(port->Modify(third, kWait));
    EXPECT_EQ(port->Waiting(), 1U);
    ASSERT_TRUE(port->Cancel(first));
    EXPECT_EQ(tags, (Tags{1, 2, 4}));
    runtime.RunUntilIdle();
    EXPECT_EQ(tags, (Tags{1, 2, 4}));
    EXPECT_EQ(done.size(), 2U);
}

TEST_F(Windowed, WhatWasNeverTransmittedIsCounted)
{
    using ibwire::CmAttribute;
    const SendToken first = Request(1);
    const SendToken second = Request(2);
    const SendToken third = Request(3);
    Request(4);
    EXPECT_EQ(port->Counts().untransmitted[KindOf(CmAttribute::kReq)], 2U);
    EXPECT_EQ(port->Counts().untransmitted[KindOf(CmAttribute::kDreq)], 0U);
    ASSERT_TRUE(port->Cancel(third));
    EXPECT_EQ(port->Counts().untransmitted[KindOf(CmAttribute::kReq)], 2U) << "it never will be";
    ASSERT_TRUE(port->Cancel(first));
    ASSERT_EQ(tags, (Tags{1, 2, 4}));
    EXPECT_EQ(port->Counts().untransmitted[KindOf(CmAttribute::kReq)], 1U)
        << "the fourth has had its turn";
    Request(5);
    end.SetDown(true);
    ASSERT_TRUE(port->Cancel(second));
    runtime.RunUntilIdle();
    EXPECT_EQ(port->Counts().untransmitted[KindOf(CmAttribute::kReq)], 2U)
        << "the fifth could not be sent";
}

TEST_F(Windowed, OneThatWaitsCanBeModified)
{
    const SendToken first = Request(1);
    Request(2);
    const SendToken third = Request(3);
    EXPECT_TRUE(port->Modify(third, milliseconds(100)));
    runtime.Advance(milliseconds(5));
    EXPECT_EQ(tags.size(), 2U) << "a wait was started for what waits for its turn";
    ASSERT_TRUE(port->Cancel(first));
    runtime.RunUntilIdle();
    ASSERT_EQ(done.size(), 2U);
    EXPECT_EQ(done[1].context, 3U);
    EXPECT_EQ(done[1].when, milliseconds(105));
}

TEST_F(Windowed, EachKindOfRequestHasItsOwnWindow)
{
    std::uint8_t tag = 0;
    for (const CmAttribute attribute :
         {CmAttribute::kReq, CmAttribute::kSidrReq, CmAttribute::kLap, CmAttribute::kDreq})
    {
        const std::size_t before = port->Waiting();
        ASSERT_TRUE(TrySend(attribute, ++tag));
        ASSERT_TRUE(TrySend(attribute, ++tag));
        EXPECT_EQ(port->Waiting(), before);
        ASSERT_TRUE(TrySend(attribute, 0));
        EXPECT_EQ(port->Waiting(), before + 1);
    }
    EXPECT_EQ(tags, (Tags{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST_F(Windowed, RepliesNeverWait)
{
    for (std::uint8_t tag = 1; tag <= 4; ++tag)
    {
        Request(tag);
    }
    for (const CmAttribute attribute : {CmAttribute::kMra,
                                        CmAttribute::kRej,
                                        CmAttribute::kRep,
                                        CmAttribute::kRtu,
                                        CmAttribute::kDrep,
                                        CmAttribute::kSidrRep,
                                        CmAttribute::kApr})
    {
        for (int i = 0; i < 5; ++i)
        {
            ASSERT_TRUE(TrySend(attribute, static_cast<std::uint8_t>(attribute)));
            EXPECT_EQ(tags.back(), static_cast<std::uint8_t>(attribute));
        }
    }
    // And neither does a request that is sent once, for better or worse.
    ASSERT_TRUE(port->Send(Mad(CmAttribute::kReq, 99), address, Duration{0}, 0, 0));
    EXPECT_EQ(tags.back(), 99);
    EXPECT_EQ(port->Waiting(), 2U);
}

TEST_F(Windowed, ADeadDestinationHoldsUpNoOther)
{
    for (std::uint8_t tag = 1; tag <= 9; ++tag)
    {
        Request(tag);
    }
    tags.clear();
    const auto passes = [this](const char* what)
    {
        for (std::uint8_t tag = 21; tag <= 22; ++tag)
        {
            Request(tag);
        }
        EXPECT_EQ(tags, (Tags{21, 22})) << what;
        tags.clear();
    };
    address.dlid = 3;
    passes("another LID");
    address.dlid = 2;
    address.qpn = 77;
    passes("another QP");
    address.qpn = 1;
    address.hasGrh = true;
    address.dgid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, 5);
    passes("another GID");
    address.dgid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, 6);
    passes("yet another GID");
    address.hasGrh = false;
    Request(30);
    EXPECT_TRUE(tags.empty()) << "a GID without a GRH made a new destination";
    address.dlid = 2;
    address.sl = 3;
    Request(31);
    EXPECT_TRUE(tags.empty()) << "another SL made a new destination";
}

TEST_F(Windowed, WithoutALimitNothingWaits)
{
    options.requestWindow = 0;
    Use(options);
    for (unsigned i = 0; i < 1000; ++i)
    {
        Request(0);
    }
    EXPECT_EQ(tags.size(), 1000U);
    EXPECT_EQ(port->Waiting(), 0U);
}

TEST_F(Windowed, TheDefaultWindowIs128)
{
    Use({});
    for (unsigned i = 0; i < 129; ++i)
    {
        Request(0);
    }
    EXPECT_EQ(tags.size(), 128U);
    EXPECT_EQ(port->Waiting(), 1U);
}

TEST_F(Windowed, APortGoesWithThoseThatWait)
{
    for (std::uint8_t tag = 1; tag <= 5; ++tag)
    {
        Request(tag);
    }
    end.Attach(nullptr);
    port.reset(); // leaks, and a touch of what is gone, are the sanitizers' business
    runtime.RunUntilIdle();
    EXPECT_EQ(tags.size(), 2U);
    EXPECT_TRUE(done.empty());
}

// Calls at random against a model that is a handful of lists.
TEST_F(Windowed, AgreesWithAModel)
{
    options.requestWindow = 3;
    Use(options);
    struct Window
    {
        std::vector<std::uint64_t> underWay;
        std::vector<std::uint64_t> waiting;
    };

    std::map<unsigned, Window> windows;
    std::map<std::uint64_t, std::pair<SendToken, unsigned>> live;
    std::vector<std::uint64_t> expected;
    std::vector<std::uint64_t> transmitted;
    wire.SetTap([&](const Flight& flight)
                { transmitted.push_back(ibwire::DecodeHeader(flight.bytes).transactionId); });
    StepRuntime dice(5);
    for (std::uint64_t i = 1; i <= 20000; ++i)
    {
        if (live.empty() || dice.Random() % 100 < 51)
        {
            const unsigned to = static_cast<unsigned>(dice.Random() % 5);
            ibwire::MadBytes mad = Mad(CmAttribute::kReq, 0);
            ibwire::MadHeader header = ibwire::DecodeHeader(mad);
            header.transactionId = i;
            ibwire::EncodeHeader(header, mad);
            address.dlid = static_cast<std::uint16_t>(10 + to);
            live[i] = {port->Send(mad, address, kWait, 0, i).value(), to};
            Window& window = windows[to];
            (window.underWay.size() < 3 ? window.underWay : window.waiting).push_back(i);
            if (window.underWay.back() == i)
            {
                expected.push_back(i);
            }
        }
        else
        {
            auto it = live.begin();
            std::advance(it, static_cast<std::ptrdiff_t>(dice.Random() % live.size()));
            Window& window = windows[it->second.second];
            ASSERT_TRUE(port->Cancel(it->second.first));
            std::erase(window.waiting, it->first);
            if (std::erase(window.underWay, it->first) == 1 && !window.waiting.empty())
            {
                expected.push_back(window.waiting.front());
                window.underWay.push_back(window.waiting.front());
                window.waiting.erase(window.waiting.begin());
            }
            live.erase(it);
        }
        wire.DropAll();
        ASSERT_EQ(port->Outstanding(), live.size());
    }
    EXPECT_EQ(transmitted, expected);
}

} // namespace
} // namespace ibcm::test
