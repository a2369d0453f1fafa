// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_PEER_RECORD_H
#define IBCM_PEER_RECORD_H

#include "ibcm/model/parameters.h"
#include "ibcm/model/queued-event.h"
#include "ibcm/model/runtime.h"

#include <boost/intrusive/set_hook.hpp>
#include <boost/intrusive/unordered_set_hook.hpp>

#include <cstdint>

namespace ibcm
{

/**
 * Private to the core: that a peer's communication id and QP belong to a connection here, so that a
 * duplicate of its REQ and a connection that it has forgotten are recognised. It is made before it
 * can be needed, so that entering TIMEWAIT cannot fail; there it ages in the table's hands and
 * outlives its id if that is destroyed. All but the constants is protected by the table lock.
 */
class PeerRecord
{
  public:
    explicit PeerRecord(Runtime& runtime)
        : m_runtime(runtime)
    {
    }

    ~PeerRecord()
    {
        if (Observer* observer = m_runtime.GetObserver(); observer != nullptr) [[unlikely]]
        {
            observer->OnFreed(this);
        }
    }

    PeerRecord(const PeerRecord&) = delete;
    PeerRecord& operator=(const PeerRecord&) = delete;

    std::uint64_t caGuid{0};
    std::uint32_t commId{0};
    std::uint32_t qpn{0};
    Handle owner{Handle::kNone};
    std::uint32_t transactionId{
        0};           ///< lower half of the REQ's, to tell a repetition from a new one
    bool pair{false}; ///< constant: of a peer-to-peer connection
    bool aging{false};
    Instant since{0}; ///< when the peer became known
    Instant until{0}; ///< of TIMEWAIT
    /** A REJ that came while the id was being made; told after its REQ_RECEIVED. */
    EventPtr pendingRej;

    using Hook = boost::intrusive::unordered_set_member_hook<>;
    Hook byCommId;
    Hook byQpn;
    boost::intrusive::set_member_hook<boost::intrusive::optimize_size<true>> agingHook;

  private:
    Runtime& m_runtime;
};

} // namespace ibcm

#endif /* IBCM_PEER_RECORD_H */
