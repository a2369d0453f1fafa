// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_INVARIANTS_H
#define IBCM_INVARIANTS_H

#include "ibcm/model/sync.h"

/**
 * @file
 * Private to the core: what must hold whenever nobody is in the middle of a change. It is checked
 * each time an id's lock is let go and in each operation of the table, if the runtime has an
 * observer (as in simulation) or the build is for debugging; a build with IBCM_INVARIANTS defined
 * as 0 (variant "release") contains nothing of it.
 */

#ifndef IBCM_INVARIANTS
#define IBCM_INVARIANTS 1
#endif

namespace ibcm
{

/** The invariants of the core; what each says stands in invariants.cc. */
enum class Invariant : std::uint8_t
{
    kLocked,       ///< 1: state is touched with the lock held
    kPublished,    ///< 2: who is found is complete
    kPeerAttached, ///< 3: peer record and state agree
    kPeerIndexed,  ///< 4: an indexed peer has an owner or ages
    kListening,    ///< 5: LISTEN, listener record and sharers agree
    kSidrAttached, ///< 6: SIDR record and state agree
    kEndsIdle,     ///< 7: destroyed ids are in IDLE, in no table, and told nothing
    kOutstanding,  ///< 8: what is out is what the state waits to have answered
    kOneHandler,   ///< 9: one thread at a time in the handler of an id
};

/** A short name, e.g. "I3 peer attached". */
const char* ToString(Invariant invariant);

#if IBCM_INVARIANTS

/** Whether checks are on: one predictable branch. */
inline bool CheckingInvariants(const Runtime& runtime)
{
#ifdef NDEBUG
    return runtime.GetChecker() != nullptr;
#else
    (void)runtime;
    return true;
#endif
}

/** Tells the checker; without one prints and aborts. */
void ReportViolation(const Runtime& runtime,
                     Invariant invariant,
                     const void* object,
                     const char* what);

#define IBCM_CHECK(runtime, invariant, object, condition)                   \
    do                                                                      \
    {                                                                       \
        if (ibcm::CheckingInvariants(runtime) && !(condition)) [[unlikely]] \
        {                                                                   \
            ibcm::ReportViolation(runtime, invariant, object, #condition);  \
        }                                                                   \
    } while (false)

#define IBCM_CHECK_BEFORE_DELETE(runtime, id) ibcm::CheckBeforeDelete(runtime, id)

#else
#define IBCM_CHECK(runtime, invariant, object, condition) \
    do                                                    \
    {                                                     \
    } while (false)
#define IBCM_CHECK_BEFORE_DELETE(runtime, id) \
    do                                        \
    {                                         \
    } while (false)
#endif

class CmId;

/** Everything about one id that needs no other lock. Its lock is held. */
void CheckInvariants(const Runtime& runtime, const CmId& id);

/** What is left of an id that nothing refers to any more; its lock is free. */
void CheckBeforeDelete(const Runtime& runtime, const CmId& id);

/** An id's lock, which checks the id before it lets go. */
template <class Owner>
class IBCM_CAPABILITY("mutex") CheckedMutex
{
  public:
    CheckedMutex(Runtime& runtime, const char* lockClass, const Owner& owner)
        : m_owner(owner),
          m_mutex(runtime, lockClass)
    {
    }

    // The capability is this object; the mutex inside is only how it is done.
    void Lock() IBCM_ACQUIRE() IBCM_NO_THREAD_SAFETY_ANALYSIS
    {
        m_mutex.Lock();
    }

    // As above.
    void Unlock() IBCM_RELEASE() IBCM_NO_THREAD_SAFETY_ANALYSIS
    {
#if IBCM_INVARIANTS
        if (CheckingInvariants(m_mutex.GetRuntime())) [[unlikely]]
        {
            CheckInvariants(m_mutex.GetRuntime(), m_owner);
        }
#endif
        m_mutex.Unlock();
    }

    bool Held() const
    {
        return m_mutex.Held();
    }

  private:
    const Owner& m_owner;
    Mutex m_mutex;
};

} // namespace ibcm

#endif /* IBCM_INVARIANTS_H */
