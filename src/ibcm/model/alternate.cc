// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The alternate path of a connection: kept, and taken into use (InfiniBand Architecture vol. 1,
// 12.8, 17.2.8).
#include "ibcm/model/core.h"
#include "ibcm/model/timeouts.h"

namespace ibcm
{

std::unique_ptr<Alternate> Core::NewAlternate(const Path* path)
{
    if (path == nullptr)
    {
        return nullptr;
    }
    auto alternate = std::make_unique<Alternate>();
    alternate->path = *path;
    return alternate;
}

void Core::FillAlternate(Alternate& alternate, const Route& route) const
{
    alternate.route = route;
    alternate.ackTimeout = AckTimeout(m_device.caAckDelay, alternate.path.packetLifeTime);
}

Status Core::NotifyMigrated(Handle handle)
{
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    MutexLock hold(id.lock);
    const LapTransition* row = LapRowFor(id, Input::kCallNotifyMigrated);
    Alternate* alternate = id.alternate.Write().get();
    if (row == nullptr || alternate == nullptr || !alternate->loaded)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    Connection& connection = id.connection.Write();
    connection.primaryPath = alternate->path;
    connection.route = alternate->route;
    connection.ackTimeout = alternate->ackTimeout;
    alternate->loaded = false;
    Apply(id, *row);
    return {};
}

} // namespace ibcm
