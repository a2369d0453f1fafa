// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_SANITIZER_H
#define INTERLEAVE_SANITIZER_H

// Whose code runs: the engine's or that of the program under test. ThreadSanitizer must be told,
// and an allocator may want to know; what else the sanitizers must be told about fibers.

#if defined(__SANITIZE_ADDRESS__)
#define INTERLEAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INTERLEAVE_ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define INTERLEAVE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define INTERLEAVE_TSAN 1
#endif
#endif

#ifdef INTERLEAVE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#ifdef INTERLEAVE_TSAN
#include <sanitizer/tsan_interface.h>

extern "C" void AnnotateIgnoreReadsBegin(const char* file, int line);
extern "C" void AnnotateIgnoreReadsEnd(const char* file, int line);
extern "C" void AnnotateIgnoreWritesBegin(const char* file, int line);
extern "C" void AnnotateIgnoreWritesEnd(const char* file, int line);

#define INTERLEAVE_NO_TSAN __attribute__((no_sanitize("thread")))
#else
#define INTERLEAVE_NO_TSAN
#endif

namespace interleave
{

#ifdef INTERLEAVE_TSAN
/**
 * How many EngineScopes the running context is in. ThreadSanitizer keeps such a number a fiber,
 * too, but does not tell it, and insists that it is 0 when a fiber goes. One OS thread runs
 * everything.
 */
inline int g_engineDepth = 0;

inline void EnterEngine()
{
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    ++g_engineDepth;
}

inline void LeaveEngine()
{
    --g_engineDepth;
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}
#else
inline void EnterEngine()
{
}

inline void LeaveEngine()
{
}
#endif

/** Whether memory allocated now belongs to the run: code of the program under test runs, armed. */
inline bool g_programMemory = false;
/** Whether somebody keeps the memory of runs apart; set between runs only. */
inline bool g_programMemoryArmed = false;

/**
 * For a scope, says whose memory is allocated. The engine switches between contexts only where it
 * is its own, so that every context finds what it has left.
 */
class MemoryScope
{
  public:
    /** To ThreadSanitizer contexts are threads, and the mark is the engine's. */
    explicit MemoryScope(bool program)
        : m_before((EnterEngine(), g_programMemory))
    {
        g_programMemory = program && g_programMemoryArmed;
        LeaveEngine();
    }

    ~MemoryScope()
    {
        EnterEngine();
        g_programMemory = m_before; // was so while armed as now: that changes between runs only
        LeaveEngine();
    }

    MemoryScope(const MemoryScope&) = delete;
    MemoryScope& operator=(const MemoryScope&) = delete;

  private:
    const bool m_before;
};

/**
 * Code that belongs to the engine, or to what else outlives the run. ThreadSanitizer takes fibers
 * for threads; the engine's own data is shared between them without a lock, which is right because
 * one OS thread runs everything, and must not be reported.
 */
class EngineScope
{
  public:
    EngineScope()
    {
        EnterEngine();
    }

    ~EngineScope()
    {
        LeaveEngine();
    }

    EngineScope(const EngineScope&) = delete;
    EngineScope& operator=(const EngineScope&) = delete;

  private:
    const MemoryScope m_memory{false};
};

/** The reverse, inside an EngineScope: code of the program under test, which is checked. */
class ProgramScope
{
  public:
    ProgramScope()
    {
        LeaveEngine();
    }

    ~ProgramScope()
    {
        EnterEngine();
    }

    ProgramScope(const ProgramScope&) = delete;
    ProgramScope& operator=(const ProgramScope&) = delete;

  private:
    const MemoryScope m_memory{true};
};

/** Inside an EngineScope: an event handler, which is checked but whose memory is not the run's. */
class EventScope
{
  public:
    EventScope()
    {
        LeaveEngine();
    }

    ~EventScope()
    {
        EnterEngine();
    }

    EventScope(const EventScope&) = delete;
    EventScope& operator=(const EventScope&) = delete;
};

/** What was released at @p address happens before this. */
inline void TsanAcquire([[maybe_unused]] const void* address)
{
#ifdef INTERLEAVE_TSAN
    __tsan_acquire(const_cast<void*>(address));
#endif
}

/** What has happened so far happens before whoever acquires @p address later. */
inline void TsanRelease([[maybe_unused]] const void* address)
{
#ifdef INTERLEAVE_TSAN
    __tsan_release(const_cast<void*>(address));
#endif
}

} // namespace interleave

#endif // INTERLEAVE_SANITIZER_H
