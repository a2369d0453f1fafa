// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Listeners: which service ids they take, who may have the same one, and how they end.
#include "pair.h"

#include <set>

namespace ibcm::test
{
namespace
{

using ibwire::RejReason;

constexpr std::uint64_t kLow16 = 0xffffffffffff0000;
constexpr std::uint64_t kLow32 = 0xffffffff00000000;

class Listening : public Pair
{
  protected:
    explicit Listening(const Options& options = {})
        : Pair(options)
    {
    }

    Result<std::uint64_t> ListenUnder(Handle id, std::uint64_t service, std::uint64_t mask)
    {
        ListenParameters parameters;
        parameters.serviceId = service;
        parameters.serviceMask = mask;
        return hostB->cm.Listen(id, parameters);
    }

    /** Sends a REQ for a service to B. @return the listener that was told, or kNone. */
    Handle ListenerOf(std::uint64_t service)
    {
        hostB->consumer.told.clear();
        ReqParameters parameters = Req();
        parameters.serviceId = service;
        parameters.localQpn = m_nextQpn++;
        const Handle id = Connect(parameters);
        Settle();
        if (hostB->consumer.told.empty())
        {
            EXPECT_EQ(std::get<RejReceived>(hostA->consumer.Last().event.parameters).reason,
                      RejReason::kInvalidServiceId);
            EXPECT_EQ(hostA->cm.StateOf(id), State::kIdle);
            return Handle::kNone;
        }
        const Event& event = hostB->consumer.Last().event;
        EXPECT_EQ(event.type, EventType::kReqReceived);
        const auto& received = std::get<ReqReceived>(event.parameters);
        EXPECT_EQ(received.serviceId, service);
        return received.listener;
    }

    std::uint32_t SharersOf(Handle id)
    {
        for (const ListenerReport& one : hostB->cm.Inspect().listeners)
        {
            if (one.id == id)
            {
                return one.sharers;
            }
        }
        return 0;
    }

  private:
    std::uint32_t m_nextQpn{0x1000};
};

TEST_F(Listening, AnExactOneTakesItsServiceAndNoOther)
{
    const Handle id = CreateB();
    EXPECT_EQ(hostB->cm.Listen(id, kService), kService);
    EXPECT_EQ(hostB->cm.StateOf(id), State::kListen);
    EXPECT_EQ(ListenerOf(kService), id);
    EXPECT_EQ(ListenerOf(kService + 1), Handle::kNone);
    EXPECT_EQ(ListenerOf(kService - 1), Handle::kNone);
    EXPECT_EQ(ListenerOf(0), Handle::kNone);
}

TEST_F(Listening, AMaskTakesAllServicesThatAreTheSameUnderIt)
{
    const Handle id = CreateB();
    EXPECT_EQ(ListenUnder(id, 0x1000000000030042, kLow16), 0x1000000000030000)
        << "what the mask hides is no part of the service";
    EXPECT_EQ(ListenerOf(0x1000000000030000), id);
    EXPECT_EQ(ListenerOf(0x100000000003ffff), id);
    EXPECT_EQ(ListenerOf(0x1000000000040000), Handle::kNone);
    EXPECT_EQ(ListenerOf(0x100000000002ffff), Handle::kNone);
}

TEST_F(Listening, MasksOfSeveralWidthsAndExactOnesStandSideBySide)
{
    const Handle exact = CreateB();
    const Handle narrow = CreateB();
    const Handle wide = CreateB();
    const Handle middle = CreateB(); // a mask with a hole
    ASSERT_TRUE(ListenUnder(exact, 0x1000000000000001, kExactService));
    ASSERT_TRUE(ListenUnder(narrow, 0x1000000000010000, kLow16));
    ASSERT_TRUE(ListenUnder(wide, 0x1000000100000000, kLow32));
    ASSERT_TRUE(ListenUnder(middle, 0x3000000000000007, 0xff000000000000ff));
    EXPECT_EQ(ListenerOf(0x1000000000000001), exact);
    EXPECT_EQ(ListenerOf(0x1000000000010001), narrow);
    EXPECT_EQ(ListenerOf(0x1000000100010001), wide);
    EXPECT_EQ(ListenerOf(0x30aabbccddeeff07), middle);
    EXPECT_EQ(ListenerOf(0x30aabbccddeeff08), Handle::kNone);
    EXPECT_EQ(ListenerOf(0x1000000000000002), Handle::kNone);
    DestroyB(narrow);
    EXPECT_EQ(ListenerOf(0x1000000000010001), Handle::kNone);
    EXPECT_EQ(ListenerOf(0x1000000100010001), wide);
}

TEST_F(Listening, TwoThatAnyServiceCouldMatchAreRefusedUnderEitherMask)
{
    struct Case
    {
        std::uint64_t first;
        std::uint64_t firstMask;
        std::uint64_t second;
        std::uint64_t secondMask;
        bool overlap;
    };

    const Case cases[] = {
        {kService, kExactService, kService, kExactService, true},
        {kService, kExactService, kService + 1, kExactService, false},
        {kService, kExactService, kService, kLow16, true},
        {kService, kExactService, kService ^ 0x10000, kLow16, false},
        {kService, kLow32, kService, kLow16, true},
        {kService, kLow32, kService ^ 0x10000, kLow16, true},
        {kService, kLow32, kService ^ 0x100000000, kLow16, false},
        // Neither mask holds the other: what both leave free decides.
        {0x1000000000000001, 0xff000000000000ff, 0x1000000000000100, 0xff0000000000ff00, true},
        {0x1000000000000001, 0xff000000000000ff, 0x1100000000000100, 0xff0000000000ff00, false},
        {0x1000000000000001, 0xff000000000000ff, 0x1000000000000102, 0xff0000000000ffff, false},
    };
    for (const Case& one : cases)
    {
        for (const bool swapped : {false, true})
        {
            SCOPED_TRACE(testing::Message()
                         << std::hex << one.first << "/" << one.firstMask << " " << one.second
                         << "/" << one.secondMask << " " << (swapped ? "swapped" : ""));
            const Handle first = CreateB();
            const Handle second = CreateB();
            ASSERT_TRUE(swapped ? ListenUnder(first, one.second, one.secondMask)
                                : ListenUnder(first, one.first, one.firstMask));
            const auto answer = swapped ? ListenUnder(second, one.first, one.firstMask)
                                        : ListenUnder(second, one.second, one.secondMask);
            EXPECT_EQ(answer.has_value(), !one.overlap);
            if (!answer)
            {
                EXPECT_EQ(answer.error(), CmError::kAddressInUse);
                EXPECT_EQ(hostB->cm.StateOf(second), State::kIdle);
                EXPECT_TRUE(hostB->cm.Listen(second, 0x5000000000000000)) << "it stays usable";
            }
            DestroyB(first);
            DestroyB(second);
        }
    }
}

TEST_F(Listening, AssignedServicesAreNewEachTimeAndCanBeAskedFor)
{
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 20; ++i)
    {
        const Handle id = CreateB();
        const auto service = hostB->cm.Listen(id, kAssignServiceId);
        ASSERT_TRUE(service);
        EXPECT_EQ(*service >> 56, 0x02U);
        EXPECT_NE(*service, kAssignServiceId);
        EXPECT_TRUE(seen.insert(*service).second) << "given twice";
        EXPECT_EQ(ListenerOf(*service), id);
        if (i % 3 == 0)
        {
            DestroyB(id);
        }
    }
}

TEST_F(Listening, TheAssignedRangeIsRefusedToThoseWhoNameIt)
{
    struct Case
    {
        std::uint64_t service;
        std::uint64_t mask;
        bool allowed;
    };

    const Case cases[] = {
        {0x0200000000000001, kExactService, false},
        {0x02ffffffffffffff, kExactService, false},
        {0x0200000000000000, kLow16, false},
        {0x01ffffffffffffff, kExactService, true},
        {0x0300000000000000, kExactService, true},
        // Masks under which an id of the range is the same.
        {0x0000000000000000, 0x8000000000000000, false},
        {0x0000000000004242, 0x0000000000ffffff, false},
        {0x0000000000000000, 0x0000000000000001, false},
        {0x0100000000000000, 0x0100000000000000, true},
        {0x1000000000000000, 0xf000000000000000, true},
        {0x0000000000000000, 0xff00000000000000, true},
        {kService, 0, false}, // an empty mask is everything
    };
    for (const Case& one : cases)
    {
        SCOPED_TRACE(testing::Message() << std::hex << one.service << "/" << one.mask);
        const Handle id = CreateB();
        const auto answer = ListenUnder(id, one.service, one.mask);
        ASSERT_EQ(answer.has_value(), one.allowed);
        if (!answer)
        {
            EXPECT_EQ(answer.error(), CmError::kInvalidArgument);
            EXPECT_EQ(hostB->cm.StateOf(id), State::kIdle);
        }
        // Whatever listens, there are ids left to assign, and finding one takes no time.
        const Handle other = CreateB();
        EXPECT_TRUE(hostB->cm.Listen(other, kAssignServiceId));
        DestroyB(id);
        DestroyB(other);
    }
}

TEST_F(Listening, OnlyAnIdInIdleMayListen)
{
    const Handle id = ListenB();
    EXPECT_EQ(hostB->cm.Listen(id, kService + 1), tl::unexpected(CmError::kInvalidState));
    EXPECT_EQ(ListenerOf(kService), id) << "it listens as before";
    EXPECT_EQ(hostB->cm.Listen(Accepted(), kService + 1), tl::unexpected(CmError::kInvalidState));
    EXPECT_EQ(hostB->cm.Listen(Handle{0x1234567}, kService + 1),
              tl::unexpected(CmError::kInvalidHandle));
    DestroyB(id);
    EXPECT_EQ(hostB->cm.Listen(id, kService + 1), tl::unexpected(CmError::kInvalidHandle));
}

TEST_F(Listening, ARedirectionThatNoMessageHoldsIsRefused)
{
    const Handle id = CreateB();
    ListenParameters parameters;
    parameters.serviceId = kService;
    parameters.redirect.emplace();
    parameters.redirect->redirectQpn = 1U << 24;
    EXPECT_EQ(hostB->cm.Listen(id, parameters), tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostB->cm.StateOf(id), State::kIdle);
    parameters.redirect->redirectQpn = (1U << 24) - 1;
    EXPECT_TRUE(hostB->cm.Listen(id, parameters));
}

TEST_F(Listening, SharersAreCountedAndTheLastOneEndsIt)
{
    const auto first = hostB->cm.ListenShared(hostB->consumer, kService);
    ASSERT_TRUE(first);
    EXPECT_EQ(SharersOf(*first), 1U);
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, kService), *first);
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, kService), *first);
    EXPECT_EQ(SharersOf(*first), 3U);
    EXPECT_EQ(hostB->cm.LiveIds(), 1U) << "no id is made in vain";
    for (std::uint32_t left = 2; left > 0; --left)
    {
        EXPECT_TRUE(hostB->cm.Destroy(*first));
        EXPECT_EQ(SharersOf(*first), left);
        EXPECT_EQ(ListenerOf(kService), *first);
    }
    EXPECT_TRUE(hostB->cm.Destroy(*first));
    EXPECT_EQ(ListenerOf(kService), Handle::kNone);
    EXPECT_EQ(hostB->cm.Destroy(*first), tl::unexpected(CmError::kInvalidHandle));
    EXPECT_EQ(hostB->cm.StateOf(*first), tl::unexpected(CmError::kInvalidHandle));
    // Free for anybody now.
    const auto fresh = hostB->cm.ListenShared(hostB->consumer, kService);
    ASSERT_TRUE(fresh);
    EXPECT_NE(*fresh, *first);
    EXPECT_TRUE(hostB->cm.Destroy(*fresh));
}

TEST_F(Listening, SharingTakesTheSameHandlerAndTheWillToShare)
{
    Recorder other(runtime);
    const auto shared = hostB->cm.ListenShared(hostB->consumer, kService);
    ASSERT_TRUE(shared);
    EXPECT_EQ(hostB->cm.ListenShared(other, kService), tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(hostB->cm.Listen(CreateB(), kService), tl::unexpected(CmError::kAddressInUse));
    ListenB(kService + 1);
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, kService + 1),
              tl::unexpected(CmError::kInvalidArgument))
        << "it was not made to be shared";
    const Handle masked = CreateB();
    ASSERT_TRUE(ListenUnder(masked, 0x1000000000030000, kLow16));
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, 0x1000000000030007),
              tl::unexpected(CmError::kInvalidArgument));
    EXPECT_EQ(SharersOf(*shared), 1U);
    EXPECT_EQ(hostB->cm.LiveIds(), 4U) << "refusals leave no id";
    EXPECT_TRUE(hostB->cm.Destroy(*shared));
}

TEST_F(Listening, AnOrdinaryListenerCanBeMadeToBeShared)
{
    const Handle id = CreateB();
    ListenParameters parameters;
    parameters.serviceId = kService;
    parameters.shared = true;
    ASSERT_TRUE(hostB->cm.Listen(id, parameters));
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, kService), id);
    DestroyB(id);
    EXPECT_EQ(hostB->cm.StateOf(id), State::kListen);
    DestroyB(id);
    EXPECT_EQ(hostB->cm.LiveIds(), 0U);
}

TEST_F(Listening, NobodyJoinsAListenerForMoreServices)
{
    ListenParameters parameters;
    parameters.serviceId = 0x1000000000030007;
    parameters.serviceMask = kLow16;
    parameters.shared = true;
    const Handle masked = CreateB();
    ASSERT_TRUE(hostB->cm.Listen(masked, parameters));
    // The first is what the mask leaves of its service id.
    for (const std::uint64_t service : {0x1000000000030000, 0x1000000000030007})
    {
        EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, service),
                  tl::unexpected(CmError::kInvalidArgument));
    }
    EXPECT_EQ(SharersOf(masked), 1U);
    EXPECT_EQ(hostB->cm.LiveIds(), 1U) << "refusals leave no id";
}

TEST_F(Listening, SharingTheAssignedRange)
{
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, kAssignServiceId + 5),
              tl::unexpected(CmError::kInvalidArgument));
    const auto first = hostB->cm.ListenShared(hostB->consumer, kAssignServiceId);
    const auto second = hostB->cm.ListenShared(hostB->consumer, kAssignServiceId);
    ASSERT_TRUE(first && second);
    EXPECT_NE(*first, *second) << "each asks for an id of its own";
    EXPECT_TRUE(hostB->cm.Destroy(*first));
    EXPECT_TRUE(hostB->cm.Destroy(*second));
}

TEST_F(Listening, ASharedListenerMayBeLeftFromAHandlerOfAnotherId)
{
    const auto shared = hostB->cm.ListenShared(hostB->consumer, kService);
    ASSERT_EQ(hostB->cm.ListenShared(hostB->consumer, kService), shared);
    hostB->consumer.react = [&](ConnectionManager& cm, Handle, const Event& event)
    {
        if (event.type == EventType::kRtuReceived)
        {
            EXPECT_TRUE(cm.Destroy(*shared));
        }
        return Disposition::kKeep;
    };
    EXPECT_EQ(ListenerOf(kService), *shared);
    const Handle active = created.back().second;
    ASSERT_TRUE(hostB->cm.SendRep(Accepted(), Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(active));
    Settle();
    EXPECT_EQ(SharersOf(*shared), 1U);
    EXPECT_TRUE(hostB->cm.Destroy(*shared));
}

TEST_F(Listening, WhatItHasAcceptedOutlivesIt)
{
    listener = ListenB();
    a = Connect();
    Settle();
    b = Accepted();
    DestroyB(listener);
    EXPECT_EQ(StateB(), State::kReqRcvd);
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    EXPECT_EQ(StateB(), State::kEstablished);
    EXPECT_EQ(ListenerOf(kService), Handle::kNone);
}

TEST_F(Listening, TheBacklogOfOneListenerIsItsOwn)
{
    ListenParameters parameters;
    parameters.serviceId = kService;
    parameters.backlog = 2;
    const Handle narrow = CreateB();
    ASSERT_TRUE(hostB->cm.Listen(narrow, parameters));
    const Handle other = ListenB(kService + 1);
    EXPECT_EQ(ListenerOf(kService), narrow);
    const Handle first = Accepted();
    EXPECT_EQ(ListenerOf(kService), narrow);
    const Handle second = Accepted();
    ReqParameters third = Req();
    third.localQpn = 0x999;
    const Handle waiting = Connect(third);
    Settle();
    EXPECT_EQ(hostB->consumer.accepted.size(), 2U);
    EXPECT_EQ(hostA->cm.StateOf(waiting), State::kReqSent) << "not answered: its retry may succeed";
    EXPECT_EQ(hostB->cm.Counters().discarded[static_cast<std::size_t>(Discard::kBacklog)], 1U);
    EXPECT_EQ(ListenerOf(kService + 1), other) << "others are not touched";

    // A REP alone does not give the place back; a refusal does.
    ASSERT_TRUE(hostB->cm.SendRep(first, Rep()));
    wire.DropAll();
    runtime.Advance(std::chrono::milliseconds(1300));
    Settle();
    EXPECT_EQ(hostA->cm.StateOf(waiting), State::kReqSent);
    EXPECT_EQ(hostB->consumer.accepted.size(), 3U);
    ASSERT_TRUE(hostB->cm.SendRej(second, RejReason::kConsumer));
    runtime.Advance(std::chrono::milliseconds(1300));
    Settle();
    EXPECT_EQ(hostB->consumer.accepted.size(), 4U) << "the retry came in";
}

class FewListeners : public Listening
{
  protected:
    FewListeners()
        : Listening(Few())
    {
    }

    static Options Few()
    {
        Options options;
        options.limits.maxListeners = 2;
        return options;
    }
};

TEST_F(FewListeners, TheirNumberIsBounded)
{
    const auto shared = hostB->cm.ListenShared(hostB->consumer, kService);
    ASSERT_TRUE(shared);
    const Handle second = ListenB(kService + 1);
    const Handle third = CreateB();
    EXPECT_EQ(hostB->cm.Listen(third, kService + 2), tl::unexpected(CmError::kNoResources));
    EXPECT_EQ(hostB->cm.StateOf(third), State::kIdle);
    const std::size_t ids = hostB->cm.LiveIds();
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, kService + 2),
              tl::unexpected(CmError::kNoResources));
    EXPECT_EQ(hostB->cm.LiveIds(), ids);
    EXPECT_EQ(hostB->cm.ListenShared(hostB->consumer, kService), *shared) << "sharing takes none";
    DestroyB(second);
    EXPECT_TRUE(hostB->cm.Listen(third, kService + 2));
    EXPECT_TRUE(hostB->cm.Destroy(*shared));
    EXPECT_TRUE(hostB->cm.Destroy(*shared));
}

TEST_F(Listening, SidrRequestsFindTheSameListeners)
{
    const Handle id = CreateB();
    ASSERT_TRUE(ListenUnder(id, 0x1000000000030000, kLow16));
    SidrReqParameters request;
    request.path = PathToB();
    for (const std::uint64_t service : {0x1000000000030099U, 0x1000000000040000U})
    {
        request.serviceId = service;
        const Handle client = CreateA();
        ASSERT_TRUE(hostA->cm.SendSidrReq(client, request));
        Settle();
    }
    ASSERT_EQ(hostB->consumer.told.size(), 1U);
    const Told& told = hostB->consumer.told[0];
    created.emplace_back(hostB.get(), told.id);
    EXPECT_EQ(std::get<SidrReqReceived>(told.event.parameters).listener, id);
    EXPECT_EQ(std::get<SidrRepReceived>(hostA->consumer.Last().event.parameters).status,
              ibwire::SidrStatus::kServiceNotSupported);
}

} // namespace
} // namespace ibcm::test
