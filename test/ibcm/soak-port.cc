// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A host's port that goes while connections are made on it, and the one that comes for it.
#include "soak-host.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace ibcm::test
{

void SoakHost::ReplacePort(Draws& draws)
{
    const std::unique_lock hold(m_portLock, std::try_to_lock);
    if (!hold)
    {
        return;
    }
    m_end.Attach(nullptr); // its owner stops delivering first
    EXPECT_TRUE(cm.RemovePort(kPort));
    EXPECT_EQ(m_port->Outstanding(), 0U) << "a send has outlived its port";
    m_port.reset();
    std::this_thread::sleep_for(std::chrono::microseconds(draws.Below(2000)));
    m_port = std::make_unique<ReliablePort>(m_runtime, m_end, kPort);
    EXPECT_TRUE(cm.AddPort(kPort, *m_port));
    m_end.Attach(m_port.get());
    ++counts.portsReplaced;
}

std::optional<std::size_t> SoakHost::Outstanding() const
{
    const std::unique_lock hold(m_portLock, std::try_to_lock);
    return hold ? std::optional(m_port->Outstanding()) : std::nullopt;
}

void SoakHost::Read()
{
    const MessageCounters counters = cm.Counters();
    EXPECT_EQ(counters.Malformed(), 0U);
}

} // namespace ibcm::test
