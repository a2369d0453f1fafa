// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_THREADED_WIRE_H
#define IBCM_THREADED_WIRE_H

#include "ibcm/helper/end-tables.h"
#include "ibcm/helper/host-threads.h"
#include "ibcm/helper/reliable-port.h"
#include "ibcm/helper/wire-counters.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ibcm
{

/** What a ThreadedWire does to MADs. Each copy of one is drawn for by itself. */
struct WireFaults
{
    static constexpr std::uint32_t kAlways = 1'000'000;

    std::uint32_t lossPerMillion{0};
    std::uint32_t duplicationPerMillion{0}; ///< of one more copy
    std::uint32_t delayPerMillion{0};       ///< those that are delayed are overtaken by others
    Duration longestDelay{std::chrono::milliseconds(1)}; ///< delays are drawn from 0 to this
};

struct ThreadedWireOptions
{
    unsigned threadsPerEnd{2};     ///< 1 or more: deliveries that an end sees at once
    std::size_t queuePerEnd{1024}; ///< 1 or more: MADs on their way to one end
    std::uint64_t seed{1};         ///< of the draws
};

/**
 * Joins ends with threads that deliver: what one end transmits is handed to the other's port on a
 * thread of the wire, several at once, in no certain order. For tests and benchmarks with a
 * HostRuntime. The draws come from seeds, but which MAD meets which draw is up to the threads.
 * Allocates nothing once all ends are there. Thread-safe but for AddEnd, Start and Stop.
 */
class ThreadedWire
{
  public:
    class End;

    /** Delivers nothing until Start. */
    explicit ThreadedWire(const ThreadedWireOptions& options = {});
    /** Stops. */
    ~ThreadedWire();

    ThreadedWire(const ThreadedWire&) = delete;
    ThreadedWire& operator=(const ThreadedWire&) = delete;

    /** A new end; it lives as long as the wire. Only while the wire is stopped. */
    End& AddEnd(EndTables tables);

    /** For MADs that are transmitted from now on. */
    void SetFaults(const WireFaults& faults);

    /** Delivers from now on. */
    void Start();
    /**
     * No delivery is under way when it returns, and none begins until the next Start; not to be
     * called on a thread of the wire. While the wire is stopped nothing can be handed to it; what
     * has not been delivered waits.
     */
    void Stop();

    WireCounters Counters() const;
    /** MADs in queues and being delivered. */
    std::size_t Waiting() const;

  private:
    End* EndAt(std::uint16_t lid) const;

    const ThreadedWireOptions m_options;
    std::vector<std::unique_ptr<End>> m_ends;
    std::atomic<bool> m_running{false};
};

/** One end: the wire that a ReliablePort stands on, and the MADs that are on their way to it. */
class ThreadedWire::End final : public MadWire
{
  public:
    End(ThreadedWire& wire, std::size_t number, EndTables tables);

    End(const End&) = delete;
    End& operator=(const End&) = delete;

    /** What is delivered here goes to @p port; null: nowhere. Only while the wire is stopped. */
    void Attach(ReliablePort* port);
    /** While down, nothing can be handed to the wire here: Transmit answers false. */
    void SetDown(bool down);

    bool Transmit(const ibwire::MadBytes& mad, const MadAddress& address) override;
    std::uint16_t Lid() const override;
    std::uint8_t Lmc() const override;
    std::uint8_t ActiveMtu() const override;
    std::uint8_t ActiveRate() const override;
    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const override;
    ibwire::Gid GidAt(std::uint8_t index) const override;
    std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const override;

  private:
    friend class ThreadedWire;

    /** A MAD that is late. */
    struct Late
    {
        OsClock::time_point due;
        std::uint32_t slot;
    };

    static bool Later(const Late& a, const Late& b)
    {
        return a.due > b.due;
    }

    void Start();
    void Stop();
    WireCounters Counters() const;
    void SetFaults(const WireFaults& faults);

    /** A MAD has been transmitted to this end. Null: none that its port would take. */
    void Accept(const ibwire::MadBytes& mad, const ReceivedMad* arrival);

    // With the lock held.
    void Enqueue(const ReceivedMad& arrival, WireTally& tally);
    bool Draw(std::uint32_t perMillion);
    std::uint64_t NextDraw();
    /** Makes late MADs ready that are due. */
    void MoveDue();
    /** What a delivering thread does. */
    void Serve();

    ThreadedWire& m_wire;
    const EndTables m_tables;
    std::atomic<ReliablePort*> m_port{nullptr};
    std::atomic<bool> m_down{false};

    mutable OsMutex m_lock; ///< of all below but the threads and what a slot in use holds
    OsCondition m_wake;     ///< a MAD is ready or late, or the threads must stop
    std::uint64_t m_draws;
    WireFaults m_faults;
    WireCounters m_counters;
    std::vector<ReceivedMad> m_slots;
    std::vector<std::uint32_t> m_freeSlots;
    std::vector<std::uint32_t> m_ready; ///< a ring of as many places as slots
    std::size_t m_firstReady{0};
    std::size_t m_readyCount{0};
    std::vector<Late> m_late; ///< a heap, the soonest first
    bool m_stopping{false};
    std::vector<OsThread> m_threads;
};

} // namespace ibcm

#endif /* IBCM_THREADED_WIRE_H */
