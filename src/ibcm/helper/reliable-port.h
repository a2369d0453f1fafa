// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_RELIABLE_PORT_H
#define IBCM_RELIABLE_PORT_H

#include "ib-wire/model/path-codes.h"
#include "ibcm/model/mad-port.h"
#include "ibcm/model/sync.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace ibcm
{

/** Sends single MADs of one port, without any promise: what a ReliablePort stands on. Thread-safe.
 */
class MadWire
{
  public:
    virtual ~MadWire() = default;
    /** Never blocks and never calls back. False if the MAD could not even be handed to the port. */
    virtual bool Transmit(const ibwire::MadBytes& mad, const MadAddress& address) = 0;
    virtual std::uint16_t Lid() const = 0;
    /** LID mask control, 0..7. */
    virtual std::uint8_t Lmc() const;
    /** MTU code of the port, 1..5. */
    virtual std::uint8_t ActiveMtu() const;
    /** Rate code of the port's link. */
    virtual std::uint8_t ActiveRate() const;
    virtual std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const = 0;
    virtual ibwire::Gid GidAt(std::uint8_t index) const = 0;
    virtual std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const = 0;
};

/**
 * The MadPort that simulation and hardware share: keeps what waits for an answer, sends it again
 * and tells when the retries have run out. Its timer runs on a work queue of its own.
 */
class ReliablePort final : public MadPort
{
  public:
    /** @param number of the port, 1..255. @param wire outlives this. */
    ReliablePort(Runtime& runtime, MadWire& wire, std::uint8_t number);
    /** Sends that are under way are forgotten without a report. */
    ~ReliablePort() override;

    /** A MAD has come in; called by the wire's owner, on as many threads at once as it likes. */
    void Received(const ReceivedMad& mad);

    /** Null only when the wire's owner has stopped calling Received; waits for reports under way.
     */
    void SetSink(MadSink* sink) override;
    Result<SendToken> Send(const ibwire::MadBytes& mad,
                           const MadAddress& address,
                           Duration timeout,
                           unsigned retries,
                           std::uint64_t context) override;
    bool Modify(SendToken token, Duration timeout) override;
    bool Cancel(SendToken token) override;

    bool Resend(SendToken token) override;
    std::optional<SendProgress> Progress(SendToken token) const override;
    std::uint64_t Retransmissions(ibwire::CmAttribute attribute) const override;

    std::uint16_t Lid() const override;
    std::uint8_t Lmc() const override;
    std::uint8_t ActiveMtu() const override;
    std::uint8_t ActiveRate() const override;
    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const override;
    ibwire::Gid GidAt(std::uint8_t index) const override;
    std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const override;

    /** Reliable sends under way. */
    std::size_t Outstanding() const;
    /** Transmissions made again so far. */
    std::uint64_t Retries() const;

  private:
    /** One reliable send under way. */
    struct Pending
    {
        ibwire::MadBytes mad;
        MadAddress address;
        Duration timeout;
        unsigned retriesLeft;
        unsigned transmissions;
        std::uint64_t context;
        Instant deadline;
    };

    struct Sends
    {
        std::uint64_t lastToken{0};
        std::uint64_t retries{0};
        std::map<ibwire::CmAttribute, std::uint64_t> retransmissions;
        std::map<SendToken, Pending> pending;
        std::set<std::pair<Instant, SendToken>> deadlines; ///< of the same sends
        Instant armedFor{kNotArmed};
    };

    /** The port's only timer, set to the earliest deadline. */
    class DeadlineTimer final : public Timer
    {
      public:
        DeadlineTimer(ReliablePort& port, Runtime& runtime, WorkQueue& queue)
            : Timer(runtime, queue, "mad timeout"),
              m_port(port)
        {
        }

        void Expired() override
        {
            m_port.Expired();
        }

      private:
        ReliablePort& m_port;
    };

    /** What the sink is told of a send that has ended. */
    struct Ended
    {
        std::uint64_t context;
        SendToken token;
        SendStatus status;
    };

    static constexpr Instant kNotArmed = Instant::max();

    void Expired();
    /** Sends @p token again, or takes it out if its retries have run out. */
    std::optional<Ended> Retry(Sends& sends, SendToken token, Instant now) IBCM_REQUIRES(m_lock);
    /** Sets the timer to the earliest deadline, or stops it. */
    void SetTimer(Sends& sends) IBCM_REQUIRES(m_lock);

    Runtime& m_runtime;
    MadWire& m_wire;
    const std::uint8_t m_number;
    std::atomic<MadSink*> m_sink{nullptr};
    std::unique_ptr<WorkQueue> m_timers;
    std::unique_ptr<DeadlineTimer> m_timer;
    mutable Mutex m_lock;
    Guarded<Sends> m_sends IBCM_GUARDED_BY(m_lock);
};

} // namespace ibcm

#endif /* IBCM_RELIABLE_PORT_H */
