// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_CM_ID_H
#define IBCM_CM_ID_H

#include "ibcm/model/event.h"
#include "ibcm/model/mad-port.h"
#include "ibcm/model/peer-record.h"
#include "ibcm/model/protocol.h"
#include "ibcm/model/sync.h"

#include <cstdint>
#include <memory>
#include <vector>

/**
 * @file
 * Private to the core: a communication id and what its lock protects.
 */

namespace ibcm
{

/** The port that an id's messages take, and where they go. */
struct Route
{
    MadPort* port{nullptr};
    std::uint8_t portNumber{0};
    MadAddress address;
};

/** What both sides have agreed on so far. */
struct Connection
{
    bool active{false};            ///< this side sent the REQ
    std::uint64_t serviceId{0};    ///< in LISTEN: what it listens to
    std::uint32_t remoteCommId{0}; ///< 0 until the peer's first message is accepted
    std::uint64_t transactionId{
        0}; ///< of the message that is being answered, or of the own request
    std::uint64_t remoteCaGuid{0};
    QpType qpType{QpType::kRc};
    std::uint32_t localQpn{0};
    std::uint32_t remoteQpn{0};
    std::uint32_t localPsn{0};
    std::uint32_t remotePsn{0};
    std::uint8_t responderResources{0};
    std::uint8_t initiatorDepth{0};
    std::uint8_t retryCount{0};
    std::uint8_t rnrRetryCount{0};
    std::uint8_t maxCmRetries{0};
    std::uint8_t ackTimeout{0}; ///< exponent, of this side's QP
    bool srq{false};
    bool flowControl{false};
    Duration responseTimeout{0}; ///< the wait after each reliable message
    Duration timewait{0};
    Route route;
    Path primaryPath; ///< from this side to the peer
};

/** The reliable message that waits for its answer. */
struct Outstanding
{
    SendToken token{SendToken::kNone};
    Input timeout{Input::kReqTimeout}; ///< what its last time-out means to the state machine
};

/** Who is told, and how far the telling has come. */
struct Delivery
{
    bool busy{false}; ///< a thread is in the handler, or about to be: others leave their event here
    bool stopped{false};     ///< the id is being destroyed: nothing more is told
    std::uint64_t thread{0}; ///< the thread in the handler
    std::vector<std::unique_ptr<Event>> waiting; ///< oldest first; a few at most
    std::vector<std::uint64_t> accepting; ///< of a listener: threads that are telling its REQs
};

/**
 * One communication id. Everything but the handle and what is set before publication is reached
 * only with `lock` held; the object is freed when the last reference is gone.
 */
class CmId
{
  public:
    CmId(Runtime& runtime, EventHandler& consumer, Handle id, std::uint32_t localId)
        : lock(runtime, "cm-id"),
          references(runtime),
          released(runtime, "cm-id released"),
          handle(id),
          localCommId(localId),
          handler(consumer),
          state(runtime, "state", State::kIdle),
          connection(runtime, "connection"),
          outstanding(runtime, "outstanding"),
          delivery(runtime, "delivery"),
          peer(runtime, "peer record"),
          resendData(runtime, "resend data")
    {
    }

    Mutex lock;
    ReferenceCount references;
    Completion released; ///< no reference is left

    const Handle handle;
    const std::uint32_t localCommId; ///< as on the wire
    EventHandler& handler;

    Guarded<State> state IBCM_GUARDED_BY(lock);
    Guarded<Connection> connection IBCM_GUARDED_BY(lock);
    Guarded<Outstanding> outstanding IBCM_GUARDED_BY(lock);
    Guarded<Delivery> delivery IBCM_GUARDED_BY(lock);
    /** What the table knows of the peer; null in IDLE and LISTEN. In TIMEWAIT the table owns it. */
    Guarded<PeerRecord*> peer IBCM_GUARDED_BY(lock);
    /** Private data of the last unreliable reply, for when it must be sent again. */
    Guarded<std::vector<std::uint8_t>> resendData IBCM_GUARDED_BY(lock);
};

} // namespace ibcm

#endif /* IBCM_CM_ID_H */
