// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_DIGEST_OBSERVER_H
#define INTERLEAVE_DIGEST_OBSERVER_H

#include "interleave/model/digest.h"
#include "interleave/model/engine.h"

namespace interleave
{

/** Digests every operation: step, task, kind, object, simulated time. */
class DigestObserver final : public Observer
{
  public:
    void OnOp(const OpEvent& event) override
    {
        const Op& op = event.op;
        m_digest.Mix(event.step);
        m_digest.Mix((static_cast<std::uint64_t>(event.task.Ordinal()) << 32) |
                     (static_cast<std::uint64_t>(op.kind) << 1) | (op.write ? 1 : 0));
        m_digest.Mix(event.engine.ClassHash(op.object.type) ^ op.object.ordinal);
        m_digest.Mix(static_cast<std::uint64_t>(event.TimeNs()));
    }

    /** The digest itself, to mix in what the engine does not see (the bytes of a MAD). */
    Digest& Get()
    {
        return m_digest;
    }

  private:
    Digest m_digest;
};

} // namespace interleave

#endif // INTERLEAVE_DIGEST_OBSERVER_H
