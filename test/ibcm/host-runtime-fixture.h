// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the tests of HostRuntime share. Nothing in them depends on how fast the threads are: they
// are held at gates, and a guard ends a test that hangs.
#ifndef WEFT_TEST_IBCM_HOST_RUNTIME_FIXTURE_H
#define WEFT_TEST_IBCM_HOST_RUNTIME_FIXTURE_H

#include "hang-guard.h"
#include "ibcm/helper/host-runtime.h"
#include "ibcm/model/sync.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>

namespace ibcm::test
{

class Item final : public WorkItem
{
  public:
    Item(Runtime& runtime, std::function<void()> run)
        : WorkItem(runtime, "item"),
          m_run(std::move(run))
    {
    }

    void Run() override
    {
        // A copy: the function may destroy the item, and itself with it.
        const std::function<void()> run = m_run;
        run();
    }

  private:
    std::function<void()> m_run;
};

class Alarm final : public Timer
{
  public:
    Alarm(Runtime& runtime, WorkQueue& queue, std::function<void()> run)
        : Timer(runtime, queue, "alarm"),
          m_run(std::move(run))
    {
    }

    void Expired() override
    {
        const std::function<void()> run = m_run;
        run();
    }

  private:
    std::function<void()> m_run;
};

/** Where an item stands until the test lets it go on. */
class Gate
{
  public:
    explicit Gate(Runtime& runtime)
        : m_reached(runtime, "reached"),
          m_opened(runtime, "opened")
    {
    }

    void Pass()
    {
        m_reached.Signal();
        m_opened.Wait();
    }

    void AwaitSomeone()
    {
        m_reached.Wait();
    }

    void Open()
    {
        m_opened.Signal();
    }

  private:
    Completion m_reached;
    Completion m_opened;
};

class HostRuntimeTest : public ::testing::Test
{
  protected:
    HangGuard guard{std::chrono::minutes(3)};
    HostRuntime runtime{7};
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_HOST_RUNTIME_FIXTURE_H
