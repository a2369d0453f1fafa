// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_VIOLATION_H
#define INTERLEAVE_VIOLATION_H

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace interleave
{

/** What was violated. */
enum class ViolationKind : std::uint8_t
{
    kDeadlock,   //!< tasks that wait for each other, or for nobody
    kLivelock,   //!< the step limit was reached
    kLockMisuse, //!< recursive lock, unlock by a task that is not the owner, lock destroyed in use
    kBlockingCall,   //!< an event handler made a call that would have to wait
    kWorkMisuse,     //!< work item or queue destroyed or flushed in a way that cannot work
    kException,      //!< an exception left a task
    kDataRace,       //!< unsynchronised access to shared state
    kLifetime,       //!< use after free, double free
    kLeak,           //!< something is left at the end
    kProtocol,       //!< an oracle of the system under test
    kLockOrder,      //!< locks taken in an order that another task reverses
    kLostWakeup,     //!< a task waits for a signal that was given and went elsewhere
    kLiveness,       //!< what must happen in bounded time has not
    kCallback,       //!< two callbacks of one object at once, or one after the last
    kTransition,     //!< a change of state that no rule allows
    kIllegalMessage, //!< a message that its sender's state does not allow
    kCrash,          //!< a signal stopped a task
};

/** The word for @p kind in reports, for example "lock-misuse". */
const char* ViolationKindText(ViolationKind kind);

/** What one task was doing when the run ended. */
struct TaskTrace
{
    std::string task;
    /** "running", "ready", "blocked", "parked" or "finished". */
    std::string state;
    /** What it is about to do or waits for, with the holder if there is one. */
    std::string pending;
    /** Its latest operations, oldest first; empty when nothing was observed or chosen. */
    std::vector<std::string> recent;
};

/** Why a run was ended. */
struct Violation
{
    ViolationKind kind = ViolationKind::kProtocol;
    std::string text;
    /**
     * What was violated and where, in words that are the same in every run that shows the same
     * defect (classes and sites, no ordinals): "state of cm_id, send-rej against on-mra". Empty:
     * the text has to do.
     */
    std::string subject;
    /** Operations executed before it. */
    std::uint64_t step = 0;
    /** Simulated time. */
    std::int64_t timeNs = 0;
    /** Every task that has not finished, in order of creation. */
    std::vector<TaskTrace> tasks;

    /** Kind and subject: equal for two violations that are the same defect. */
    std::string Signature() const;

    /** A report of several lines, for people. */
    std::string Format() const;
};

/**
 * Carries a violation found on the main context out of the event handler. Engine::Run() turns it
 * into its result; whoever misuses a primitive outside of Run() gets it directly.
 */
class ViolationError : public std::runtime_error
{
  public:
    explicit ViolationError(const std::string& text)
        : std::runtime_error(text)
    {
    }
};

} // namespace interleave

#endif // INTERLEAVE_VIOLATION_H
