// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_RC_REQUESTER_H
#define IB_RC_REQUESTER_H

#include "ib-fabric/model/verbs-types.h"
#include "ib-wire/model/packet-headers.h"

#include <ns3/event-id.h>
#include <ns3/nstime.h>

#include <cstdint>
#include <deque>

namespace ns3
{

class IbQueuePair;

/**
 * \ingroup infiniband
 * The sending half of a reliable connection (IBA vol. 1, 9.7): cuts messages into packets of the
 * path MTU, numbers them, keeps a window of them on the wire, and sends again what is not
 * acknowledged (go back to the oldest).
 */
class RcRequester
{
  public:
    /** \param queuePair which outlives this object */
    explicit RcRequester(IbQueuePair& queuePair);

    /** Forgets timers; requests that are left vanish without completions. */
    ~RcRequester();

    RcRequester(const RcRequester&) = delete;
    RcRequester& operator=(const RcRequester&) = delete;

    /** The queue pair has become RTS: numbering begins. \param psn of the first packet */
    void Start(std::uint32_t psn);

    /** The queue pair left SQD: what waits is sent. */
    void Resume();

    /** The queue pair became SQD: the message being sent is the last. */
    void Drain();

    /** \param request appended to the send queue */
    void Post(IbSendRequest request);

    /** \returns how many requests are not completed */
    std::size_t GetPending() const;

    /** \param psn of an acknowledgement \param aeth what it says */
    void ReceiveAck(std::uint32_t psn, const ibwire::Aeth& aeth);

    /** Completes all requests as flushed. */
    void Flush();

  private:
    struct Work
    {
        IbSendRequest request;
        std::uint32_t firstPsn; // 24 bits
        std::uint32_t packets;  // one at least
    };

    void Pump();
    const Work* FindWork(std::uint32_t psn) const;
    void SendPacket(const Work& work, std::uint32_t psn);
    void Acknowledge(std::uint32_t psn);
    void GoBackTo(std::uint32_t psn);
    bool SpendRetry();
    void FailOldest(IbWcStatus status);
    void ReceiveRnr(std::uint32_t psn, std::uint8_t timer);
    void ArmTimer();
    void TimerExpired();
    bool HasUnacknowledged() const;

    IbQueuePair& m_queuePair;
    std::deque<Work> m_work;       // oldest first; all packets of it are numbered
    std::uint32_t m_oldestPsn{0};  // not acknowledged yet
    std::uint32_t m_nextPsn{0};    // to be sent next
    std::uint32_t m_postPsn{0};    // of the next request to be posted
    std::uint32_t m_highestPsn{0}; // one behind the last ever sent
    std::uint32_t m_drainPsn{0};   // SQD: not beyond this
    bool m_draining{false};
    bool m_waitingForReceiver{false}; // between an RNR NAK and its timer
    std::uint8_t m_retriesLeft{0};
    std::uint8_t m_rnrRetriesLeft{0};
    Time m_deadline; // of the oldest packet
    EventId m_timer;
    EventId m_rnrTimer;
};

} // namespace ns3

#endif // IB_RC_REQUESTER_H
