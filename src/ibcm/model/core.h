// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_CORE_H
#define IBCM_CORE_H

#include "ibcm/model/cm-table.h"
#include "ibcm/model/compose.h"
#include "ibcm/model/connection-manager.h"

#include <array>
#include <atomic>
#include <memory>
#include <span>

/**
 * @file
 * Private to the core: the shell around the protocol's tables. It holds locks and references, finds
 * ids, sends, and tells consumers. One file for each message or mechanism: req.cc, rep.cc, rtu.cc,
 * rej.cc, dreq.cc, timewait.cc, listen.cc, destroy.cc, deliver.cc, step.cc, qp-attributes.cc.
 *
 * Locks: an id's lock, then the table's; never two ids' at once. Handlers of consumers are called
 * without any.
 */

namespace ibcm
{

class Core final : public MadSink
{
  public:
    Core(ConnectionManager& facade,
         Runtime& runtime,
         const DeviceInfo& device,
         const Options& options);
    ~Core() override;

    // What the facade offers; contracts stand there.
    Status AddPort(std::uint8_t number, MadPort& port);
    Result<Handle> Create(EventHandler& handler);
    Status Destroy(Handle handle);
    Status Listen(Handle handle, std::uint64_t serviceId);
    Status SendReq(Handle handle, const ReqParameters& parameters);
    Status SendRep(Handle handle, const RepParameters& parameters);
    Status SendRtu(Handle handle, std::span<const std::uint8_t> privateData);
    Status SendRej(Handle handle,
                   ibwire::RejReason reason,
                   std::span<const std::uint8_t> info,
                   std::span<const std::uint8_t> privateData);
    Status SendDreq(Handle handle, std::span<const std::uint8_t> privateData);
    Status SendDrep(Handle handle, std::span<const std::uint8_t> privateData);
    Status NotifyEstablished(Handle handle);
    Result<QpAttributes> InitQpAttributes(Handle handle, QpTarget target);
    Result<State> StateOf(Handle handle);
    Result<std::uint32_t> CommIdOf(Handle handle);
    MessageCounters Counters() const;

    const CmTable& Table() const
    {
        return m_table;
    }

    // MadSink
    void OnReceive(std::uint8_t portNumber, const ReceivedMad& mad) override;
    void OnSendDone(std::uint64_t context, SendToken token, SendStatus status) override;

    /** Tells an event that had to wait for a thread of the work queue; the id may have gone. */
    void DeliverQueued(Handle handle, std::unique_ptr<Event> event);

    /** A peer record has aged; called by its timer, which is gone after this. */
    void TimewaitExpired(PeerRecord& record);

  private:
    /** A received message with what is needed to answer it. */
    struct Received
    {
        std::uint8_t portNumber;
        MadPort* port;
        const ReceivedMad& mad;
        std::uint64_t transactionId;
    };

    static constexpr std::size_t kMaxPorts = 8;

    struct PortSlot
    {
        std::uint8_t number{0};
        MadPort* port{nullptr};
    };

    // Each message in the file of its name.
    void OnReq(const Received& rx, const ibwire::CmReq& req);
    void OnDuplicateReq(const Received& rx, const ibwire::CmReq& req, Admission admission);
    void OnRep(const Received& rx, const ibwire::CmRep& rep);
    void OnFirstRep(CmId& id,
                    IdRef ref,
                    const Received& rx,
                    const ibwire::CmRep& rep,
                    const Transition& row) IBCM_RELEASE(id.lock);
    void OnRtu(const ibwire::CmRtu& rtu);
    void OnRej(const ibwire::CmRej& rej);
    void OnDreq(const Received& rx, const ibwire::CmDreq& dreq);
    void OnKnownDreq(CmId& id, IdRef ref, const Received& rx, const ibwire::CmDreq& dreq)
        IBCM_RELEASE(id.lock);
    void OnDrep(const ibwire::CmDrep& drep);

    // dispatch.cc
    /** A message that says no more than that it has come: RTU, DREP. */
    void OnPlain(std::uint32_t ownCommId,
                 std::uint32_t peerCommId,
                 Input input,
                 ibwire::CmAttribute attribute,
                 std::span<const std::uint8_t> privateData);

    // step.cc
    /** Does what a row says besides sending and telling. */
    void Apply(CmId& id, const Transition& row) IBCM_REQUIRES(id.lock);
    /** Sends the unreliable or consumer-less message of a row, with nothing but what the id knows.
     */
    Status SendReply(CmId& id, State before, Reply reply) IBCM_REQUIRES(id.lock);
    Status SendOnce(CmId& id, const ibwire::CmMessage& message) IBCM_REQUIRES(id.lock);
    Status SendReliable(CmId& id, const ibwire::CmMessage& message, Input timeout)
        IBCM_REQUIRES(id.lock);
    /** Answers a message that belongs to no id. */
    void SendStateless(const Received& rx, const ibwire::CmMessage& message);
    void CancelSend(CmId& id) IBCM_REQUIRES(id.lock);

    // deliver.cc
    /** Tells the consumer; releases the lock and, before the handler returns, nothing else. */
    void Deliver(CmId& id, IdRef ref, std::unique_ptr<Event> event) IBCM_RELEASE(id.lock);
    /** The same on a thread of the work queue, for calls that must not run the handler themselves.
     */
    void DeliverLater(CmId& id, std::unique_ptr<Event> event) IBCM_RELEASE(id.lock);
    /**
     * Runs the handler for this and all waiting events. The caller has set delivery.busy.
     * @param listener for REQ_RECEIVED: stays until that is told, as its consumer may free what the
     *        handler needs when the listener has been destroyed; else none.
     */
    void RunHandler(IdRef ref, std::unique_ptr<Event> event, IdRef listener);
    Disposition CallHandler(CmId& id, const Event& event, IdRef listener);

    // rej.cc, dreq.cc
    Status StartDreq(CmId& id, std::span<const std::uint8_t> privateData) IBCM_REQUIRES(id.lock);
    /** The peer has forgotten the connection that @p owner has with its QP: ask it to end. */
    void DisconnectStale(IdRef owner);
    Status SendRejWith(CmId& id,
                       State before,
                       ibwire::RejReason reason,
                       std::span<const std::uint8_t> info,
                       std::span<const std::uint8_t> privateData) IBCM_REQUIRES(id.lock);
    void RejectStateless(const Received& rx,
                         const ibwire::CmReq& req,
                         ibwire::RejReason reason,
                         std::span<const std::uint8_t> info = {});
    IdRef FindForRej(const ibwire::CmRej& rej);

    // req.cc
    Status CheckReq(const ReqParameters& parameters) const;
    Result<Route> RouteFor(const Path& path);
    void AcceptReq(const Received& rx,
                   const ibwire::CmReq& req,
                   Admission admission,
                   std::unique_ptr<PeerRecord> record);

    // timewait.cc
    void EnterTimewait(CmId& id) IBCM_REQUIRES(id.lock);
    void ForgetPeer(CmId& id) IBCM_REQUIRES(id.lock);

    // destroy.cc
    void DestroyClaimed(CmId& id, Input how);

    // core.cc
    /** An id in a reserved place, not published. */
    CmId& NewId(EventHandler& handler, Handle handle, std::uint32_t commId);
    std::uint64_t NextTransactionId();
    MadPort* PortAt(std::uint8_t number);
    void CountSent(const ibwire::CmMessage& message);
    void CountDuplicate(ibwire::CmAttribute attribute);

    ConnectionManager& m_facade;
    Runtime& m_runtime;
    const DeviceInfo m_device;
    Trace* const m_trace;
    std::unique_ptr<WorkQueue> m_queue;
    CmTable m_table;

    Mutex m_portsLock;
    Guarded<std::array<PortSlot, kMaxPorts>> m_ports IBCM_GUARDED_BY(m_portsLock);

    std::atomic<std::uint64_t> m_lastTransactionId;
    std::atomic<std::uint64_t> m_idsMade{0};

    struct AtomicCounters
    {
        std::array<std::atomic<std::uint64_t>, MessageCounters::kKinds> sent{};
        std::array<std::atomic<std::uint64_t>, MessageCounters::kKinds> received{};
        std::array<std::atomic<std::uint64_t>, MessageCounters::kKinds> duplicates{};
        std::atomic<std::uint64_t> malformed{0};
        std::atomic<std::uint64_t> unmatched{0};
    };

    AtomicCounters m_counters;
};

} // namespace ibcm

#endif /* IBCM_CORE_H */
