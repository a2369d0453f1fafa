// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/virtual-time.h"

#include "interleave/model/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace interleave::test
{
namespace
{

void Nothing(void* /*context*/)
{
}

TEST(VirtualTime, AgreesWithASortedList)
{
    Random random(1, "virtual-time");
    VirtualTime time;

    struct Model
    {
        std::int64_t timeNs;
        std::uint64_t sequence;
        TimerId id;
        int value;
    };

    std::vector<Model> model;
    std::vector<std::unique_ptr<std::pair<std::vector<int>*, int>>> contexts;
    std::vector<int> ran;
    std::vector<int> expected;
    const auto earliest = [&]
    {
        return std::ranges::min_element(
            model, {}, [](const Model& entry) { return std::tuple(entry.timeNs, entry.sequence); });
    };
    for (int step = 0; step < 20'000; ++step)
    {
        const std::uint32_t what = random.Below(10);
        if (what < 5)
        {
            contexts.push_back(std::make_unique<std::pair<std::vector<int>*, int>>(&ran, step));
            const std::int64_t delayNs = random.Below(50);
            const TimerId id =
                time.Schedule(delayNs,
                              [](void* context)
                              {
                                  const auto& [list, value] =
                                      *static_cast<std::pair<std::vector<int>*, int>*>(context);
                                  list->push_back(value);
                              },
                              contexts.back().get(),
                              {});
            model.push_back({time.NowNs() + delayNs, static_cast<std::uint64_t>(step), id, step});
        }
        else if (what < 7 && !model.empty())
        {
            const std::size_t victim = random.Below(static_cast<std::uint32_t>(model.size()));
            EXPECT_TRUE(time.Cancel(model[victim].id));
            EXPECT_FALSE(time.Cancel(model[victim].id));
            model.erase(model.begin() + static_cast<std::ptrdiff_t>(victim));
        }
        else if (!model.empty())
        {
            const auto next = earliest();
            const std::size_t tied =
                static_cast<std::size_t>(std::ranges::count(model, next->timeNs, &Model::timeNs));
            ASSERT_EQ(time.TiedCount(), tied);
            ASSERT_EQ(time.NextNs(), next->timeNs);
            expected.push_back(next->value);
            model.erase(next);
            time.RunNext();
            ASSERT_EQ(ran, expected);
            ran.clear();
            expected.clear();
        }
        ASSERT_EQ(time.Empty(), model.empty());
        ASSERT_EQ(time.EarliestNs(), time.NextNs());
    }
}

TEST(VirtualTime, RefusesWhatCannotBe)
{
    VirtualTime time;
    EXPECT_THROW(time.Schedule(-1, Nothing, nullptr, {}), std::invalid_argument);
    EXPECT_THROW(time.Schedule(kForever, Nothing, nullptr, {}), std::invalid_argument);
    EXPECT_TRUE(time.Empty());
    EXPECT_EQ(time.NextNs(), kForever);
    EXPECT_EQ(time.TiedCount(), 0U);
    EXPECT_FALSE(time.Cancel(0));
    EXPECT_FALSE(time.Cancel(12345));
}

TEST(VirtualTime, ClearForgetsAndIdsStayStale)
{
    VirtualTime time;
    const TimerId first = time.Schedule(5, Nothing, nullptr, {});
    time.RunNext();
    EXPECT_EQ(time.NowNs(), 5);
    const TimerId second = time.Schedule(5, Nothing, nullptr, {});
    time.Clear();
    EXPECT_EQ(time.NowNs(), 0);
    EXPECT_TRUE(time.Empty());
    EXPECT_EQ(time.EarliestNs(), kForever);
    time.Schedule(5, Nothing, nullptr, {});
    EXPECT_FALSE(time.Cancel(first));
    EXPECT_FALSE(time.Cancel(second));
    EXPECT_FALSE(time.Empty());
}

/** A queue that never says what its earliest event is. */
class SilentQueue final : public EventQueue
{
  public:
    std::int64_t NowNs() const override
    {
        return 0;
    }

    std::int64_t NextNs() const override
    {
        return nextNs;
    }

    void RunNext() override
    {
    }

    TimerId Schedule(std::int64_t /*delayNs*/,
                     EventFunction /*function*/,
                     void* /*context*/,
                     EventLabel /*label*/) override
    {
        return 0;
    }

    bool Cancel(TimerId /*id*/) override
    {
        return false;
    }

    std::size_t TiedCount() const override
    {
        return 0;
    }

    void RunTied(std::size_t /*index*/) override
    {
    }

    EventLabel TiedLabel(std::size_t /*index*/) const override
    {
        return {};
    }

    std::int64_t nextNs = kForever;
};

TEST(EventQueue, IsAskedEachTimeIfItDoesNotSay)
{
    SilentQueue queue;
    EXPECT_TRUE(queue.Empty());
    queue.nextNs = 7;
    EXPECT_FALSE(queue.Empty());
    EXPECT_EQ(queue.EarliestNs(), 7);
    queue.nextNs = 3;
    EXPECT_EQ(queue.EarliestNs(), 3);
}

} // namespace
} // namespace interleave::test
