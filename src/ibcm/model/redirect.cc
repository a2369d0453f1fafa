// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Redirection: a CM that serves another QP or port says so (InfiniBand Architecture vol.
// 1, 13.5.2), and the request goes there.
#include "ibcm/model/core.h"

namespace ibcm
{

bool Core::FollowRedirect(CmId& id, const ibwire::ClassPortInfo& target)
{
    const ibwire::MadBytes* request = id.request.Read().get();
    Connection& connection = id.connection.Write();
    MadPort* port = connection.route.slot == nullptr ? nullptr : connection.route.slot->port.load();
    if (request == nullptr || connection.redirectsLeft == 0 || port == nullptr)
    {
        return false;
    }
    const auto pkey = port->FindPkey(target.redirectPkey);
    if (!pkey)
    {
        return false;
    }
    MadAddress address = connection.route.address;
    address.qpn = target.redirectQpn;
    address.qkey = target.redirectQkey;
    address.pkeyIndex = *pkey;
    address.dlid = target.redirectLid;
    address.sl = target.redirectSl;
    if (!target.redirectGid.IsZero())
    {
        address.dgid = target.redirectGid;
    }
    // Without a LID only a GRH says where it is.
    address.hasGrh = address.hasGrh || target.redirectLid == 0;
    if (address.hasGrh)
    {
        address.flowLabel = target.redirectFlowLabel;
        address.trafficClass = target.redirectTrafficClass;
    }
    const Outstanding before = id.outstanding.Read();
    const auto sent = port->Send(*request,
                                 address,
                                 connection.responseTimeout,
                                 connection.maxCmRetries,
                                 static_cast<std::uint64_t>(id.handle));
    if (!sent)
    {
        return false;
    }
    (void)port->Cancel(before.token);
    --connection.redirectsLeft;
    connection.route.address = address;
    id.outstanding.Write() = {*sent, before.timeout};
    const auto attribute =
        static_cast<ibwire::CmAttribute>(ibwire::DecodeHeader(*request).attributeId);
    Count(connection.route.slot->sent[KindOf(attribute)]);
    NoteMessage(id, TimelineEntry::Kind::kSent, attribute);
    return true;
}

} // namespace ibcm
