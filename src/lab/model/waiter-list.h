// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_WAITER_LIST_H
#define LAB_WAITER_LIST_H

#include "ib-wire/model/mad.h"
#include "ibcm/model/event.h"
#include "interleave/model/completion.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lab
{

/** A thread of a consumer that waits, and what for. */
struct Waiter
{
    Waiter(interleave::Engine& engine, const void* consumer)
        : owner(consumer),
          heard(engine, "event")
    {
    }

    const void* const owner; ///< the consumer whose thread it is
    // For an event:
    ibcm::Handle id{ibcm::Handle::kNone}; ///< kNone: the first one of that name
    std::string name;
    std::uint32_t events{0}; ///< a bit each
    // For a message on the wire:
    ibwire::CmAttribute message{};
    std::string from;
    unsigned nth{0};

    bool meant{false}; ///< it has come
    bool told{false};
    interleave::Completion heard;
};

/** Threads that wait. */
class WaiterList
{
  public:
    /** Lets those go on for which @p meant is true. */
    template <class Meant>
    void Wake(Meant meant)
    {
        for (const auto& waiter : m_waiters)
        {
            waiter->meant = waiter->meant || meant(std::as_const(*waiter));
        }
        // To signal lets others run, who come to wait, or wait no longer.
        while (const std::shared_ptr<Waiter> waiter = NextMeant())
        {
            waiter->told = true;
            waiter->heard.CompleteAll();
        }
    }

    /** In a task: until it is woken, or the time is over. */
    void Wait(const std::shared_ptr<Waiter>& waiter, std::int64_t forNs, const char* site)
    {
        m_waiters.push_back(waiter);
        (void)waiter->heard.WaitFor(forNs, site);
        std::erase(m_waiters, waiter);
    }

  private:
    std::shared_ptr<Waiter> NextMeant() const
    {
        const auto it = std::ranges::find_if(
            m_waiters, [](const auto& waiter) { return waiter->meant && !waiter->told; });
        return it == m_waiters.end() ? nullptr : *it;
    }

    std::vector<std::shared_ptr<Waiter>> m_waiters;
};

} // namespace lab

#endif /* LAB_WAITER_LIST_H */
