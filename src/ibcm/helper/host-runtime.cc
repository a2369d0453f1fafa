// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Time, numbers, locks and completions; work is in host-runtime-work.cc, timers in
// host-runtime-timers.cc.
#include "ibcm/helper/host-runtime.h"

#include "ibcm/helper/host-runtime-jobs.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

namespace ibcm
{

namespace
{

struct LockState
{
    OsMutex mutex{};
    /** Only the thread itself writes its number here, so that it reads it exactly if it holds. */
    std::atomic<std::uint32_t> owner{0};
    std::uint32_t lockClass;
};

using StoredLock = HostObject<LockState, sizeof(MutexStorage)>;

/** A thread in CompletionWait, on its stack. */
struct Waiter
{
    OsCondition wake;
    bool signalled{false};
    Waiter* next{nullptr};
};

struct CompletionState
{
    const char* name;
    bool signalled{false};
    Waiter* waiters{nullptr};
};

using StoredCompletion = HostObject<CompletionState, sizeof(CompletionStorage)>;

std::uint64_t SystemRandom()
{
    std::uint64_t value = 0;
    ssize_t got = 0;
    do
    {
        // weft-lint: allow(determinism): on hardware nobody may guess these; tests give a seed
        got = getrandom(&value, sizeof value, 0);
    } while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof value))
    {
        DieInHostRuntime("the operating system gives no random numbers:", std::strerror(errno));
    }
    return value;
}

} // namespace

HostRuntime::HostRuntime(std::optional<std::uint64_t> seed)
    : m_seeded(seed.has_value()),
      m_random(seed.value_or(0)),
      m_scheduler(std::make_unique<Scheduler>())
{
}

HostRuntime::~HostRuntime() = default;

void HostRuntime::SetObserver(Observer* observer)
{
    m_observer = observer;
}

Instant HostRuntime::Now()
{
    return m_scheduler->Now();
}

std::uint64_t HostRuntime::Random()
{
    if (!m_seeded)
    {
        return SystemRandom();
    }
    // SplitMix64; the addition is all that threads share.
    constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15ULL;
    std::uint64_t x = m_random.fetch_add(kStep, std::memory_order_relaxed) + kStep;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

std::uint64_t HostRuntime::CurrentThread()
{
    return ThisOsThread();
}

std::uint32_t HostRuntime::LockClassNumber(const char* lockClass)
{
    for (std::uint32_t i = 0; i < kMaxLockClasses; ++i)
    {
        const char* known = m_lockClasses[i].load(std::memory_order_acquire);
        if (known == nullptr && m_lockClasses[i].compare_exchange_strong(known, lockClass))
        {
            return i;
        }
        if (known == lockClass || std::strcmp(known, lockClass) == 0)
        {
            return i;
        }
    }
    DieInHostRuntime("too many classes of locks; the latest:", lockClass);
}

const char* HostRuntime::LockClassName(std::uint32_t number) const
{
    return m_lockClasses.at(number).load(std::memory_order_acquire);
}

void HostRuntime::MutexInit(MutexStorage& mutex, const char* lockClass)
{
    StoredLock::Make(mutex).lockClass = LockClassNumber(lockClass);
}

void HostRuntime::MutexDestroy(MutexStorage& mutex)
{
    const LockState& lock = StoredLock::In(mutex);
    if (lock.owner.load(std::memory_order_relaxed) != 0)
    {
        DieInHostRuntime("destroyed while held: lock", LockClassName(lock.lockClass));
    }
    StoredLock::Destroy(mutex);
}

void HostRuntime::MutexLock(MutexStorage& mutex)
{
    LockState& lock = StoredLock::In(mutex);
    const std::uint32_t self = ThisOsThread();
    if (lock.owner.load(std::memory_order_relaxed) == self)
    {
        DieInHostRuntime("deadlock: this thread holds it already: lock",
                         LockClassName(lock.lockClass));
    }
    lock.mutex.lock();
    lock.owner.store(self, std::memory_order_relaxed);
}

void HostRuntime::MutexUnlock(MutexStorage& mutex)
{
    LockState& lock = StoredLock::In(mutex);
    if (lock.owner.load(std::memory_order_relaxed) != ThisOsThread())
    {
        DieInHostRuntime("released by a thread that does not hold it: lock",
                         LockClassName(lock.lockClass));
    }
    lock.owner.store(0, std::memory_order_relaxed);
    lock.mutex.unlock();
}

bool HostRuntime::MutexHeld(const MutexStorage& mutex) const
{
    return StoredLock::In(mutex).owner.load(std::memory_order_relaxed) == ThisOsThread();
}

void HostRuntime::CompletionInit(CompletionStorage& completion, const char* name)
{
    StoredCompletion::Make(completion, name);
}

void HostRuntime::CompletionDestroy(CompletionStorage& completion)
{
    {
        const std::lock_guard hold(m_completionsLock);
        const CompletionState& state = StoredCompletion::In(completion);
        if (state.waiters != nullptr)
        {
            DieInHostRuntime("destroyed while a thread waits for it: completion", state.name);
        }
    }
    StoredCompletion::Destroy(completion);
}

void HostRuntime::CompletionSignal(CompletionStorage& completion)
{
    // The lock is the runtime's: a waiter that has it next may free the storage at once.
    const std::lock_guard hold(m_completionsLock);
    CompletionState& state = StoredCompletion::In(completion);
    state.signalled = true;
    for (Waiter* waiter = state.waiters; waiter != nullptr; waiter = waiter->next)
    {
        waiter->signalled = true;
        waiter->wake.notify_one();
    }
    state.waiters = nullptr;
}

void HostRuntime::CompletionWait(CompletionStorage& completion)
{
    std::unique_lock hold(m_completionsLock);
    CompletionState& state = StoredCompletion::In(completion);
    if (state.signalled)
    {
        return;
    }
    Waiter self;
    self.next = state.waiters;
    state.waiters = &self;
    // Not the state: another waiter may have returned first, and freed it.
    self.wake.wait(hold, [&self] { return self.signalled; });
}

} // namespace ibcm
