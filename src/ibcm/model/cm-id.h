// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_CM_ID_H
#define IBCM_CM_ID_H

#include "ibcm/model/event.h"
#include "ibcm/model/invariants.h"
#include "ibcm/model/listener.h"
#include "ibcm/model/mad-port.h"
#include "ibcm/model/peer-record.h"
#include "ibcm/model/peer-to-peer-record.h"
#include "ibcm/model/port-slot.h"
#include "ibcm/model/protocol.h"
#include "ibcm/model/queued-event.h"
#include "ibcm/model/sidr-record.h"
#include "ibcm/model/sync.h"
#include "ibcm/model/timeline.h"

#include <boost/intrusive/list_hook.hpp>

#include <atomic>
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
    PortSlot* slot{nullptr}; ///< null: none, or it was removed
    MadAddress address;
};

/** What both sides have agreed on so far. */
struct Connection
{
    bool active{false};     ///< this side sent the REQ
    bool peerToPeer{false}; ///< the peer may send one, too
    QpType qpType{QpType::kRc};
    std::uint8_t responderResources{0};
    std::uint8_t initiatorDepth{0};
    std::uint8_t minResponderResources{0}; ///< of the REP
    std::uint8_t retryCount{0};
    std::uint8_t rnrRetryCount{0};
    std::uint8_t maxCmRetries{0};
    std::uint8_t ackTimeout{0};          ///< exponent, of this side's QP
    std::uint8_t peerAckDelay{0};        ///< exponent; of the active side, once the REP has said it
    std::uint8_t peerResponseTimeout{0}; ///< exponent; what the own REQ gives the peer to answer
    std::uint8_t redirectsLeft{0};
    bool srq{false};
    bool flowControl{false};
    std::uint32_t remoteCommId{0}; ///< 0 until the peer's first message is accepted
    std::uint32_t localQpn{0};
    std::uint32_t remoteQpn{0};
    std::uint32_t localPsn{0};
    std::uint32_t remotePsn{0};
    std::uint64_t serviceId{0};     ///< in LISTEN: what it listens to
    std::uint64_t transactionId{0}; ///< of the message that is being answered
    std::uint64_t requestId{0};     ///< transaction id of the own request
    std::uint64_t remoteCaGuid{0};
    Duration responseTimeout{0}; ///< the wait after each reliable message
    Duration timewait{0};
    Instant since{0}; ///< when the state was entered
    Route route;
    Path primaryPath; ///< from this side to the peer
};

/** What an unreliable reply said, for when it must be sent again; none if it said nothing. */
struct LastReply
{
    std::uint8_t serviceTimeout{0}; ///< of an MRA
    std::vector<std::uint8_t> privateData;
};

/** The alternate path of a connection, and what the latest LAP said; for ids that use one. */
struct Alternate
{
    bool loaded{false}; ///< `path` may be used
    Path path;          ///< from this side to the peer
    Route route;        ///< that it takes
    std::uint8_t ackTimeout{0};
    Path proposed; ///< by the LAP that is being answered, or that is out
    Route proposedRoute;
    std::uint64_t lapId{0};         ///< its transaction id
    std::unique_ptr<LastReply> mra; ///< that the LAP was answered with for the time being
    bool answered{false};           ///< the latest LAP has had its APR
    ibwire::AprStatus status{};     ///< of that
    std::vector<std::uint8_t> info;
    std::vector<std::uint8_t> privateData;
};

/** The reliable message that waits for its answer. */
struct Outstanding
{
    SendToken token{SendToken::kNone};
    Input timeout{Input::kReqTimeout}; ///< what its last time-out means to the state machine
};

/** A thread that is telling a listener's REQ; lives on that thread's stack. */
struct Accepting
{
    std::uint64_t thread;
    Accepting* next;
};

/** Who is told, and how far the telling has come. */
struct Delivery
{
    bool busy{false}; ///< a thread is in the handler, or about to be: others leave their event here
    bool stopped{false}; ///< the id is being destroyed: nothing more is told
    bool inside{false};  ///< a thread is in the handler
    std::uint32_t waitingCount{0};
    std::uint64_t thread{0}; ///< the thread in the handler
    EventPtr waiting;        ///< oldest first; a few at most
    QueuedEvent* last{nullptr};
    Accepting* accepting{nullptr}; ///< of a listener: threads that are telling its REQs

    void Append(EventPtr event)
    {
        QueuedEvent* added = event.get();
        (last == nullptr ? waiting : last->next) = std::move(event);
        last = added;
        ++waitingCount;
    }

    /** @return null if there is none. */
    EventPtr TakeFirst()
    {
        EventPtr first = std::move(waiting);
        if (first)
        {
            waiting = std::move(first->next);
            last = waiting ? last : nullptr;
            --waitingCount;
        }
        return first;
    }

    void Clear()
    {
        while (TakeFirst())
        {
        }
    }
};

/**
 * One communication id. Everything but the handle and what is set before publication is reached
 * only with `lock` held; the object is freed when the last reference is gone.
 */
class CmId
{
  public:
    /** Entries of the timeline, for which there is room behind the id itself. */
    struct TimelineRoom
    {
        std::uint8_t depth;
    };

    /** Made by `new (room) CmId(…, room)` only: one piece of memory for an id and its timeline. */
    CmId(Runtime& runtime,
         EventHandler& consumer,
         Handle id,
         std::uint32_t localId,
         TimelineRoom room)
        : lock(runtime, "cm-id", *this),
          references(runtime),
          handle(id),
          localCommId(localId),
          handler(consumer),
          state(runtime, State::kIdle),
          lapState(runtime, LapState::kUninit),
          connection(runtime),
          outstanding(runtime),
          delivery(runtime),
          peer(runtime),
          listener(runtime),
          sidr(runtime),
          peerToPeer(runtime),
          alternate(runtime),
          request(runtime),
          lastReply(runtime),
          backlog(runtime),
          timeline(runtime, Timeline(reinterpret_cast<std::uint64_t*>(this + 1), room.depth))
    {
        static_assert(alignof(CmId) % alignof(std::uint64_t) == 0);
    }

    static void* operator new(std::size_t size, TimelineRoom room)
    {
        return ::operator new(size + room.depth * sizeof(std::uint64_t));
    }

    static void operator delete(void* memory)
    {
        ::operator delete(memory);
    }

    /** For a constructor that throws. */
    static void operator delete(void* memory, TimelineRoom)
    {
        ::operator delete(memory);
    }

    CheckedMutex<CmId> lock;
    ReferenceCount references;
    /** Of the thread that destroys the id and waits for the last reference; set before its own
     * goes.
     */
    std::atomic<Completion*> waiter{nullptr};

    const Handle handle;
    const std::uint32_t localCommId; ///< as on the wire
    EventHandler& handler;

    Guarded<State, "state"> state IBCM_GUARDED_BY(lock);
    Guarded<LapState, "lap state"> lapState
        IBCM_GUARDED_BY(lock); ///< means something in ESTABLISHED only
    Guarded<Connection, "connection"> connection IBCM_GUARDED_BY(lock);
    Guarded<Outstanding, "outstanding"> outstanding IBCM_GUARDED_BY(lock);
    Guarded<Delivery, "delivery"> delivery IBCM_GUARDED_BY(lock);
    /** What the table knows of the peer; null in IDLE and LISTEN. In TIMEWAIT the table owns it. */
    Guarded<PeerRecord*, "peer record"> peer IBCM_GUARDED_BY(lock);
    Guarded<std::unique_ptr<ListenerRecord>, "listener record"> listener
        IBCM_GUARDED_BY(lock); ///< in LISTEN only
    Guarded<std::unique_ptr<SidrRecord>, "sidr record"> sidr
        IBCM_GUARDED_BY(lock); ///< in SIDR_REQ_RCVD only
    /** While a peer-to-peer REQ is out. */
    Guarded<std::unique_ptr<PeerToPeerRecord>, "peer-to-peer record"> peerToPeer
        IBCM_GUARDED_BY(lock);
    Guarded<std::unique_ptr<Alternate>, "alternate path"> alternate IBCM_GUARDED_BY(lock);
    /** The REQ or SIDR_REQ that is out, if it may be redirected. */
    Guarded<std::unique_ptr<ibwire::MadBytes>, "request"> request IBCM_GUARDED_BY(lock);
    Guarded<std::unique_ptr<LastReply>, "last reply"> lastReply IBCM_GUARDED_BY(lock);
    Guarded<BacklogPlace, "backlog place"> backlog IBCM_GUARDED_BY(lock);
    Guarded<Timeline, "timeline"> timeline IBCM_GUARDED_BY(lock);

    /** Of the table: links ids that have been erased and wait for their last reference. */
    boost::intrusive::list_member_hook<> dyingHook;
    Instant dyingSince{0};      ///< of the table, too: when it was erased
    bool dyingInHandler{false}; ///< a thread was in the handler then, and keeps a reference
};

} // namespace ibcm

#endif /* IBCM_CM_ID_H */
