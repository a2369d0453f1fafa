// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/delayed-work.h"

#include <fmt/format.h>

namespace interleave
{

DelayedWork::DelayedWork(WorkQueue& queue,
                         WorkItem::Handler handler,
                         void* context,
                         ObjectId object)
    : m_engine(queue.GetEngine()),
      m_queue(queue),
      m_item(handler, context),
      m_object(object.type != 0 ? object : m_engine.NewObject("delayed-work"))
{
    m_engine.Did(EffectKind::kMade, this, m_object);
    m_engine.Did(EffectKind::kMade, &m_item, queue.Object());
}

DelayedWork::~DelayedWork()
{
    const EngineScope scope;
    // A queued item is m_item's to report.
    if (Disarm() && m_engine.Running())
    {
        m_engine.Report(ViolationKind::kWorkMisuse,
                        fmt::format("the delayed work of {} is destroyed while its timer is armed",
                                    m_engine.ObjectText(m_object)));
    }
}

bool DelayedWork::Disarm()
{
    if (m_timer == 0)
    {
        return false;
    }
    m_engine.Events().Cancel(m_timer);
    m_engine.Did(EffectKind::kDisarmed, this, m_object);
    m_timer = 0;
    return true;
}

bool DelayedWork::TakeBack()
{
    return Disarm() || m_queue.Withdraw(m_item); // never both: Arm() refuses, Mod() takes back
}

void DelayedWork::Start(std::int64_t delayNs)
{
    if (delayNs == 0)
    {
        m_queue.Insert(m_item);
        return;
    }
    m_timer = m_engine.Events().Schedule(delayNs, &DelayedWork::Fired, this, {"timer", m_object});
    m_engine.Did(EffectKind::kArmed, this, m_object);
}

void DelayedWork::Fired(void* context)
{
    const EngineScope scope;
    DelayedWork& self = *static_cast<DelayedWork*>(context);
    self.m_engine.Point(Op{OpKind::kTimerFire, self.m_object});
    self.m_engine.Did(EffectKind::kFired, &self, self.m_object);
    self.m_timer = 0;
    self.m_queue.Insert(self.m_item);
}

bool DelayedWork::Arm(std::int64_t delayNs, const char* site)
{
    const EngineScope scope;
    m_engine.Point(Op{OpKind::kTimerArm, m_object, true, site});
    if (m_engine.Unwinding() || Pending() || m_item.m_cancelling != 0)
    {
        return false;
    }
    Start(delayNs);
    return true;
}

bool DelayedWork::Mod(std::int64_t delayNs, const char* site)
{
    const EngineScope scope;
    m_engine.Point(Op{OpKind::kTimerArm, m_object, true, site});
    if (m_engine.Unwinding() || m_item.m_cancelling != 0)
    {
        return false;
    }
    const bool was = TakeBack();
    Start(delayNs);
    return was;
}

bool DelayedWork::Cancel(const char* site)
{
    const EngineScope scope;
    m_engine.Point(Op{OpKind::kCancel, m_object, true, site});
    return !m_engine.Unwinding() && TakeBack();
}

bool DelayedWork::CancelSync(const char* site)
{
    const EngineScope scope;
    const bool was = Cancel(site);
    m_queue.WaitUntilIdle(m_item, site);
    return was;
}

} // namespace interleave
