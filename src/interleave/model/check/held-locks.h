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
        const void* mutex = nullptr;
        ObjectId object{};
        const char* site = nullptr; //!< where it was taken
        std::uint64_t step = 0;
        std::uint32_t below = 0; //!< the set without it
    };

    HeldLocks()
    {
        Clear();
    }

    void OnEffect(const Effect& effect);

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
    std::uint32_t Without(std::uint32_t set, const void* mutex);

    std::vector<Held> m_sets; // [0] is nothing
    std::vector<std::uint32_t> m_tops;
};

/** Where @p task took its latest step: the operation's site, or its kind. */
const char* LatestSite(const Task& task);

/** The site if there is one, else the word for the kind. */
const char* SiteOf(const Op& op);

} // namespace interleave

#endif // INTERLEAVE_HELD_LOCKS_H
