// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_PEER_TO_PEER_RECORD_H
#define IBCM_PEER_TO_PEER_RECORD_H

#include "ibcm/model/parameters.h"

#include <boost/intrusive/set.hpp>

#include <tuple>

namespace ibcm
{

/**
 * Private to the core: that an id's REQ is out which the peer may meet with its own. Its id owns
 * it; all is constant but the hook, which the table lock protects.
 */
struct PeerToPeerRecord : public boost::intrusive::set_base_hook<>
{
    std::uint64_t serviceId{0};
    ibwire::Gid localGid;
    ibwire::Gid remoteGid;
    Handle owner{Handle::kNone};
    std::uint32_t commId{0}; ///< the owner's

    auto Key() const
    {
        return std::tie(serviceId, remoteGid, localGid);
    }

    friend bool operator<(const PeerToPeerRecord& a, const PeerToPeerRecord& b)
    {
        return a.Key() < b.Key();
    }
};

} // namespace ibcm

#endif /* IBCM_PEER_TO_PEER_RECORD_H */
