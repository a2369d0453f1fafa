// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Listeners: which id answers for a service.
#include "ibcm/model/core.h"

namespace ibcm
{

Status Core::Listen(Handle handle, std::uint64_t serviceId)
{
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    MutexLock hold(id.lock);
    const Transition* row = FindTransition(id.state.Read(), Input::kCallListen);
    if (row == nullptr || id.delivery.Read().stopped)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    // In the table and in LISTEN at once, as far as anyone can see who holds either lock.
    if (const Status entered = m_table.Listen(id, serviceId); !entered)
    {
        return entered;
    }
    id.connection.Write().serviceId = serviceId;
    Apply(id, *row);
    return {};
}

} // namespace ibcm
