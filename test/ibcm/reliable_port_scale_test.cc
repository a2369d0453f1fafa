// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Many sends at once, and what is done under the port's lock.
#include "allocation-hook.h"
#include "reliable_port_fixture.h"

#include <algorithm>
#include <vector>

namespace ibcm::test
{
namespace
{

using ibwire::CmAttribute;
using std::chrono::milliseconds;

/** Swallows all it is given, without an allocation. */
class Sink final : public MadWire, public MadSink
{
  public:
    explicit Sink(StepRuntime& runtime)
        : m_runtime(runtime)
    {
    }

    bool Transmit(const ibwire::MadBytes&, const MadAddress&) override
    {
        ++transmissions;
        mostAtOnce = std::max(mostAtOnce, ++sinceLock);
        return !down;
    }

    std::uint16_t Lid() const override
    {
        return 1;
    }

    std::optional<std::uint8_t> FindGid(const ibwire::Gid&) const override
    {
        return std::nullopt;
    }

    ibwire::Gid GidAt(std::uint8_t) const override
    {
        return {};
    }

    std::optional<std::uint16_t> FindPkey(std::uint16_t) const override
    {
        return std::nullopt;
    }

    void OnReceive(std::uint8_t, const ReceivedMad&) override
    {
    }

    void OnSendDone(std::uint64_t context, SendToken, SendStatus) override
    {
        EXPECT_EQ(m_runtime.LocksHeld(), 0U);
        inOrder = inOrder && context > lastDone;
        lastDone = context;
        ++done;
    }

    std::uint64_t transmissions{0};
    std::uint64_t sinceLock{0};
    std::uint64_t mostAtOnce{0}; ///< transmissions under one hold of a lock
    std::uint64_t done{0};
    std::uint64_t lastDone{0};
    bool inOrder{true};
    bool down{false};

  private:
    StepRuntime& m_runtime;
};

class Crowd : public ::testing::Test
{
  protected:
    Crowd()
    {
        Use({});
    }

    ~Crowd() override
    {
        port->SetSink(nullptr);
    }

    void Use(const ReliablePortOptions& options)
    {
        port.emplace(runtime, sink, std::uint8_t{1}, options);
        port->SetSink(&sink);
    }

    /** To a destination of its own for each ten. */
    SendToken Request(std::uint64_t number, unsigned retries)
    {
        address.dlid = static_cast<std::uint16_t>(1 + number / 10);
        return port->Send(mad, address, milliseconds(10), retries, number).value();
    }

    /** A life of @p count sends with everything that can happen to one. */
    void LiveThrough(std::uint64_t count)
    {
        tokens.clear();
        for (std::uint64_t i = 1; i <= count; ++i)
        {
            tokens.push_back(Request(i, 1));
        }
        for (std::size_t i = 0; i < tokens.size(); i += 3)
        {
            ASSERT_TRUE(port->Cancel(tokens[i]));
        }
        for (std::size_t i = 1; i < tokens.size(); i += 3)
        {
            ASSERT_TRUE(port->Modify(tokens[i], milliseconds(20)));
            ASSERT_TRUE(port->Progress(tokens[i]));
            (void)port->Resend(tokens[i]);
        }
        runtime.RunUntilIdle();
        ASSERT_EQ(port->Outstanding(), 0U);
    }

    StepRuntime runtime;
    Sink sink{runtime};
    std::optional<ReliablePort> port;
    const ibwire::MadBytes mad = Mad(CmAttribute::kReq, 0);
    MadAddress address;
    std::vector<SendToken> tokens;
};

TEST_F(Crowd, TheHookSeesWhatIsAllocatedUnderALock)
{
    Mutex mutex(runtime, "test");
    AllocationHook hook(runtime);
    auto outside = std::make_unique<std::array<char, 100>>();
    EXPECT_EQ(hook.Allocations(), 0U);
    EXPECT_GE(hook.Others(), 1U);
    {
        MutexLock hold(mutex);
        auto inside = std::make_unique<std::array<char, 123>>();
        EXPECT_EQ(hook.Allocations(), 1U);
        EXPECT_EQ(hook.FirstBytes(), 123U);
        EXPECT_EQ(hook.Frees(), 0U);
        inside.reset();
        EXPECT_EQ(hook.Frees(), 1U);
        outside.reset();
        EXPECT_EQ(hook.Frees(), 2U);
        struct alignas(64) Aligned
        {
            char bytes[64];
        };
        auto aligned = std::make_unique<Aligned>();
        EXPECT_EQ(hook.Allocations(), 2U);
    }
}

TEST_F(Crowd, NothingIsAllocatedOrFreedUnderTheLockWhileItGrows)
{
    ReliablePortOptions options;
    options.requestWindow = 4; // more than half of them wait at first
    options.backoff = Backoff{};
    Use(options);
    tokens.reserve(5000);
    AllocationHook hook(runtime);
    LiveThrough(5000);
    EXPECT_EQ(hook.Allocations(), 0U) << "the first one of " << hook.FirstBytes() << " bytes";
    EXPECT_EQ(hook.Frees(), 0U);
    EXPECT_GT(hook.Others(), 5000U) << "the sends themselves must have been allocated somewhere";
}

TEST_F(Crowd, NothingIsAllocatedOrFreedUnderTheLockWhenTheWireFails)
{
    ReliablePortOptions options;
    options.requestWindow = 4;
    Use(options);
    tokens.reserve(2000);
    for (std::uint64_t i = 1; i <= 2000; ++i)
    {
        tokens.push_back(Request(i, 3));
    }
    AllocationHook hook(runtime);
    sink.down = true;
    ASSERT_TRUE(port->Cancel(tokens[0]));
    runtime.RunUntilIdle();
    EXPECT_EQ(sink.done, 1999U);
    EXPECT_EQ(hook.Allocations(), 0U);
    EXPECT_EQ(hook.Frees(), 0U);
}

TEST_F(Crowd, OnceGrownNothingIsAllocatedAtAll)
{
    tokens.reserve(200);
    LiveThrough(200);
    AllocationHook hook(runtime);
    LiveThrough(200);
    LiveThrough(200);
    EXPECT_EQ(hook.Allocations(), 0U);
    EXPECT_EQ(hook.Others(), 0U);
}

TEST_F(Crowd, AFewSendsNeedNoMemoryAndTakeTheLockOnceEach)
{
    // A second hold would be one more place where an explorer has to try every order.
    unsigned locks = 0;
    runtime.SetLockHook([&](const char*) { ++locks; });
    AllocationHook hook(runtime);
    for (std::uint64_t i = 1; i <= 4; ++i)
    {
        address.dlid = static_cast<std::uint16_t>(i);
        ASSERT_TRUE(port->Send(mad, address, milliseconds(10), 1, i));
    }
    EXPECT_EQ(locks, 4U);
    EXPECT_EQ(hook.Others(), 0U);
    runtime.SetLockHook({});
}

TEST_F(Crowd, WhatTheWireRefusesLeavesNothingBehind)
{
    sink.down = true;
    const auto refused = [this](std::uint64_t number)
    {
        address.dlid = static_cast<std::uint16_t>(number);
        return port->Send(mad, address, milliseconds(10), 1, number) ==
               tl::unexpected(CmError::kSendFailed);
    };
    ASSERT_TRUE(refused(1));
    AllocationHook hook(runtime);
    for (std::uint64_t i = 2; i <= 1000; ++i)
    {
        ASSERT_TRUE(refused(i));
    }
    EXPECT_EQ(hook.Others(), 0U) << "something was kept for a destination";
}

TEST_F(Crowd, WhatFallsDueTogetherIsHandledInBatches)
{
    for (std::uint64_t i = 1; i <= 1000; ++i)
    {
        Request(i, 1);
    }
    unsigned locks = 0;
    runtime.SetLockHook(
        [&](const char*)
        {
            ++locks;
            sink.sinceLock = 0;
        });
    sink.sinceLock = 0;
    sink.mostAtOnce = 0;
    runtime.Advance(milliseconds(10));
    EXPECT_EQ(sink.transmissions, 2000U);
    EXPECT_LE(sink.mostAtOnce, 64U);
    EXPECT_LE(locks, 1000U / 64 + 2);
    locks = 0;
    runtime.Advance(milliseconds(10));
    EXPECT_EQ(sink.done, 1000U);
    EXPECT_LE(locks, 1000U / 64 + 2);
    EXPECT_TRUE(sink.inOrder);
    runtime.SetLockHook({});
}

TEST_F(Crowd, BetweenTwoBatchesOthersHaveTheirTurn)
{
    tokens.clear();
    for (std::uint64_t i = 1; i <= 200; ++i)
    {
        tokens.push_back(Request(i, 0));
    }
    unsigned locks = 0;
    runtime.SetLockHook(
        [&](const char*)
        {
            if (++locks == 2)
            {
                // Between the first 64 and the next: the 64th has ended, the 65th has not.
                EXPECT_FALSE(port->Cancel(tokens[63]));
                EXPECT_TRUE(port->Cancel(tokens[64]));
                EXPECT_TRUE(port->Modify(tokens[65], milliseconds(30)));
                Request(1000, 0);
                EXPECT_EQ(runtime.ArmedTimers(), 0U) << "set for what is being handled already";
            }
        });
    runtime.Advance(milliseconds(10));
    runtime.SetLockHook({});
    EXPECT_EQ(sink.done, 198U);
    EXPECT_EQ(port->Outstanding(), 2U);
    runtime.Advance(milliseconds(10));
    EXPECT_EQ(sink.done, 199U) << "the one that was sent in between was forgotten by the timer";
    runtime.Advance(milliseconds(20));
    EXPECT_EQ(sink.done, 200U);
    EXPECT_EQ(runtime.ArmedTimers(), 0U);
}

// Anything quadratic here takes minutes.
TEST_F(Crowd, AHundredThousandSendsAreNoTrouble)
{
    constexpr std::uint64_t kCount = 100'000;
    for (std::uint64_t i = 1; i <= kCount; ++i)
    {
        Request(i, 2);
    }
    runtime.RunUntilIdle();
    EXPECT_EQ(sink.transmissions, 3 * kCount);
    EXPECT_EQ(sink.done, kCount);
    EXPECT_TRUE(sink.inOrder);
    EXPECT_EQ(port->Counts().retransmitted[KindOf(CmAttribute::kReq)], 2 * kCount);
    // Once more, all to one destination that answers the last first.
    ReliablePortOptions options;
    options.maxWaiting = kCount;
    options.maxWaitingAtOneDestination = kCount;
    Use(options);
    tokens.clear();
    for (std::uint64_t i = 0; i < kCount; ++i)
    {
        tokens.push_back(port->Send(mad, {}, milliseconds(10), 2, i).value());
    }
    EXPECT_EQ(port->Waiting(), kCount - 128);
    for (std::size_t i = kCount; i-- > 0;)
    {
        ASSERT_TRUE(port->Cancel(tokens[i]));
    }
    EXPECT_EQ(port->Outstanding(), 0U);
}

} // namespace
} // namespace ibcm::test
