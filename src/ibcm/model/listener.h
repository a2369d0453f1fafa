// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_LISTENER_H
#define IBCM_LISTENER_H

#include "ib-wire/model/class-port-info.h"
#include "ibcm/model/event.h"

#include <boost/intrusive/set.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <tuple>

namespace ibcm
{

class CmId;

/**
 * Private to the core: how many requests of a listener are open: neither completed nor refused.
 * Each of them holds a share, so that it outlives the listener.
 */
class Backlog
{
  public:
    explicit Backlog(std::uint32_t limit)
        : m_limit(limit)
    {
    }

    /** False if it is full. */
    bool Enter()
    {
        if (m_open.fetch_add(1, std::memory_order_relaxed) < m_limit)
        {
            return true;
        }
        Leave();
        return false;
    }

    void Leave()
    {
        m_open.fetch_sub(1, std::memory_order_relaxed);
    }

    std::uint32_t Open() const
    {
        return m_open.load(std::memory_order_relaxed);
    }

  private:
    const std::uint32_t m_limit;
    std::atomic<std::uint32_t> m_open{0};
};

/** One request's place in a backlog, given back when it ends. */
class BacklogPlace
{
  public:
    BacklogPlace() = default;

    /** Takes over a place that was entered. */
    explicit BacklogPlace(std::shared_ptr<Backlog> backlog)
        : m_backlog(std::move(backlog))
    {
    }

    BacklogPlace(BacklogPlace&& other) noexcept = default;

    BacklogPlace& operator=(BacklogPlace&& other) noexcept
    {
        Leave();
        m_backlog = std::move(other.m_backlog);
        return *this;
    }

    ~BacklogPlace()
    {
        Leave();
    }

    void Leave()
    {
        if (const auto backlog = std::move(m_backlog))
        {
            backlog->Leave();
        }
    }

  private:
    std::shared_ptr<Backlog> m_backlog;
};

/**
 * Private to the core: that an id answers for a range of service ids. The id owns it while it is in
 * LISTEN; all but the constants is protected by the table lock.
 */
struct ListenerRecord : public boost::intrusive::set_base_hook<>
{
    std::uint64_t serviceId{0}; ///< only the bits of the mask
    std::uint64_t serviceMask{0};
    std::shared_ptr<Backlog> backlog;
    std::optional<ibwire::ClassPortInfo> redirect;
    EventHandler* sharedBy{nullptr}; ///< whose handler may share it; null: nobody
    std::uint32_t sharers{1};
    CmId* id{nullptr};

    /** By mask, those with most bits first, then by service id. */
    std::tuple<std::uint64_t, std::uint64_t> Key() const
    {
        return {~serviceMask, serviceId};
    }

    friend bool operator<(const ListenerRecord& a, const ListenerRecord& b)
    {
        return a.Key() < b.Key();
    }
};

/** All listeners; a service id is matched by one of them at most. */
class ListenerIndex
{
  public:
    ListenerRecord* Find(std::uint64_t serviceId);
    /** One that some service id could match as well as @p record. */
    ListenerRecord* FindOverlap(const ListenerRecord& record);

    void Insert(ListenerRecord& record)
    {
        m_set.insert(record);
    }

    void Remove(ListenerRecord& record)
    {
        m_set.erase(m_set.iterator_to(record));
    }

    std::size_t Size() const
    {
        return m_set.size();
    }

    auto begin() const
    {
        return m_set.begin();
    }

    auto end() const
    {
        return m_set.end();
    }

  private:
    boost::intrusive::set<ListenerRecord> m_set;
};

} // namespace ibcm

#endif /* IBCM_LISTENER_H */
