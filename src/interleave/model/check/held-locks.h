// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_HELD_LOCKS_H
#define INTERLEAVE_HELD_LOCKS_H

#include "interleave/model/engine.h"

#include <cstdint>
#include <string>
#include <vector>

namespace interleave
{

/**
 * Which locks each task holds, in order of taking. A set of held locks is named by a number that
 * stays valid until the end of the run, so that an access can remember it for a later report.
 */
class HeldLocks
{
  public:
    /** A lock, and those that were held when it was taken. */
    struct Held
    {
        std::uint32_t sync = 0;  //!< its number in the SyncTable
        std::uint32_t below = 0; //!< the set without it
        ObjectId object{};
    };

    HeldLocks()
    {
        Clear();
    }

    /** @p task owns mutex @p sync from now on. */
    void Locked(std::uint32_t task, std::uint32_t sync, ObjectId object)
    {
        if (task >= m_tops.size()) [[unlikely]]
        {
            m_tops.resize(task + 1);
        }
        m_sets.push_back({sync, m_tops[task], object});
        m_tops[task] = static_cast<std::uint32_t>(m_sets.size() - 1);
    }

    void Unlocked(std::uint32_t task, std::uint32_t sync)
    {
        const std::uint32_t top = Of(task);
        if (top != 0) // 0: taken before anybody watched
        {
            m_tops[task] = m_sets[top].sync == sync ? m_sets[top].below : Without(top, sync);
        }
    }

    /** What @p task holds; 0 is nothing. */
    std::uint32_t Of(std::uint32_t task) const
    {
        return task < m_tops.size() ? m_tops[task] : 0;
    }

    /** The lock of set @p set (not 0) that was taken last. */
    const Held& Top(std::uint32_t set) const
    {
        return m_sets[set];
    }

    /** "holding cm-id:2, cm-table:1", or "holding nothing". */
    std::string Text(const Engine& engine, std::uint32_t set) const;

    /** Forgets everything and keeps the room. */
    void Clear();

  private:
    std::uint32_t Without(std::uint32_t set, std::uint32_t sync);

    std::vector<Held> m_sets; // [0] is nothing
    std::vector<std::uint32_t> m_tops;
};

/** The site if there is one, else the word for the kind. */
inline const char* SiteOf(const Op& op)
{
    return op.site != nullptr ? op.site : OpKindText(op.kind);
}

/** Where @p task took its latest step: the operation's site, or its kind. */
inline const char* LatestSite(const Task& task)
{
    return task.OpCount() == 0 ? "start" : SiteOf(task.Past(0).op);
}

} // namespace interleave

#endif // INTERLEAVE_HELD_LOCKS_H
