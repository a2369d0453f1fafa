// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_CONNECTION_MANAGER_H
#define IBCM_CONNECTION_MANAGER_H

#include "ibcm/model/counters.h"
#include "ibcm/model/event.h"
#include "ibcm/model/mad-port.h"
#include "ibcm/model/options.h"
#include "ibcm/model/parameters.h"
#include "ibcm/model/qp-attributes.h"
#include "ibcm/model/report.h"
#include "ibcm/model/runtime.h"
#include "ibcm/model/state.h"
#include "ibcm/model/status.h"
#include "ibcm/model/trace.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ibcm
{

class Core;

/**
 * An InfiniBand Connection Manager for one channel adapter (InfiniBand Architecture vol. 1, chapter
 * 12). All functions may be called from any thread and, but for Destroy of the same id, from event
 * handlers. Unless said otherwise a refused call changes nothing; every call can be refused with
 * kInvalidHandle. Nothing is thrown.
 */
class ConnectionManager
{
  public:
    /**
     * @param options those with a Problem() abort the program with it: who takes them from a user
     * asks first.
     */
    ConnectionManager(Runtime& runtime, const DeviceInfo& device, const Options& options = {});
    /** All ids must have been destroyed. Detaches the ports; peers in TIMEWAIT are forgotten. */
    ~ConnectionManager();

    ConnectionManager(const ConnectionManager&) = delete;
    ConnectionManager& operator=(const ConnectionManager&) = delete;

    /**
     * Serves a port from now on. @param number 1..255. kInvalidArgument if it is taken or 0,
     * kNoResources if there are 8 already.
     */
    Status AddPort(std::uint8_t number, MadPort& port);

    /**
     * Stops serving a port: its owner has stopped delivering. What waits for an answer there ends
     * with REQ_ERROR, REP_ERROR, DREQ_ERROR, LAP_ERROR or SIDR_REQ_ERROR; connections stay, cannot
     * send, and TIMEWAIT goes on. Alternate paths over it are offered to no QP any more, even if
     * the port comes back: a LAP brings a new one. Afterwards the port may be freed. Not to be
     * called from a handler. kInvalidArgument if there is no such port.
     */
    Status RemovePort(std::uint8_t number);

    /** Makes an id in IDLE. @param handler outlives the id. Errors: kNoResources. */
    Result<Handle> Create(EventHandler& handler);

    /**
     * Ends whatever the id is in, telling the peer what its state calls for, and waits until
     * nothing refers to it: no event comes after this. An id whose connection is in TIMEWAIT goes
     * at once; its QP must not be used again before the time is over. Errors: kWouldDeadlock from a
     * handler of the same id (return Disposition::kDestroy there), and for a listener from the
     * handler of a REQ_RECEIVED that came through it.
     */
    Status Destroy(Handle id);

    /**
     * Accepts REQs and SIDR_REQs for a service id, or for all that are the same under a mask; IDLE
     * only. Errors: kInvalidState, kInvalidArgument (a reserved service id, an empty mask),
     * kAddressInUse (a service id would have two listeners), kNoResources.
     * @return the service id, the assigned one if that was asked for.
     */
    Result<std::uint64_t> Listen(Handle id, const ListenParameters& parameters);
    Result<std::uint64_t> Listen(Handle id, std::uint64_t serviceId);

    /**
     * A listener that several users share: made for the first, the same id for those after it if
     * their handler is the same. Each destroys it once; the last one ends it. Errors:
     * kInvalidArgument (a reserved service id; another handler listens, one that does not
     * share, or one for more services, under a mask), kAddressInUse, kNoResources.
     */
    Result<Handle> ListenShared(EventHandler& handler, std::uint64_t serviceId);

    /**
     * Asks the listener of a service for a connection; IDLE only. Errors: kInvalidState,
     * kInvalidArgument (no QPN, a field out of range, XRC target, alternate path with another P_Key
     * or MTU), kPrivateDataLength, kNoPort, kNoPkey, kNoResources, kSendFailed. The id stays as
     * usable as before.
     */
    Status SendReq(Handle id, const ReqParameters& parameters);

    /**
     * Accepts; REQ_RCVD and MRA_REQ_SENT only. Errors: kInvalidState, kInvalidArgument,
     * kPrivateDataLength, kSendFailed.
     */
    Status SendRep(Handle id, const RepParameters& parameters);

    /** Completes the connection; REP_RCVD and MRA_REP_SENT only. Errors: kInvalidState,
     * kPrivateDataLength, kSendFailed. */
    Status SendRtu(Handle id, std::span<const std::uint8_t> privateData = {});

    /**
     * Asks the peer to wait longer for the answer to its REQ (REQ_RCVD), REP (REP_RCVD) or LAP
     * (LAP_RCVD); once each. Errors: kInvalidState, kInvalidArgument, kPrivateDataLength,
     * kSendFailed.
     */
    Status SendMra(Handle id, const MraParameters& parameters);

    /**
     * Refuses; in REQ_SENT, REQ_RCVD, REP_SENT, REP_RCVD and the MRA states of these. The state
     * changes even if the REJ cannot be sent, which is kSendFailed. Errors: kInvalidState,
     * kPrivateDataLength.
     * @param info additional reject information, at most 72 bytes, by reason.
     */
    Status SendRej(Handle id,
                   ibwire::RejReason reason,
                   std::span<const std::uint8_t> info = {},
                   std::span<const std::uint8_t> privateData = {});

    /**
     * Asks to disconnect; ESTABLISHED only. Move the QP to ERR before. If the DREQ cannot be sent
     * (kSendFailed) the id is in TIMEWAIT. Errors: kInvalidState, kPrivateDataLength.
     */
    Status SendDreq(Handle id, std::span<const std::uint8_t> privateData = {});

    /**
     * Answers a DREQ; DREQ_RCVD only. The id is in TIMEWAIT even if the DREP cannot be sent, which
     * is kSendFailed. Errors: kInvalidState, kPrivateDataLength.
     */
    Status SendDrep(Handle id, std::span<const std::uint8_t> privateData = {});

    /**
     * Proposes another alternate path; ESTABLISHED, with no LAP under way. Errors: kInvalidState
     * (the passive side with Behaviour::kStrict, too), kInvalidArgument (the path in use, another
     * P_Key or MTU, a field out of range), kPrivateDataLength, kNoPort, kNoPkey, kSendFailed.
     */
    Status SendLap(Handle id, const LapParameters& parameters);

    /** Answers a LAP; LAP_RCVD and MRA_LAP_SENT only. Errors: kInvalidState, kPrivateDataLength,
     * kSendFailed. */
    Status SendApr(Handle id, const AprParameters& parameters);

    /**
     * Asks for the QP of a datagram service; IDLE only, and the id is in IDLE again when it has
     * heard. Errors: kInvalidState, kInvalidArgument, kPrivateDataLength, kNoPort, kNoPkey,
     * kSendFailed.
     */
    Status SendSidrReq(Handle id, const SidrReqParameters& parameters);

    /** Answers a SIDR_REQ; SIDR_REQ_RCVD only. Errors: kInvalidState, kInvalidArgument,
     * kPrivateDataLength, kSendFailed (then it may be tried again). */
    Status SendSidrRep(Handle id, const SidrRepParameters& parameters);

    /**
     * The QP has seen data before the RTU came (asynchronous event COMM_EST): REP_SENT becomes
     * ESTABLISHED and USER_ESTABLISHED is reported from another thread. Errors: kAlreadyConnected,
     * kInvalidState.
     */
    Status NotifyEstablished(Handle id);

    /**
     * The QP has gone over to its alternate path (asynchronous event PATH_MIG): from now on that is
     * the path of the connection and of its messages. Errors: kInvalidState (not connected, no
     * alternate path loaded, or a LAP under way).
     */
    Status NotifyMigrated(Handle id);

    /**
     * What the QP of the connection needs to reach @p target. INIT: from REQ_SENT or REQ_RCVD on;
     * RTR and RTS: once the peer's side is known, until the disconnect begins. An alternate path is
     * in them if there is one, it was not refused, and its port was not removed since. After a LAP
     * or a migration, RTS loads and arms an alternate path and nothing else: the one proposed as
     * long as its LAP is not answered here. Errors: kInvalidState (also when there is then no
     * alternate path to load).
     */
    Result<QpAttributes> InitQpAttributes(Handle id, QpTarget target);

    Result<State> StateOf(Handle id);
    /** Means something in ESTABLISHED only. */
    Result<LapState> LapStateOf(Handle id);
    /** The id's communication id on the wire. */
    Result<std::uint32_t> CommIdOf(Handle id);

    /** Of all ports, those that were removed with them. */
    MessageCounters Counters() const;
    /** Of one port; kInvalidArgument if there never was such a port. */
    Result<MessageCounters> Counters(std::uint8_t portNumber) const;

    /** The latest steps of an id, oldest first; as many as Options::timelineDepth. */
    Result<std::vector<TimelineEntry>> TimelineOf(Handle id);
    /** All that is known at this moment; takes each id's lock in turn. */
    Report Inspect();
    /** The same as text: see ToText(const Report&). */
    std::string Dump();

    /**
     * Lets the TIMEWAIT of a peer's QP end now, as if its time were over, for someone who knows
     * that the peer has been restarted. kInvalidState if that QP is not in TIMEWAIT: a connection
     * that blocks it is to be destroyed first.
     */
    Status ExpirePeer(std::uint64_t caGuid, std::uint32_t qpn);

    /** Ids that exist, those in creation or destruction with them. */
    std::size_t LiveIds() const;
    /** Peers that are remembered, those in TIMEWAIT with them. */
    std::size_t PeerRecords() const;

  private:
    std::unique_ptr<Core> m_core;
};

} // namespace ibcm

#endif /* IBCM_CONNECTION_MANAGER_H */
