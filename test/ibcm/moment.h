// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What another thread does at one chosen moment of a call: deterministic, on one thread.
#ifndef WEFT_TEST_IBCM_MOMENT_H
#define WEFT_TEST_IBCM_MOMENT_H

#include "ibcm/helper/step-runtime.h"

#include <functional>
#include <string>

namespace ibcm::test
{

/**
 * Does something once, in the midst of what the core is doing: at a sync point, or before a lock is
 * taken. It is what a second thread could do there while the first one stands still. The
 * first thread keeps its references, so that an action that must wait for one of these cannot end
 * (StepRuntime aborts: "deadlock"), and an action that wants a lock which is held does the same.
 *
 * It stands before the runtime's observer, and hands all calls on to it. One at a time; it must be
 * gone before the runtime's lock hook or observer is changed by others.
 */
class Moment final : public Observer
{
  public:
    using Action = std::function<void()>;

    /** Which occasions count. */
    enum class Locks
    {
        kNone, ///< those at which no lock is held: any action may follow
        kAny,  ///< all; the action must keep away from what is locked
    };

    explicit Moment(StepRuntime& runtime);
    /** Fails the test if an action was set and its moment has never come. */
    ~Moment() override;

    Moment(const Moment&) = delete;
    Moment& operator=(const Moment&) = delete;

    /**
     * At the @p nth sync point of this kind and site from now on.
     * @param site as the core names it; empty: every site.
     */
    void At(SyncKind kind,
            const std::string& site,
            Action action,
            unsigned nth = 1,
            Locks locks = Locks::kNone);
    /** Before the @p nth lock of this class is taken. @param lockClass empty: every class. */
    void BeforeLock(const std::string& lockClass,
                    Action action,
                    unsigned nth = 1,
                    Locks locks = Locks::kNone);
    /** At the @p nth occasion of any kind at which no lock is held. */
    void AtAny(unsigned nth, Action action);

    /** The action that was set last has been done. */
    bool Happened() const
    {
        return m_happened;
    }

    /** Where it was done: "publish 'publish'", "lock cm-id"; empty before. */
    const std::string& Where() const
    {
        return m_where;
    }

    /** Takes back an action that has not happened. @return whether it has happened. */
    bool Withdraw();

    void OnSync(SyncKind kind, const void* object, const char* site) override;
    void OnAccess(const void* field, const char* name, bool write) override;
    void OnMade(const char* objectClass,
                std::uint64_t ordinal,
                const void* object,
                std::size_t bytes) override;
    void OnFreed(const void* object) override;
    void OnViolation(const char* invariant, const void* object, const char* what) override;

  private:
    enum class Wanted
    {
        kNothing,
        kSync,
        kLock,
        kAny,
    };

    void Set(Wanted wanted, std::string name, Action action, unsigned nth, Locks locks);
    /** One occasion that fits has come. */
    void Come(const std::string& where);

    StepRuntime& m_runtime;
    Observer* const m_next; ///< null: none
    Wanted m_wanted{Wanted::kNothing};
    SyncKind m_kind{SyncKind::kPublish};
    std::string m_name;
    Locks m_locks{Locks::kNone};
    unsigned m_left{0}; ///< occasions until the action, that one with them
    Action m_action;
    bool m_acting{false};
    bool m_happened{false};
    std::string m_where;
};

/**
 * Runs @p attempt for the first moment, the second, … as long as it answers that its moment has
 * come. @param attempt is given the moment's number and makes a Moment of its own.
 * @return how many moments there were; the test fails if it is none or has no end.
 */
unsigned ForEachMoment(const std::function<bool(unsigned nth)>& attempt);

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_MOMENT_H
