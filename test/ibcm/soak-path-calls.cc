// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// More calls of the soak's consumers: waiting longer, other paths, and datagram services.
#include "soak-host.h"

namespace ibcm::test
{

Path SoakHost::PathTo(const SoakHost& peer, Draws& draws) const
{
    Path path;
    path.sgid = gid;
    path.dgid = peer.gid;
    path.slid = static_cast<std::uint16_t>(lid + draws.Below(1U << kLmc));
    path.dlid = static_cast<std::uint16_t>(peer.lid + draws.Below(1U << kLmc));
    path.packetLifeTime = static_cast<std::uint8_t>(draws.Below(4)); // 4 to 33 us
    return path;
}

void SoakHost::SendMra(SoakId& id, Draws& draws)
{
    MraParameters mra;
    mra.serviceTimeout = static_cast<std::uint8_t>(8 + draws.Below(6)); // 1 to 33 ms
    mra.onDuplicateOnly = draws.OneIn(4);
    Judge("SendMra", id, cm.SendMra(id.handle, mra));
}

void SoakHost::SendLap(SoakId& id, Draws& draws)
{
    const SoakHost* const peer = id.peer;
    if (peer == nullptr)
    {
        return; // an id that was asked: only the other side may propose
    }
    LapParameters lap;
    lap.alternatePath = PathTo(*peer, draws);
    lap.remoteCmResponseTimeout = static_cast<std::uint8_t>(8 + draws.Below(7)); // 1 to 67 ms
    ++id.proposals;
    // By chance it is the path in use.
    Judge("SendLap", id, cm.SendLap(id.handle, lap), {CmError::kInvalidArgument});
}

void SoakHost::SendApr(SoakId& id, Draws& draws)
{
    AprParameters apr;
    if (draws.OneIn(4))
    {
        apr.status = ibwire::AprStatus::kRejected;
    }
    Judge("SendApr", id, cm.SendApr(id.handle, apr));
}

void SoakHost::Migrate(SoakId& id, Draws&)
{
    const Status status = cm.NotifyMigrated(id.handle);
    counts.migrated += status ? 1 : 0;
    Judge("NotifyMigrated", id, status);
}

void SoakHost::AskService(SoakId& id, Draws& draws)
{
    const SoakHost& peer = *m_peers[draws.Below(m_peers.size())];
    SidrReqParameters parameters;
    parameters.serviceId = kFirstService + draws.Below(kServices + kSharedServices + 1);
    parameters.path = PathTo(peer, draws);
    if (draws.OneIn(50))
    {
        parameters.path.dlid = 0xbfff; // nobody: the question times out
    }
    parameters.timeout = std::chrono::milliseconds(1 + draws.Below(60));
    parameters.maxCmRetries = static_cast<std::uint8_t>(draws.Below(5));
    ++id.questions;
    Judge("SendSidrReq", id, cm.SendSidrReq(id.handle, parameters));
}

void SoakHost::Answer(SoakId& id, Draws& draws)
{
    constexpr ibwire::SidrStatus kStatuses[] = {ibwire::SidrStatus::kSuccess,
                                                ibwire::SidrStatus::kNoQp};
    SidrRepParameters parameters;
    parameters.status = kStatuses[draws.Below(std::size(kStatuses))];
    parameters.qpn = 1 + static_cast<std::uint32_t>(draws.Below(1000));
    Judge("SendSidrRep", id, cm.SendSidrRep(id.handle, parameters));
}

} // namespace ibcm::test
