// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/observer.h"

#include "interleave/model/engine.h"

namespace interleave
{

void Observer::OnAccess(const Engine& engine,
                        const Task& task,
                        ObjectId field,
                        bool write,
                        const char* site)
{
    const Op op{OpKind::kAccess, field, write, site};
    OnOp({engine, task, op, engine.Steps()});
}

void Observer::OnLocked(const Engine& engine, const Task& task, const void* mutex, ObjectId object)
{
    OnEffect({engine, task, EffectKind::kLocked, mutex, object});
}

void Observer::OnUnlocked(const Engine& engine,
                          const Task& task,
                          const void* mutex,
                          ObjectId object)
{
    OnEffect({engine, task, EffectKind::kUnlocked, mutex, object});
}

} // namespace interleave
