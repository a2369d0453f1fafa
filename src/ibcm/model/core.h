// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_CORE_H
#define IBCM_CORE_H

#include "ibcm/model/cm-table.h"
#include "ibcm/model/compose.h"
#include "ibcm/model/connection-manager.h"
#include "ibcm/model/req-check.h"

#include <array>
#include <atomic>
#include <memory>
#include <span>

/**
 * @file
 * Private to the core: the shell around the protocol's tables. It holds locks and references, finds
 * ids, sends, and tells consumers. One file for each message or mechanism; README.md lists them.
 *
 * Locks: an id's lock, then the table's; never two ids' at once. Handlers of consumers are called
 * without any. Nothing is allocated while a lock is held: events, records and copies are made
 * before.
 */

namespace ibcm
{

class Core final : public MadSink, private AgingSink
{
  public:
    Core(ConnectionManager& facade,
         Runtime& runtime,
         const DeviceInfo& device,
         const Options& options);
    ~Core() override;

    // What the facade offers; contracts stand there.
    Status AddPort(std::uint8_t number, MadPort& port);
    Status RemovePort(std::uint8_t number);
    Result<Handle> Create(EventHandler& handler);
    Status Destroy(Handle handle);
    Result<std::uint64_t> Listen(Handle handle, const ListenParameters& parameters);
    Result<Handle> ListenShared(EventHandler& handler, std::uint64_t serviceId);
    Status SendReq(Handle handle, const ReqParameters& parameters);
    Status SendRep(Handle handle, const RepParameters& parameters);
    Status SendRtu(Handle handle, std::span<const std::uint8_t> privateData);
    Status SendMra(Handle handle, const MraParameters& parameters);
    Status SendRej(Handle handle,
                   ibwire::RejReason reason,
                   std::span<const std::uint8_t> info,
                   std::span<const std::uint8_t> privateData);
    Status SendDreq(Handle handle, std::span<const std::uint8_t> privateData);
    Status SendDrep(Handle handle, std::span<const std::uint8_t> privateData);
    Status SendLap(Handle handle, const LapParameters& parameters);
    Status SendApr(Handle handle, const AprParameters& parameters);
    Status SendSidrReq(Handle handle, const SidrReqParameters& parameters);
    Status SendSidrRep(Handle handle, const SidrRepParameters& parameters);
    Status NotifyEstablished(Handle handle);
    Status NotifyMigrated(Handle handle);
    Result<QpAttributes> InitQpAttributes(Handle handle, QpTarget target);
    Result<State> StateOf(Handle handle);
    Result<LapState> LapStateOf(Handle handle);
    Result<std::uint32_t> CommIdOf(Handle handle);
    Result<std::vector<TimelineEntry>> TimelineOf(Handle handle);
    MessageCounters Counters() const;
    Result<MessageCounters> Counters(std::uint8_t portNumber) const;
    Report Inspect();
    Status ExpirePeer(std::uint64_t caGuid, std::uint32_t qpn);

    const CmTable& Table() const
    {
        return m_table;
    }

    // MadSink
    void OnReceive(std::uint8_t portNumber, const ReceivedMad& mad) override;
    void OnSendDone(std::uint64_t context, SendToken token, SendStatus status) override;

    /** Tells an event that had to wait for a thread of the work queue; the id may have gone. */
    void DeliverQueued(Handle handle, EventPtr event);

  private:
    /** A received message with what is needed to answer it. */
    struct Received
    {
        PortSlot& slot;
        MadPort& port;
        const ReceivedMad& mad;
        std::uint64_t transactionId;
        std::uint32_t attributeModifier;
    };

    /** Carries one event to a thread of the work queue. */
    class LaterEvent;

    static constexpr std::size_t kMaxPorts = 8;
    /** How often a request follows a redirection before its consumer is told of the next. */
    static constexpr std::uint8_t kMaxRedirects = 4;

    // dispatch.cc: what ports deliver.
    void OnMessage(const Received& rx, const ibwire::CmMessage& message);
    void OnUndecoded(const Received& rx, const ibwire::MadHeader& header);
    /** A message that says no more than that it has come: RTU, DREP. */
    void OnPlain(const Received& rx,
                 Ids ids,
                 Input input,
                 ibwire::CmAttribute attribute,
                 std::span<const std::uint8_t> privateData);

    // Each message in the file of its name; ClassPortInfo in class-port-info.cc.
    void OnReq(const Received& rx, const ibwire::CmReq& req);
    void OnDuplicateReq(const Received& rx, const ibwire::CmReq& req, Admission admission);
    void OnPeerToPeerReq(const Received& rx,
                         const ibwire::CmReq& req,
                         Admission admission,
                         const std::optional<Refusal>& refusal);
    void OnMra(const Received& rx, const ibwire::CmMra& mra);
    void OnRep(const Received& rx, const ibwire::CmRep& rep);
    void OnFirstRep(CmId& id,
                    IdRef ref,
                    EventPtr event,
                    const Received& rx,
                    const ibwire::CmRep& rep,
                    const Transition& row) IBCM_RELEASE(id.lock);
    void OnRepeatedRep(CmId& id,
                       const Received& rx,
                       const ibwire::CmRep& rep,
                       const Transition* row) IBCM_REQUIRES(id.lock);
    /** What the active side learns from the REP. */
    void TakeRep(CmId& id, const Received& rx, const ibwire::CmRep& rep, std::uint64_t guid)
        IBCM_REQUIRES(id.lock);
    void RejectRep(const Received& rx, const ibwire::CmRep& rep, ibwire::RejReason reason);
    void OnRtu(const Received& rx, const ibwire::CmRtu& rtu);
    void OnRej(const Received& rx, const ibwire::CmRej& rej);
    void OnDreq(const Received& rx, const ibwire::CmDreq& dreq);
    void OnKnownDreq(CmId& id,
                     IdRef ref,
                     EventPtr event,
                     const Received& rx,
                     const ibwire::CmDreq& dreq) IBCM_RELEASE(id.lock);
    void OnDrep(const Received& rx, const ibwire::CmDrep& drep);
    void OnLap(const Received& rx, const ibwire::CmLap& lap);
    void OnKnownLap(CmId& id,
                    IdRef ref,
                    EventPtr event,
                    std::unique_ptr<Alternate> alternate,
                    const Received& rx,
                    const ibwire::CmLap& lap) IBCM_RELEASE(id.lock);
    void OnApr(const Received& rx, const ibwire::CmApr& apr);
    void OnSidrReq(const Received& rx, const ibwire::CmSidrReq& req);
    void AcceptSidrReq(const Received& rx,
                       const ibwire::CmSidrReq& req,
                       Admission admission,
                       std::unique_ptr<SidrRecord> record);
    void OnSidrRep(const Received& rx, const ibwire::CmSidrRep& rep);
    void AnswerClassPortInfo(const Received& rx, const ibwire::MadHeader& header);
    void AnswerUnsupported(const Received& rx,
                           const ibwire::MadHeader& header,
                           std::uint16_t status);
    void AnswerClassVersion(const Received& rx, const ibwire::MadHeader& header);

    // step.cc: taking a row of the tables.
    const Transition* RowFor(CmId& id, Input input) IBCM_REQUIRES(id.lock);
    /** The row of the alternate path's table, which holds in ESTABLISHED only. */
    const LapTransition* LapRowFor(CmId& id, Input input) IBCM_REQUIRES(id.lock);
    /** Does what a row says besides sending and telling. */
    void Apply(CmId& id, const Transition& row) IBCM_REQUIRES(id.lock);
    void Apply(CmId& id, const LapTransition& row) IBCM_REQUIRES(id.lock);
    /** @param actions of a row. */
    void Act(CmId& id, std::uint8_t actions) IBCM_REQUIRES(id.lock);

    void Note(CmId& id,
              TimelineEntry::Kind kind,
              std::uint8_t what,
              std::uint8_t from = 0,
              std::uint8_t to = 0) IBCM_REQUIRES(id.lock)
    {
        if (m_options.timelineDepth != 0)
        {
            id.timeline.Write().Add({m_runtime.Now(), kind, what, from, to});
        }
    }

    void NoteMessage(CmId& id, TimelineEntry::Kind kind, ibwire::CmAttribute attribute)
        IBCM_REQUIRES(id.lock);

    // send.cc
    /** Sends the message of a row that needs nothing but what the id knows. */
    Status SendReply(CmId& id, State before, Reply reply, bool again = false)
        IBCM_REQUIRES(id.lock);
    /** What ComposeMad made; nothing if a value was wider than its field: kInvalidArgument. */
    using Composed = ibwire::Result<ibwire::MadBytes>;
    /** @param again it was sent before, and counts as a retry. */
    Status SendOnce(CmId& id, const Composed& mad, bool again = false) IBCM_REQUIRES(id.lock);
    Status SendReliable(CmId& id, const Composed& mad, Input timeout) IBCM_REQUIRES(id.lock);
    /** @param wait for the answer to each transmission, if it is not that of the connection. */
    Status SendReliable(CmId& id, const Composed& mad, Input timeout, Duration wait)
        IBCM_REQUIRES(id.lock);
    /** Null if there is nothing to remember; made before any lock is taken. */
    static std::unique_ptr<LastReply> NewLastReply(std::uint8_t serviceTimeout,
                                                   std::span<const std::uint8_t> privateData);
    /** Answers a message that belongs to no id. */
    template <class M>
    void SendStateless(const Received& rx, const M& message)
    {
        SendStatelessMad(rx, ComposeMad(message, rx.transactionId));
    }
    void SendStatelessMad(const Received& rx, const Composed& mad);
    void CancelSend(CmId& id) IBCM_REQUIRES(id.lock);
    void ExtendWait(CmId& id, std::uint8_t serviceTimeout) IBCM_REQUIRES(id.lock);

    // deliver.cc
    /** Made before any lock is taken. */
    static EventPtr NewEvent();
    /** Tells the consumer; releases the lock and, before the handler returns, nothing else. */
    void Deliver(CmId& id, IdRef ref, EventPtr event) IBCM_RELEASE(id.lock);
    /** The same on a thread of the work queue, for calls that must not run the handler themselves.
     */
    void DeliverLater(CmId& id, std::unique_ptr<LaterEvent> work) IBCM_RELEASE(id.lock);
    /**
     * Runs the handler for this and all waiting events. The caller has set delivery.busy.
     * @param listener for a request: stays until that is told, as its consumer may free what the
     *        handler needs when the listener has been destroyed; else none.
     */
    void RunHandler(IdRef ref, EventPtr event, IdRef listener);
    Disposition CallHandler(CmId& id, const Event& event, IdRef listener);

    // rej.cc, redirect.cc
    Status SendRejWith(CmId& id,
                       State before,
                       ibwire::RejReason reason,
                       std::span<const std::uint8_t> info,
                       std::span<const std::uint8_t> privateData) IBCM_REQUIRES(id.lock);
    void RejectStateless(const Received& rx,
                         const ibwire::CmReq& req,
                         ibwire::RejReason reason,
                         std::span<const std::uint8_t> info = {});
    IdRef FindForRej(const ibwire::CmRej& rej, EventPtr& event);
    /** True if the request of the id is on its way to where @p target points. */
    bool FollowRedirect(CmId& id, const ibwire::ClassPortInfo& target) IBCM_REQUIRES(id.lock);

    // dreq.cc
    Status StartDreq(CmId& id, std::span<const std::uint8_t> privateData, bool reliable)
        IBCM_REQUIRES(id.lock);
    /** A DREQ that is still kept back by its port goes out once, before it is cancelled. */
    void SendWaitingDreq(CmId& id) IBCM_REQUIRES(id.lock);
    /** The peer has forgotten the connection that @p owner has with its QP: ask it to end. */
    void DisconnectStale(IdRef owner);

    // req.cc
    void AcceptReq(const Received& rx,
                   const ibwire::CmReq& req,
                   Admission admission,
                   std::unique_ptr<PeerRecord> record);
    std::unique_ptr<PeerRecord> NewPeerRecord();
    /**
     * Who a peer is, as a key. Virtual functions without a GUID of their own say 0: then their
     * port's GUID tells them apart.
     */
    std::uint64_t PeerKey(std::uint64_t caGuid, const ibwire::Gid& gid) const
    {
        return caGuid == 0 && Strict() ? gid.Guid() : caGuid;
    }
    /** What a REQ says of the connection, as its passive side sees it. */
    Connection ConnectionFrom(const Received& rx,
                              const ibwire::CmReq& req,
                              const ReqReceived& parameters) const;

    // alternate.cc
    /** Null if there is no path; made before any lock is taken. */
    static std::unique_ptr<Alternate> NewAlternate(const Path* path);
    /** Of a REQ that has come, without a route yet; null if it has no such path. */
    static std::unique_ptr<Alternate> AlternateFrom(const ReqReceived& parameters);
    /**
     * The route of the id's alternate path, if it has both. Once the id is published: the removal
     * of a port walks over all ids that are, and no route over that port is found from before on.
     */
    void RouteAlternate(CmId& id) IBCM_REQUIRES(id.lock);
    /** Once the connection knows the peer's delay. */
    static void SetAckTimeout(Alternate& alternate, const Connection& connection);

    // lap.cc
    /** The APR status with which a LAP is refused at once; kSuccess if it is not. */
    ibwire::AprStatus CheckLap(const Connection& connection,
                               const Path& path,
                               const ibwire::CmLap& lap);

    // timewait.cc
    void OnAged(std::unique_ptr<PeerRecord> record) override;
    void EnterTimewait(CmId& id) IBCM_REQUIRES(id.lock);
    void ForgetPeer(CmId& id) IBCM_REQUIRES(id.lock);

    // destroy.cc
    void DestroyClaimed(CmId& id, Input how);

    // core.cc
    /** An id in a reserved place, not published. */
    CmId& NewId(EventHandler& handler, Reservation place);
    std::uint64_t NextTransactionId();

    bool Strict() const
    {
        return m_options.behaviour == Behaviour::kStrict;
    }

    // report.cc
    IdReport Describe(CmId& id, Instant now);

    // ports.cc
    PortSlot* SlotAt(std::uint8_t number);
    /** The port and address for a path from this side; kNoPort, kNoPkey. */
    Result<Route> RouteFor(const Path& path);
    /** The port that has a GID, or null. */
    PortRef PortOf(const ibwire::Gid& gid);
    void LeavePort(CmId& id, IdRef ref, PortSlot& slot);
    MessageCounters CountersOf(const PortSlot& slot) const;
    static void Discarded(const Received& rx, Discard cause)
    {
        Count(rx.slot.discarded[static_cast<std::size_t>(cause)]);
    }
    static void Duplicate(const Received& rx, ibwire::CmAttribute attribute)
    {
        Count(rx.slot.duplicates[KindOf(attribute)]);
    }

    ConnectionManager& m_facade;
    Runtime& m_runtime;
    const DeviceInfo m_device;
    const Options m_options;
    std::unique_ptr<WorkQueue> m_queue;
    CmTable m_table;

    /** Held while a port is added or removed; a slot's port is found without it. */
    Mutex m_portsLock;
    /** Held by who asks a port without the lock of an id that uses it, and when one is taken away:
     * what was asked may be freed then. Comes after all but the ports' own. */
    mutable Mutex m_askPortLock;
    std::array<PortSlot, kMaxPorts> m_ports;

    std::atomic<std::uint64_t> m_lastTransactionId;
    std::atomic<std::uint64_t> m_idsMade{0};
    std::atomic<std::uint64_t> m_peersMade{0};
};

} // namespace ibcm

#endif /* IBCM_CORE_H */
