// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_OPERATION_H
#define INTERLEAVE_OPERATION_H

#include <cstdint>

namespace interleave
{

/**
 * What a task is about to do that another task could notice. A choice stands before each of these;
 * the words that a decision log uses for them are given by OpKindText().
 */
enum class OpKind : std::uint8_t
{
    kStart,     //!< first instruction of a task
    kLock,      //!< take a mutex, waiting while another task owns it
    kTryLock,   //!< take a mutex if it is free
    kUnlock,    //!< give a mutex back
    kWait,      //!< wait for a completion
    kSignal,    //!< signal a completion
    kRefGet,    //!< take a reference
    kRefPut,    //!< drop a reference
    kPublish,   //!< make an object reachable for others
    kUnpublish, //!< take an object out of reach
    kAlloc,     //!< an object's life begins
    kFree,      //!< an object's life ends
    kAccess,    //!< read or write a shared field
    kQueue,     //!< put a work item on a queue
    kTake,      //!< a worker takes the next work item
    kCancel,    //!< cancel a work item, a timer or a send
    kFlush,     //!< wait until earlier work is done
    kTimerArm,  //!< start or move a timer
    kTimerFire, //!< a timer expires
    kSend,      //!< hand a message to the transport
    kReceive,   //!< a message is delivered
    kComplete,  //!< a work item or a send is finished
    kYield,     //!< nothing to do until somebody else has moved
    kSync,      //!< any other place where the order of tasks matters
    kAtomic,    //!< an atomic access: orders tasks, and is never a data race
};

/** How many operation kinds there are. */
inline constexpr std::uint32_t kOpKindCount = static_cast<std::uint32_t>(OpKind::kAtomic) + 1;

/** The word for @p kind in logs and reports, for example "try-lock". */
const char* OpKindText(OpKind kind);

/**
 * A shared object: its class and its ordinal within that class, both handed out by
 * Engine::NewObject() in order of creation, so that the same run names the same objects whatever
 * their addresses are. Type 0 means that no object is concerned.
 */
struct ObjectId
{
    std::uint32_t type = 0;    //!< class number, valid for one Engine; 0 = none
    std::uint32_t ordinal = 0; //!< 1 for the first object of its class

    friend bool operator==(const ObjectId&, const ObjectId&) = default;
};

/** One visible operation, as announced to Engine::Point() before it happens. */
struct Op
{
    OpKind kind = OpKind::kSync;
    ObjectId object{};
    /** Whether two of these on one object fail to commute. */
    bool write = true;
    /** Where in the source, or nullptr; must outlive the run (a literal). */
    const char* site = nullptr;
};

} // namespace interleave

#endif // INTERLEAVE_OPERATION_H
