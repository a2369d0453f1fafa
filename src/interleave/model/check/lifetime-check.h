// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_LIFETIME_CHECK_H
#define INTERLEAVE_LIFETIME_CHECK_H

#include "interleave/model/check/object-table.h"
#include "interleave/model/engine.h"

#include <cstdint>
#include <vector>

namespace interleave
{

/**
 * Use after free and double free of objects whose life is declared (OpKind::kAlloc and kFree), and
 * use of a mutex or completion after its destructor: in an ordinary build, as long as the program
 * keeps the memory of what it frees until the run is over.
 */
class LifetimeCheck
{
  public:
    explicit LifetimeCheck(Engine& engine)
        : m_engine(engine)
    {
    }

    /** Whether @p object may be one that was freed, so that OnOp() wants to hear of it. */
    bool Knows(ObjectId object) const
    {
        return (m_freed & Interest::ClassBit(object.type)) != 0;
    }

    /** An operation on an object. */
    void OnOp(const OpEvent& event)
    {
        if (Knows(event.op.object) || event.op.kind == OpKind::kFree)
        {
            CheckOp(event);
        }
    }

    /** @p task uses primitive @p sync of the SyncTable, which is @p object. */
    void Used(const Task& task, std::uint32_t sync, ObjectId object)
    {
        if (sync < m_goneEnd && m_gone[sync].ended) [[unlikely]]
        {
            ReportGone(task, object, m_gone[sync]);
        }
    }

    /** Its life has ended. */
    void Gone(const Effect& effect, std::uint32_t sync);
    void Clear();

    /** Classes of objects of which one was freed, as in Interest: all that is done to those is to
     * be shown to OnOp(), beside kFree of others. */
    std::uint64_t FreedClasses() const
    {
        return m_freed;
    }

  private:
    struct End
    {
        bool ended = false;
        std::uint32_t task = 0;
        std::uint64_t step = 0;
        const char* site = nullptr;
    };

    void CheckOp(const OpEvent& event);
    void ReportUse(const OpEvent& event, const End& end);
    void ReportGone(const Task& task, ObjectId object, const End& end);
    std::string WhoEnded(const End& end) const;

    Engine& m_engine;
    ObjectTable<End> m_objects;
    std::vector<End> m_gone;     // by number
    std::uint32_t m_goneEnd = 0; // its size: not to be worked out at each use
    std::uint64_t m_freed = 0;
};

} // namespace interleave

#endif // INTERLEAVE_LIFETIME_CHECK_H
