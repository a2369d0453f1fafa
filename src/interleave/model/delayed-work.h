// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_DELAYED_WORK_H
#define INTERLEAVE_DELAYED_WORK_H

#include "interleave/model/work-queue.h"

namespace interleave
{

/**
 * Work that is queued when a timer expires, after the kernel's delayed work. The timer may expire
 * before, while or after somebody cancels: each is a choice.
 */
class DelayedWork
{
  public:
    /** @param object what the timer belongs to, for logs; its own object if none is given. */
    DelayedWork(WorkQueue& queue, WorkItem::Handler handler, void* context, ObjectId object = {});
    /** Destroying it while its timer is armed or its work is queued is a violation. */
    ~DelayedWork();
    DelayedWork(const DelayedWork&) = delete;
    DelayedWork& operator=(const DelayedWork&) = delete;

    /**
     * Queues the work @p delayNs from now (>= 0; 0 = at once). False, changing nothing, if it is
     * armed or queued already.
     */
    bool Arm(std::int64_t delayNs, const char* site = nullptr);

    /** As Arm(), but moves a timer that is armed or work that is queued; true if there was one. */
    bool Mod(std::int64_t delayNs, const char* site = nullptr);

    /** True if it was armed or queued; the handler may be running nevertheless. */
    bool Cancel(const char* site = nullptr);

    /** As Cancel(), then waits until the handler is not running; not inside that handler. */
    bool CancelSync(const char* site = nullptr);

    /** Armed, or queued and not yet taken. */
    bool Pending() const
    {
        return m_timer != 0 || m_item.Pending();
    }

    bool Armed() const
    {
        return m_timer != 0;
    }

    ObjectId Object() const
    {
        return m_object;
    }

  private:
    static void Fired(void* self);
    void Start(std::int64_t delayNs);
    bool Disarm();
    bool TakeBack();

    Engine& m_engine;
    WorkQueue& m_queue;
    WorkItem m_item;
    ObjectId m_object;
    TimerId m_timer = 0;
};

} // namespace interleave

#endif // INTERLEAVE_DELAYED_WORK_H
