// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_CONNECTION_MANAGER_H
#define IBCM_CONNECTION_MANAGER_H

#include "ibcm/model/event.h"
#include "ibcm/model/mad-port.h"
#include "ibcm/model/parameters.h"
#include "ibcm/model/qp-attributes.h"
#include "ibcm/model/runtime.h"
#include "ibcm/model/state.h"
#include "ibcm/model/status.h"
#include "ibcm/model/trace.h"

#include <cstdint>
#include <memory>
#include <span>

namespace ibcm
{

class Core;

/** The channel adapter that a ConnectionManager speaks for. */
struct DeviceInfo
{
    std::uint64_t caGuid{0};    ///< node GUID; not 0, as peers tell connections apart by it
    std::uint8_t caAckDelay{0}; ///< exponent: 4.096 us * 2^n
};

struct Options
{
    std::uint32_t maxIds{1U << 20}; ///< 1..2^24: ids at one time
    Trace* trace{nullptr};          ///< outlives the manager
};

/** How many messages of each kind a manager has seen; CM attributes 0x10 to 0x1a in order. */
struct MessageCounters
{
    static constexpr std::size_t kKinds = 11;

    std::uint64_t sent[kKinds]{};
    std::uint64_t received[kKinds]{};
    std::uint64_t duplicates[kKinds]{}; ///< received before, and answered or dropped as such
    std::uint64_t malformed{0};         ///< not a CM message, or not of its length or version
    std::uint64_t unmatched{0};         ///< for no id here, or not expected in its state
};

/**
 * An InfiniBand Connection Manager for one channel adapter (InfiniBand Architecture vol. 1, chapter
 * 12). All functions may be called from any thread and, but for Destroy of the same id, from event
 * handlers. Unless said otherwise a refused call changes nothing; every call can be refused with
 * kInvalidHandle. Nothing is thrown.
 */
class ConnectionManager
{
  public:
    ConnectionManager(Runtime& runtime, const DeviceInfo& device, const Options& options = {});
    /** All ids must have been destroyed. Detaches the ports; peers in TIMEWAIT are forgotten. */
    ~ConnectionManager();

    ConnectionManager(const ConnectionManager&) = delete;
    ConnectionManager& operator=(const ConnectionManager&) = delete;

    /** Serves a port from now on. @param number 1..255. kInvalidArgument if it is taken or 0. */
    Status AddPort(std::uint8_t number, MadPort& port);

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

    /** Accepts REQs for @p serviceId; IDLE only. Errors: kInvalidState, kAddressInUse. */
    Status Listen(Handle id, std::uint64_t serviceId);

    /**
     * Asks the listener of a service for a connection; IDLE only. Errors: kInvalidState,
     * kInvalidArgument (no QPN, a field out of range, XRC target, alternate path with another P_Key
     * or MTU), kPrivateDataLength, kNoPort, kNoPkey, kSendFailed.
     */
    Status SendReq(Handle id, const ReqParameters& parameters);

    /**
     * Accepts; REQ_RCVD only. Errors: kInvalidState, kInvalidArgument, kPrivateDataLength,
     * kSendFailed.
     */
    Status SendRep(Handle id, const RepParameters& parameters);

    /** Completes the connection; REP_RCVD only. Errors: kInvalidState, kPrivateDataLength,
     * kSendFailed. */
    Status SendRtu(Handle id, std::span<const std::uint8_t> privateData = {});

    /**
     * Refuses; in REQ_SENT, REQ_RCVD, REP_SENT and REP_RCVD. The state changes even if the REJ
     * cannot be sent, which is kSendFailed. Errors: kInvalidState, kPrivateDataLength.
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
     * The QP has seen data before the RTU came (asynchronous event COMM_EST): REP_SENT becomes
     * ESTABLISHED and USER_ESTABLISHED is reported from another thread. Errors: kAlreadyConnected,
     * kInvalidState.
     */
    Status NotifyEstablished(Handle id);

    /**
     * What the QP of the connection needs to reach @p target. INIT: from REQ_SENT or REQ_RCVD on;
     * RTR and RTS: once the peer's side is known, until the disconnect begins. Errors:
     * kInvalidState.
     */
    Result<QpAttributes> InitQpAttributes(Handle id, QpTarget target);

    Result<State> StateOf(Handle id);
    /** The id's communication id on the wire. */
    Result<std::uint32_t> CommIdOf(Handle id);

    MessageCounters Counters() const;
    /** Ids that exist, those in creation or destruction with them. */
    std::size_t LiveIds() const;
    /** Peers that are remembered, those in TIMEWAIT with them. */
    std::size_t PeerRecords() const;

  private:
    std::unique_ptr<Core> m_core;
};

} // namespace ibcm

#endif /* IBCM_CONNECTION_MANAGER_H */
