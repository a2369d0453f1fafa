// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_SEND_TABLE_H
#define IBCM_SEND_TABLE_H

#include "ibcm/helper/deadline-heap.h"
#include "ibcm/helper/pending-send.h"
#include "ibcm/helper/reliable-port-options.h"
#include "ibcm/helper/send-slots.h"
#include "ibcm/helper/spare-pool.h"

#include <boost/intrusive/set.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

/**
 * @file
 * Private to ReliablePort: all that its lock protects, without the lock, the time and the wire.
 */

namespace ibcm
{

/** Memory for one more send, made without the lock; what is not used is freed with it. */
struct SendSupplies
{
    enum : unsigned
    {
        kSend = 1,
        kWindow = 2,
        kSlots = 4,
        kDeadlines = 8,
    };

    unsigned wanted{0}; ///< as SendTable::Stock found
    std::unique_ptr<PendingSend> send;
    std::unique_ptr<RequestWindow> window;
    StableArray<SendSlots::Slot>::Segment slots;
    StableArray<DeadlineHeap::Entry>::Segment deadlines;

    /** Makes what is wanted. False if there is no memory. */
    bool Make();
};

/** What has ended and is not kept: freed with this, when the lock has been let go. */
struct SendLeftovers
{
    SparePool<PendingSend> sends;
    SparePool<RequestWindow> windows;
};

/**
 * The reliable sends of a port and the windows that their requests go through. Allocates and frees
 * when it is made and destroyed, and at no other time. Not thread-safe.
 */
class SendTable
{
  public:
    /** With memory for a few sends, all that most ports ever need. */
    SendTable();
    /** Frees the sends that are left. */
    ~SendTable();

    SendTable(const SendTable&) = delete;
    SendTable& operator=(const SendTable&) = delete;

    /**
     * Takes the supplies in and sees whether there is enough for one more send and, if it goes
     * through one, one more window; if not, says in @p supplies what is wanted.
     */
    bool Stock(SendSupplies& supplies, bool windowed);

    /** The window of the key; made, and empty, if there was none. After Stock for one. */
    RequestWindow& WindowOf(const WindowKey& key);
    /** A send with a token and its place in the order; else as its last use left it. After Stock.
     */
    PendingSend& Add();
    PendingSend* Find(SendToken token) const;
    std::size_t Size() const;
    /** All tokens have been given away: no send is possible any more. */
    bool Exhausted() const;

    /** Appends it to those that wait for the window. */
    void Wait(PendingSend& send, RequestWindow& window);
    /** The first of those that wait for the window, which now counts it as under way. */
    PendingSend& Admit(RequestWindow& window);
    /** Takes the send out, of its window and the deadlines too. The window may be empty now. */
    void Remove(PendingSend& send, SendLeftovers& leftovers);
    /** Drops the window if it has nothing under way and nobody waits. */
    void DropIfEmpty(RequestWindow& window, SendLeftovers& leftovers);

    /** Those that have been transmitted, and those whose failure has to be reported. */
    DeadlineHeap deadlines;
    std::size_t waiting{0}; ///< in all windows
    std::uint64_t retransmitted{0};
    SendCounts counts;
    Instant armedFor{Instant::max()}; ///< what the timer is set to; max: it is not
    bool expiring{false};             ///< the timer's work is under way and will set the timer
    bool closed{false};               ///< the port is being destroyed

  private:
    using Windows = boost::intrusive::set<RequestWindow,
                                          boost::intrusive::key_of_value<KeyOfWindow>,
                                          boost::intrusive::constant_time_size<false>>;

    SendSlots m_slots;
    Windows m_windows;
    SparePool<PendingSend> m_spareSends;
    SparePool<RequestWindow> m_spareWindows;
    std::uint64_t m_added{0};
};

} // namespace ibcm

#endif /* IBCM_SEND_TABLE_H */
