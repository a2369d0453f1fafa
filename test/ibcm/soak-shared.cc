// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Listeners that several users of a host share: each joins and leaves as it likes, and each leaves
// exactly once.
#include "soak-host.h"

#include <gtest/gtest.h>

namespace ibcm::test
{

Disposition SoakShared::OnCmEvent(ConnectionManager&, Handle id, const Event& event)
{
    return m_host.OnEvent(nullptr, id, event);
}

void SoakHost::JoinShared(Draws& draws)
{
    const std::uint64_t which = draws.Below(kSharedServices);
    SoakShared& shared = m_shared[which];
    const auto handle = cm.ListenShared(shared, kFirstService + kServices + which);
    if (!handle)
    {
        ADD_FAILURE() << "a shared listener is refused: " << ToString(handle.error());
        return;
    }
    ++counts.joined;
    const std::lock_guard hold(shared.lock);
    shared.users.push_back(*handle);
}

void SoakHost::LeaveShared(Draws& draws)
{
    SoakShared& shared = m_shared[draws.Below(kSharedServices)];
    Handle handle = Handle::kNone;
    {
        const std::lock_guard hold(shared.lock);
        if (shared.users.empty())
        {
            return;
        }
        handle = shared.users.back();
        shared.users.pop_back();
    }
    EXPECT_TRUE(cm.Destroy(handle)) << "a user of a shared listener cannot leave";
}

} // namespace ibcm::test
