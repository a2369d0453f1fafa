// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_SMP_TRANSACTOR_H
#define IB_SMP_TRANSACTOR_H

#include "ib-fabric/model/smi.h"
#include "ib-fabric/model/subnet-database.h"
#include "ib-wire/model/smp.h"

#include <ns3/event-id.h>
#include <ns3/nstime.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

namespace ns3
{

class IbNode;

/** \ingroup infiniband How many SMPs a sweep took. */
struct SmpStatistics
{
    std::uint64_t sent{0};       //!< requests, repeated ones included
    std::uint64_t received{0};   //!< responses that were waited for
    std::uint64_t timeouts{0};   //!< waits that ended without a response
    std::uint64_t failed{0};     //!< requests given up
    std::uint64_t errors{0};     //!< responses with a status other than success
    std::uint64_t unexpected{0}; //!< responses that nobody waited for
};

/**
 * \ingroup infiniband
 * Sends directed-routed Gets and Sets for a subnet manager: a window of them at a time, each again
 * when its response does not come.
 */
class SmpTransactor
{
  public:
    /** The attribute data of a response; empty if the request was given up. */
    using Data = std::span<const std::uint8_t>;
    /** Called once for each request. */
    using Handler = std::function<void(ibwire::MadStatus status, Data data)>;

    /** A request. */
    struct Request
    {
        ibwire::MadMethod method{ibwire::MadMethod::kGet};
        ibwire::SmAttribute attribute{};
        std::uint32_t modifier{0};
        DirectedPath path;
        ibwire::SmpData data{};
        Handler handler;
    };

    /** How to send. */
    struct Policy
    {
        std::uint32_t window{32}; //!< requests on the way at a time
        Time timeout;             //!< of one try
        std::uint32_t retries{3}; //!< further tries
        std::uint64_t mKey{0};
        std::uint32_t firstGeneration{0}; //!< of transaction ids, upper half
    };

    /** \param node \param port from where to send \param policy how */
    SmpTransactor(IbNode& node, std::uint8_t port, const Policy& policy);

    ~SmpTransactor();

    SmpTransactor(const SmpTransactor&) = delete;
    SmpTransactor& operator=(const SmpTransactor&) = delete;

    /** \param request to be sent when the window allows */
    void Submit(Request request);

    /** \param handler called whenever the last request is completed */
    void SetIdleHandler(std::function<void()> handler);

    /** \param received a response \returns false if nobody waits for it */
    bool Receive(const SmpReceived& received);

    /** \returns true if nothing waits to be sent or answered */
    bool IsIdle() const;

    /** \returns the counts since the beginning */
    const SmpStatistics& GetStatistics() const;

  private:
    struct Outstanding
    {
        bool busy{false};
        std::uint32_t generation{0};
        std::uint32_t triesLeft{0};
        Request request;
    };

    struct Deadline
    {
        Time time;
        std::uint32_t slot;
        std::uint32_t generation;
    };

    void SendMore();
    void Send(std::uint32_t slot);
    void Complete(std::uint32_t slot, ibwire::MadStatus status, Data data);
    void ArmTimer();
    void TimerExpired();

    IbNode& m_node;
    std::uint8_t m_port;
    Policy m_policy;
    std::deque<Request> m_waiting;
    std::vector<Outstanding> m_slots;
    std::vector<std::uint32_t> m_freeSlots;
    std::deque<Deadline> m_deadlines; // all waits are equal: in the order of time
    EventId m_timer;
    std::function<void()> m_idle;
    SmpStatistics m_statistics;
    bool m_completing{false};
};

} // namespace ns3

#endif // IB_SMP_TRANSACTOR_H
