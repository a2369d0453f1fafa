// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_QUEUED_EVENT_H
#define IBCM_QUEUED_EVENT_H

#include "ibcm/model/event.h"

#include <memory>

namespace ibcm
{

/** Private to the core: an event on its way to the consumer, made before any lock is taken. */
struct QueuedEvent
{
    Event event;
    std::unique_ptr<QueuedEvent> next;
};

using EventPtr = std::unique_ptr<QueuedEvent>;

} // namespace ibcm

#endif /* IBCM_QUEUED_EVENT_H */
