// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_PORT_SLOT_H
#define IBCM_PORT_SLOT_H

#include "ibcm/model/counters.h"
#include "ibcm/model/mad-port.h"
#include "ibcm/model/sync.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

namespace ibcm
{

/**
 * Private to the core: a port and what has been counted there. It stays when the port is removed,
 * as counters do; `port` is set while it is served and not changed meanwhile.
 */
struct PortSlot
{
    std::atomic<std::uint8_t> number{0}; ///< 0: never used
    std::atomic<MadPort*> port{nullptr};
    std::atomic<bool> removing{false};
    /** Who asks the port something, and one for its being served; 0: not served. */
    std::atomic<std::uint32_t> users{0};
    /** Of the thread that removes the port and waits for the last user; set before its own goes. */
    std::atomic<Completion*> waiter{nullptr};

    using Atomics = std::array<std::atomic<std::uint64_t>, MessageCounters::kKinds>;

    Atomics sent{};   ///< given to the port: those too that it has not transmitted
    Atomics resent{}; ///< by the core, as answers to repetitions; retries are the port's to count
    Atomics received{};
    Atomics duplicates{};
    std::array<std::atomic<std::uint64_t>, kDiscardCount> discarded{};
    /** Retransmissions of ports that were at this number before. */
    Atomics retriedBefore{};
    /** What such ports have taken and never transmitted; it is among `sent`. */
    Atomics unsentBefore{};
};

/**
 * Keeps a port from going away while it is asked something and no lock of an id that uses it is
 * held. For a moment only: RemovePort() waits for it.
 */
class PortRef
{
  public:
    PortRef() = default;

    /** Empty if the port is not served any more. */
    static PortRef To(PortSlot& slot)
    {
        std::uint32_t users = slot.users.load(std::memory_order_relaxed);
        do
        {
            if (users == 0)
            {
                return {};
            }
        } while (!slot.users.compare_exchange_weak(users, users + 1, std::memory_order_acquire));
        PortRef ref(&slot);
        return slot.removing.load() ? PortRef() : std::move(ref);
    }

    PortRef(PortRef&& other) noexcept
        : m_slot(std::exchange(other.m_slot, nullptr))
    {
    }

    PortRef& operator=(PortRef&& other) noexcept
    {
        std::swap(m_slot, other.m_slot);
        return *this;
    }

    ~PortRef()
    {
        if (m_slot != nullptr && m_slot->users.fetch_sub(1, std::memory_order_acq_rel) == 1)
        {
            m_slot->waiter.load(std::memory_order_acquire)->Signal();
        }
    }

    explicit operator bool() const
    {
        return m_slot != nullptr;
    }

    MadPort& operator*() const
    {
        return *m_slot->port.load(std::memory_order_relaxed);
    }

    MadPort* operator->() const
    {
        return &**this;
    }

  private:
    explicit PortRef(PortSlot* slot)
        : m_slot(slot)
    {
    }

    PortSlot* m_slot{nullptr};
};

/** Relaxed: counters say how often, and order nothing. */
inline void Count(std::atomic<std::uint64_t>& counter)
{
    counter.fetch_add(1, std::memory_order_relaxed);
}

} // namespace ibcm

#endif /* IBCM_PORT_SLOT_H */
