// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/event-queue.h"

#include "interleave/model/engine.h"

namespace interleave
{

void EventQueue::ShowScheduled(const void* context) const
{
    m_engine->Did(EffectKind::kRelease, context);
}

void EventQueue::ShowBegins(const void* context) const
{
    m_engine->Did(EffectKind::kAcquire, context);
}

} // namespace interleave
