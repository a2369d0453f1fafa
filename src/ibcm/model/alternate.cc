// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The alternate path of a connection: kept, and taken into use (InfiniBand Architecture vol. 1,
// 12.8, 17.2.8).
#include "ibcm/model/core.h"
#include "ibcm/model/timeouts.h"

#include <algorithm>

namespace ibcm
{

namespace
{

/**
 * The local ACK timeout of a QP on another path: the active side adds the peer's delay, of the
 * passive side's lifetime the peer's message has made half already.
 */
std::uint8_t AckTimeoutOn(const Path& path, const Connection& connection)
{
    return connection.active ? AckTimeout(connection.peerAckDelay, path.packetLifeTime)
                             : RoundTrip(path.packetLifeTime);
}

} // namespace

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

std::unique_ptr<Alternate> Core::AlternateFrom(const ReqReceived& parameters)
{
    return NewAlternate(parameters.hasAlternatePath ? &parameters.alternatePath : nullptr);
}

void Core::RouteAlternate(CmId& id)
{
    if (id.alternate.Read() != nullptr)
    {
        Alternate& alternate = *id.alternate.Write();
        alternate.route = RouteFor(alternate.path).value_or(Route{});
    }
}

void Core::SetAckTimeout(Alternate& alternate, const Connection& connection)
{
    alternate.ackTimeout = AckTimeoutOn(alternate.path, connection);
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
    const Duration timewait = connection.active
                                  ? TimewaitActive(alternate->path.packetLifeTime,
                                                   connection.peerAckDelay,
                                                   m_options.behaviour)
                                  : TimewaitPassive(alternate->ackTimeout, m_options.behaviour);
    // What was sent on the old path may still be under way.
    connection.timewait = Strict() ? std::max(connection.timewait, timewait) : timewait;
    // The passive side's wait is what the REQ asked for, whatever the path.
    if (Strict() && connection.active)
    {
        connection.responseTimeout =
            ReqResponseTimeout(alternate->path.packetLifeTime, connection.peerResponseTimeout);
    }
    alternate->loaded = false;
    Apply(id, *row);
    return {};
}

} // namespace ibcm
