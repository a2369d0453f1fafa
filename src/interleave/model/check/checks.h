// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_CHECKS_H
#define INTERLEAVE_CHECKS_H

#include "interleave/model/check/held-locks.h"
#include "interleave/model/check/leak-check.h"
#include "interleave/model/check/lifetime-check.h"
#include "interleave/model/check/lock-order-check.h"
#include "interleave/model/check/lost-wakeup-check.h"
#include "interleave/model/check/race-check.h"
#include "interleave/model/check/sync-table.h"
#include "interleave/model/engine.h"

#include <cstdint>
#include <string>
#include <vector>

namespace interleave
{

/** Which checks are made. */
struct ChecksOptions
{
    bool races = true;
    bool lifetimes = true;
    bool lockOrder = true;
    bool lostWakeups = true;
    bool leaks = true;
    /** Whether leaks are looked for whenever nothing is left to do, not only by CheckLeaks(). */
    bool leaksWhenQuiet = true;
};

/**
 * All checks of this folder on one engine, from construction to destruction. Each run begins afresh
 * with Engine::Reset(); nothing is allocated while a run is no larger than those before it.
 * Deadlock, livelock and the misuse of primitives are the engine's own and need nobody to watch.
 *
 * Make it before the objects of the first run, and let it go before the engine.
 */
class Checks final : public Observer
{
  public:
    explicit Checks(Engine& engine, ChecksOptions options = {});
    ~Checks() override;

    /** Reports what is left now; see LeakCheck. */
    void CheckLeaks();

    /** What is left now, one line each. */
    std::vector<std::string> Left()
    {
        return m_leaks.Left();
    }

    // Observer
    void OnOp(const OpEvent& event) override;
    void OnAccess(const Engine& engine,
                  const Task& task,
                  ObjectId field,
                  bool write,
                  const char* site) override;
    void OnEffect(const Effect& effect) override;
    void OnLocked(const Engine& engine,
                  const Task& task,
                  const void* mutex,
                  ObjectId object) override;
    void OnUnlocked(const Engine& engine,
                    const Task& task,
                    const void* mutex,
                    ObjectId object) override;

  private:
    // An effect, on the primitive with that number in m_syncs.
    void Locked(const Task& task, std::uint32_t sync, ObjectId object, bool waited);
    void Used(const Effect& effect, std::uint32_t sync);
    void TellRaces(const Effect& effect, std::uint32_t sync);
    void TellWakeups(const Effect& effect);
    void TellLeaks(const Effect& effect);
    void Quiet();
    void Clear();
    bool SomebodyWaits() const;

    Engine& m_engine;
    const ChecksOptions m_options;
    SyncTable m_syncs;
    HeldLocks m_held;
    RaceCheck m_races;
    LifetimeCheck m_lifetimes;
    LockOrderCheck m_lockOrder;
    LostWakeupCheck m_lostWakeups;
    LeakCheck m_leaks;
};

} // namespace interleave

#endif // INTERLEAVE_CHECKS_H
