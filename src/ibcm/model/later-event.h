// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_LATER_EVENT_H
#define IBCM_LATER_EVENT_H

#include "ibcm/model/core.h"

namespace ibcm
{

/**
 * Carries one event to a thread of the work queue. It holds no reference: a handler that runs on
 * the queue may destroy the id, and would wait for itself. Made before any lock is taken.
 */
class Core::LaterEvent final : public WorkItem
{
  public:
    LaterEvent(Core& core, Runtime& runtime, Handle id)
        : WorkItem(runtime, "deliver"),
          event(NewEvent()),
          m_core(core),
          m_id(id)
    {
    }

    void Run() override;

    EventPtr event;

  private:
    Core& m_core;
    const Handle m_id;
};

} // namespace ibcm

#endif /* IBCM_LATER_EVENT_H */
