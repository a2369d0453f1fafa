// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_LIFETIME_CHECK_H
#define INTERLEAVE_LIFETIME_CHECK_H

#include "interleave/model/check/key-table.h"
#include "interleave/model/check/object-table.h"
#include "interleave/model/engine.h"

#include <cstdint>

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

    void OnOp(const OpEvent& event);
    void OnEffect(const Effect& effect);
    void Clear();

    /** False as long as nothing was freed: OnOp() then only wants to hear of kFree. */
    bool AnyEnded() const
    {
        return m_anyFreed;
    }

    /** False as long as no primitive was destroyed: OnEffect() then only wants to hear of kGone. */
    bool AnyGone() const
    {
        return m_anyGone;
    }

  private:
    struct End
    {
        bool ended = false;
        std::uint32_t task = 0;
        std::uint64_t step = 0;
        const char* site = nullptr;
    };

    void ReportUse(const OpEvent& event, const End& end);
    std::string WhoEnded(const End& end) const;

    Engine& m_engine;
    ObjectTable<End> m_objects;
    KeyTable<End> m_gone;
    bool m_anyFreed = false;
    bool m_anyGone = false;
};

} // namespace interleave

#endif // INTERLEAVE_LIFETIME_CHECK_H
