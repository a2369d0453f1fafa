// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_LEAK_CHECK_H
#define INTERLEAVE_LEAK_CHECK_H

#include "interleave/model/check/held-locks.h"
#include "interleave/model/check/object-table.h"
#include "interleave/model/engine.h"

#include <cstdint>
#include <string>
#include <vector>

namespace interleave
{

/**
 * What a run leaves behind: objects whose life has begun and not ended, references taken and not
 * dropped, work that is queued, timers that are armed; and, as soon as it happens, a task that ends
 * with a lock held.
 */
class LeakCheck
{
  public:
    /** @param held kept up to date by somebody else. */
    LeakCheck(Engine& engine, const HeldLocks& held)
        : m_engine(engine),
          m_held(held)
    {
    }

    // Operations on an object.

    void Made(const Op& op)
    {
        m_objects.At(op.object) = {SiteOf(op), true, false, 0, 0, 0};
    }

    void Freed(ObjectId object)
    {
        Counts& counts = m_objects.At(object);
        counts.alive = false;
        counts.ended = true;
    }

    void Referenced(ObjectId object, std::int32_t more)
    {
        m_objects.At(object).references += more;
    }

    // Effects.

    void Queued(ObjectId queue, std::int32_t more)
    {
        m_objects.At(queue).queued += more;
    }

    void Armed(ObjectId timer, std::int32_t more)
    {
        if (timer.type != 0)
        {
            m_objects.At(timer).armed += more;
        }
    }

    /** The task has returned. */
    void Finished(const Task& task);

    void Clear();

    /** One line for each thing that is left now, by class; empty if nothing is. */
    std::vector<std::string> Left();

    /** Reports what Left() says, if anything, as one violation. */
    void Check();

  private:
    struct Counts
    {
        const char* madeAt = nullptr; // where its life began
        bool alive = false;
        bool ended = false;
        std::int32_t references = 0; // beyond the one that it was made with
        std::int32_t queued = 0;     // items on it, for a queue
        std::int32_t armed = 0;      // for a timer
    };

    Engine& m_engine;
    const HeldLocks& m_held;
    ObjectTable<Counts> m_objects;
    std::vector<std::string> m_classes; // of what the latest Left() has found
};

} // namespace interleave

#endif // INTERLEAVE_LEAK_CHECK_H
