// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_QUEUE_PAIR_H
#define IB_QUEUE_PAIR_H

#include "ib-fabric/model/completion-queue.h"
#include "ib-fabric/model/ib-packet.h"
#include "ib-fabric/model/verbs-types.h"

#include <ns3/object.h>
#include <ns3/traced-callback.h>

#include <tl/expected.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

namespace ns3
{

class IbHca;
class IbPort;
class RcRequester;
class RcResponder;

/** \ingroup infiniband What a queue pair is made with. */
struct IbQueuePairInit
{
    IbQpType type{IbQpType::kRc};
    Ptr<IbCompletionQueue> sendCq;    //!< completions of sends
    Ptr<IbCompletionQueue> receiveCq; //!< completions of receives; may be the same
    std::uint32_t maxSendRequests{128};
    std::uint32_t maxReceiveRequests{512};
};

/**
 * \ingroup infiniband
 * A queue pair: the state machine of IBA vol. 1, 10.3 and the queues; the reliable transport is in
 * RcRequester and RcResponder. To be used from events of the simulation.
 */
class IbQueuePair : public Object
{
  public:
    /** Signature of the trace source State. */
    typedef void (*StateTracedCallback)(std::uint32_t qpn, IbQpState before, IbQpState after);
    /** Signature of the trace source CommunicationEstablished. */
    typedef void (*CommunicationEstablishedTracedCallback)(std::uint32_t qpn);

    /** \returns the TypeId */
    static TypeId GetTypeId();

    IbQueuePair();
    ~IbQueuePair() override;

    /** Called by IbHca. \param hca the adapter \param qpn the number \param init the rest */
    void Setup(IbHca* hca, std::uint32_t qpn, const IbQueuePairInit& init);

    /** \returns number of the queue pair, 24 bits */
    std::uint32_t GetQpn() const;

    /** \returns transport */
    IbQpType GetQpType() const;

    /** \returns state */
    IbQpState GetState() const;

    /** \returns all attributes as they are now */
    const IbQpAttributes& GetAttributes() const;

    /**
     * Changes attributes and, if the mask says so, the state.
     * \param attributes the new values
     * \param mask which of them count (IbQpAttributeMask)
     * \returns why not; then nothing has changed
     */
    tl::expected<void, IbVerbsError> ModifyQp(const IbQpAttributes& attributes, std::uint32_t mask);

    /**
     * \param request appended to the send queue; legal in RTS, SQD and (flushed at once) ERROR
     * \returns why not
     */
    tl::expected<void, IbVerbsError> PostSend(IbSendRequest request);

    /**
     * \param request appended to the receive queue; legal in every state but RESET
     * \returns why not
     */
    tl::expected<void, IbVerbsError> PostReceive(IbReceiveRequest request);

    /**
     * \param handler called in an event of its own when the first packet arrives in state RTR
     *        (the affiliated event "communication established"), once for each time in RTR
     */
    void SetCommunicationEstablishedHandler(std::function<void()> handler);

    /** Called by IbHca. \param packet for this queue pair, CRCs checked */
    void Receive(Ptr<const IbPacket> packet);

    // For RcRequester and RcResponder.

    /** \returns the adapter */
    IbHca& GetHca() const;

    /** \returns the port that the queue pair is bound to */
    IbPort& GetPort() const;

    /** \returns and removes the oldest receive request, nothing if there is none */
    std::optional<IbReceiveRequest> TakeReceive();

    /** \param completion added to the completion queue of its kind */
    void Complete(IbWorkCompletion completion);

    /** A request failed: the queue pair goes to ERROR and everything posted is flushed. */
    void Fail();

  protected:
    void DoDispose() override;

  private:
    void ChangeState(IbQpState state);
    void FlushReceives();
    bool AdmitPacket(const IbPacket& packet);
    void ReceiveDatagram(Ptr<const IbPacket> packet);
    tl::expected<void, IbVerbsError> PostDatagram(const IbSendRequest& request);
    void RaiseCommunicationEstablished();

    IbHca* m_hca{nullptr};
    std::uint32_t m_qpn{0};
    IbQueuePairInit m_init;
    IbQpAttributes m_attributes;
    std::deque<IbReceiveRequest> m_receives;
    std::uint32_t m_datagramPsn{0};
    std::uint32_t m_datagramsPending{0};
    bool m_communicationEstablished{false};
    std::function<void()> m_communicationHandler;
    std::unique_ptr<RcRequester> m_requester;
    std::unique_ptr<RcResponder> m_responder;
    TracedCallback<std::uint32_t, IbQpState, IbQpState> m_stateTrace;
    TracedCallback<std::uint32_t> m_communicationTrace;
};

} // namespace ns3

#endif // IB_QUEUE_PAIR_H
