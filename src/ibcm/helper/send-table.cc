// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/helper/send-table.h"

#include <new>
#include <utility>

namespace ibcm
{

namespace
{

// About 100 kB a port at the most, and only once so many have been under way.
constexpr std::size_t kMaxSpare = 256;
constexpr std::size_t kSpareAtFirst = 4;

} // namespace

bool SendSupplies::Make()
{
    if ((wanted & kSend) != 0)
    {
        send.reset(new (std::nothrow) PendingSend);
    }
    if ((wanted & kWindow) != 0)
    {
        window.reset(new (std::nothrow) RequestWindow);
    }
    if ((wanted & kSlots) != 0)
    {
        slots = StableArray<SendSlots::Slot>::MakeSegment(slots.number);
    }
    if ((wanted & kDeadlines) != 0)
    {
        deadlines = StableArray<DeadlineHeap::Entry>::MakeSegment(deadlines.number);
    }
    return ((wanted & kSend) == 0 || send != nullptr) &&
           ((wanted & kWindow) == 0 || window != nullptr) &&
           ((wanted & kSlots) == 0 || slots.memory != nullptr) &&
           ((wanted & kDeadlines) == 0 || deadlines.memory != nullptr);
}

SendTable::SendTable()
    : m_spareSends(kMaxSpare),
      m_spareWindows(kMaxSpare)
{
    SendSupplies supplies;
    supplies.slots = StableArray<SendSlots::Slot>::MakeSegment(0);
    supplies.deadlines = StableArray<DeadlineHeap::Entry>::MakeSegment(0);
    for (std::size_t i = 0; i < kSpareAtFirst; ++i)
    {
        supplies.send = std::make_unique<PendingSend>();
        supplies.window = std::make_unique<RequestWindow>();
        (void)Stock(supplies, true);
    }
}

SendTable::~SendTable()
{
    m_windows.clear_and_dispose([](RequestWindow* window) { delete window; });
    m_slots.ForEach([](PendingSend& send) { delete &send; });
}

bool SendTable::Stock(SendSupplies& supplies, bool windowed)
{
    m_spareSends.Put(supplies.send);
    m_spareWindows.Put(supplies.window);
    m_slots.Memory().Adopt(supplies.slots);
    deadlines.Memory().Adopt(supplies.deadlines);

    supplies.wanted = 0;
    supplies.wanted |= m_spareSends.Empty() ? SendSupplies::kSend : 0U;
    supplies.wanted |= windowed && m_spareWindows.Empty() ? SendSupplies::kWindow : 0U;
    if (!m_slots.HasRoom())
    {
        supplies.wanted |= SendSupplies::kSlots;
        supplies.slots.number = m_slots.Memory().NextSegment();
    }
    // Room for all, as those that wait get a deadline one day, when nobody can allocate.
    if (m_slots.Size() >= deadlines.Memory().Capacity())
    {
        supplies.wanted |= SendSupplies::kDeadlines;
        supplies.deadlines.number = deadlines.Memory().NextSegment();
    }
    return supplies.wanted == 0;
}

RequestWindow& SendTable::WindowOf(const WindowKey& key)
{
    Windows::insert_commit_data place;
    const auto [it, absent] = m_windows.insert_check(key, place);
    if (!absent)
    {
        return *it;
    }
    RequestWindow& window = *m_spareWindows.Take().release();
    window.key = key;
    m_windows.insert_commit(window, place);
    return window;
}

PendingSend& SendTable::Add()
{
    PendingSend& send = *m_spareSends.Take().release();
    send.token = m_slots.Put(send);
    send.order = ++m_added;
    return send;
}

PendingSend* SendTable::Find(SendToken token) const
{
    return m_slots.Find(token);
}

std::size_t SendTable::Size() const
{
    return m_slots.Size();
}

bool SendTable::Exhausted() const
{
    return m_slots.Exhausted();
}

void SendTable::Wait(PendingSend& send, RequestWindow& window)
{
    send.stage = PendingSend::Stage::kWaiting;
    window.waiting.push_back(send);
    ++waiting;
}

PendingSend& SendTable::Admit(RequestWindow& window)
{
    PendingSend& send = window.waiting.front();
    window.waiting.pop_front();
    --waiting;
    ++window.underWay;
    return send;
}

void SendTable::Remove(PendingSend& send, SendLeftovers& leftovers)
{
    if (send.stage == PendingSend::Stage::kWaiting)
    {
        send.window->waiting.erase(RequestWindow::Waiting::s_iterator_to(send));
        --waiting;
    }
    else
    {
        deadlines.Remove(send);
        if (send.window != nullptr)
        {
            --send.window->underWay;
        }
    }
    m_slots.Remove(send.token);
    std::unique_ptr<PendingSend> gone(&send);
    m_spareSends.Put(gone);
    leftovers.sends.Put(gone);
}

void SendTable::DropIfEmpty(RequestWindow& window, SendLeftovers& leftovers)
{
    if (window.underWay != 0 || !window.waiting.empty())
    {
        return;
    }
    m_windows.erase(Windows::s_iterator_to(window));
    std::unique_ptr<RequestWindow> gone(&window);
    m_spareWindows.Put(gone);
    leftovers.windows.Put(gone);
}

} // namespace ibcm
