// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Redirection: a CM that serves another QP or port says so (InfiniBand Architecture vol.
// 1, 13.5.2), and the request goes there.
#include "ibcm/model/core.h"

namespace ibcm
{

namespace
{

/** For a GRH that the way to the old target did not need; the redirection does not say. */
constexpr std::uint8_t kHopLimit = 64;

constexpr std::uint16_t kPermissiveLid = 0xffff;

/** Where the messages go from now on. @param path that of the request, from this side. */
MadAddress Redirected(MadAddress address,
                      const ibwire::ClassPortInfo& target,
                      const Path& path,
                      std::uint16_t pkeyIndex,
                      const MadPort& port)
{
    address.qpn = target.redirectQpn;
    address.qkey = target.redirectQkey;
    address.pkeyIndex = pkeyIndex;
    address.dlid = target.redirectLid;
    address.sl = target.redirectSl;
    const bool named = !target.redirectGid.IsZero();
    const bool away = named && target.redirectGid.Prefix() != path.sgid.Prefix();
    address.hasGrh = address.hasGrh || away;
    if (address.hasGrh)
    {
        address.dgid = named ? target.redirectGid : path.dgid;
        address.sgidIndex = port.FindGid(path.sgid).value_or(0);
        address.flowLabel = target.redirectFlowLabel;
        address.trafficClass = target.redirectTrafficClass;
        if (away && address.hopLimit < 2)
        {
            address.hopLimit = kHopLimit;
        }
    }
    return address;
}

/** A REQ names the port that it wants to be connected with: that is another one now. */
void PointTo(const ibwire::ClassPortInfo& target, ibwire::MadBytes& mad, Path& path)
{
    using Req = ibwire::CmReq;
    const auto data = std::span(mad).subspan<ibwire::kMadHeaderBytes, Req::kBytes>();
    path.dgid = target.redirectGid;
    ibwire::Set<&Req::primaryRemoteGid>(data, path.dgid);
    if (ibwire::Get<&Req::primaryRemoteLid>(data) != kPermissiveLid)
    {
        path.dlid = target.redirectLid;
        ibwire::Set<&Req::primaryRemoteLid>(data, path.dlid);
    }
}

} // namespace

bool Core::FollowRedirect(CmId& id, const ibwire::ClassPortInfo& target)
{
    const Transition* row = RowFor(id, Input::kRedirected);
    Connection& connection = id.connection.Write();
    MadPort* port = connection.route.slot == nullptr ? nullptr : connection.route.slot->port.load();
    if (row == nullptr || id.request.Read() == nullptr || connection.redirectsLeft == 0 ||
        port == nullptr)
    {
        return false;
    }
    // Without a LID only the subnet administrator knows the way (13.4.8.1), and that is for the
    // consumer to ask. Ethernet has no LIDs.
    const bool lidMissing = target.redirectLid == 0 && port->Lid() != 0;
    const auto pkey = port->FindPkey(target.redirectPkey);
    if (lidMissing || !pkey)
    {
        return false;
    }
    const MadAddress address =
        Redirected(connection.route.address, target, connection.primaryPath, *pkey, *port);
    ibwire::MadBytes request = *id.request.Read();
    Path path = connection.primaryPath;
    const auto attribute =
        static_cast<ibwire::CmAttribute>(ibwire::DecodeHeader(request).attributeId);
    if (attribute == ibwire::CmAttribute::kReq && !target.redirectGid.IsZero() &&
        target.redirectGid != path.dgid)
    {
        PointTo(target, request, path);
    }
    const Input timeout = id.outstanding.Read().timeout;
    const auto sent = port->Send(request,
                                 address,
                                 connection.responseTimeout,
                                 connection.maxCmRetries,
                                 static_cast<std::uint64_t>(id.handle));
    if (!sent)
    {
        return false;
    }
    Apply(id, *row); // stops the one before: it went the same way out
    --connection.redirectsLeft;
    connection.route.address = address;
    connection.primaryPath = path;
    *id.request.Write() = request;
    id.outstanding.Write() = {*sent, timeout};
    Count(connection.route.slot->sent[KindOf(attribute)]);
    NoteMessage(id, TimelineEntry::Kind::kSent, attribute);
    return true;
}

} // namespace ibcm
