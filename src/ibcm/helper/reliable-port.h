// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_RELIABLE_PORT_H
#define IBCM_RELIABLE_PORT_H

#include "ibcm/helper/reliable-port-options.h"
#include "ibcm/model/mad-port.h"
#include "ibcm/model/sync.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace ibcm
{

struct PendingSend;
struct RequestWindow;
struct SendLeftovers;
class SendTable;

/** Sends single MADs of one port, without any promise: what a ReliablePort stands on. Thread-safe.
 */
class MadWire
{
  public:
    virtual ~MadWire() = default;
    /** Never blocks and never calls back. False if the MAD could not even be handed to the port. */
    virtual bool Transmit(const ibwire::MadBytes& mad, const MadAddress& address) = 0;
    virtual std::uint16_t Lid() const = 0;
    /** LID mask control, 0..7; 0 unless overridden. */
    virtual std::uint8_t Lmc() const;
    /** Code of the port's active MTU, 1..5; that of 4096 bytes unless overridden. */
    virtual std::uint8_t ActiveMtu() const;
    /** Rate code of the port's link; that of 100 Gb/s unless overridden. */
    virtual std::uint8_t ActiveRate() const;
    virtual std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const = 0;
    virtual ibwire::Gid GidAt(std::uint8_t index) const = 0;
    virtual std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const = 0;
};

/**
 * The MadPort that simulation and hardware share: keeps what waits for an answer, sends it again
 * and tells when the retries have run out. Its timer runs on a work queue of its own.
 *
 * Requests go through a window for each kind and destination (ReliablePortOptions), so that a crowd
 * of them cannot drown the peer, nor a dead peer the others; all else is transmitted at once, ahead
 * of the requests that wait. A request that waits has its turn when one before it ends, by Cancel
 * or by its time-outs. If the wire then refuses it, that is reported as kFailed.
 *
 * Nothing is allocated or freed, and nobody is called but the wire and the runtime, while the
 * port's lock is held; time-outs that fall due together are handled by 64 under one hold of it.
 * Every operation takes O(log n) of the sends under way.
 */
class ReliablePort final : public MadPort
{
  public:
    /**
     * @param number of the port, 1..255.
     * @param wire outlives this.
     * @param options those with a Problem() abort the program with it: who takes them from a user
     * asks first.
     */
    ReliablePort(Runtime& runtime,
                 MadWire& wire,
                 std::uint8_t number,
                 const ReliablePortOptions& options = {});
    /** Sends that are under way are forgotten without a report. */
    ~ReliablePort() override;

    /** A MAD has come in; called by the wire's owner, on as many threads at once as it likes. */
    void Received(const ReceivedMad& mad);

    /** Null only when the wire's owner has stopped calling Received; waits for reports under way.
     */
    void SetSink(MadSink* sink) override;
    /**
     * kSendFailed: the wire refused it. kNoResources: maxPending are under way, or it would have to
     * wait and as many wait as may, or there is no memory. Timeouts above 73 years are cut to them.
     */
    Result<SendToken> Send(const ibwire::MadBytes& mad,
                           const MadAddress& address,
                           Duration timeout,
                           unsigned retries,
                           std::uint64_t context) override;
    /** While it waits for its turn: sets its first wait. A back-off starts over from the new wait.
     */
    bool Modify(SendToken token, Duration timeout) override;
    bool Cancel(SendToken token) override;
    bool Resend(SendToken token) override;
    std::optional<SendProgress> Progress(SendToken token) const override;
    SendCounts Counts() const override;

    std::uint16_t Lid() const override;
    std::uint8_t Lmc() const override;
    std::uint8_t ActiveMtu() const override;
    std::uint8_t ActiveRate() const override;
    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const override;
    ibwire::Gid GidAt(std::uint8_t index) const override;
    std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const override;

    /** Reliable sends that have not ended, those that wait for their turn among them. */
    std::size_t Outstanding() const;
    /** Requests that wait for their turn. */
    std::size_t Waiting() const;
    /** Transmissions made again so far, of whatever attribute. */
    std::uint64_t Retries() const;

  private:
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

    struct Batch;
    struct Request;

    void Expired();
    /** Handles deadlines that have passed, up to a batch of them. False if none is left. */
    bool HandleDue(Instant now, Batch& batch) IBCM_EXCLUDES(m_lock);
    /** Sends it again, or takes it out if its retries have run out or the wire refuses it. */
    void HandleDeadline(SendTable& sends, PendingSend& send, Instant now, Batch& batch)
        IBCM_REQUIRES(m_lock);
    void Report(const Batch& batch);

    /** Send, with the memory for it at hand. */
    Result<SendToken> Start(SendTable& sends, const Request& request, SendLeftovers& leftovers)
        IBCM_REQUIRES(m_lock);
    /** True if a request for the window may neither be transmitted now nor wait. */
    bool Full(const SendTable& sends, const RequestWindow& window) const IBCM_REQUIRES(m_lock);
    bool HasTurn(const RequestWindow& window) const;
    /** Takes it out; who waited for its place is transmitted. */
    void Finish(SendTable& sends, PendingSend& send, Instant now, SendLeftovers& leftovers)
        IBCM_REQUIRES(m_lock);
    bool TransmitAgain(SendTable& sends, PendingSend& send) IBCM_REQUIRES(m_lock);
    void SetDeadline(SendTable& sends, PendingSend& send, Instant deadline) IBCM_REQUIRES(m_lock);
    /** Sets the timer to the earliest deadline, or stops it. */
    void SetTimer(SendTable& sends) IBCM_REQUIRES(m_lock);

    Runtime& m_runtime;
    MadWire& m_wire;
    const std::uint8_t m_number;
    const ReliablePortOptions m_options;
    std::atomic<MadSink*> m_sink{nullptr};
    std::unique_ptr<WorkQueue> m_timers;
    std::unique_ptr<DeadlineTimer> m_timer;
    mutable Mutex m_lock;
    Guarded<std::unique_ptr<SendTable>, "sends"> m_sends IBCM_GUARDED_BY(m_lock); ///< never null
};

} // namespace ibcm

#endif /* IBCM_RELIABLE_PORT_H */
