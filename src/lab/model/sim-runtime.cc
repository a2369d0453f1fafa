// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/sim-runtime.h"

#include "ibcm/model/sync.h"
#include "interleave/model/completion.h"
#include "interleave/model/delayed-work.h"
#include "interleave/model/mutex.h"
#include "interleave/model/work-queue.h"

#include <fmt/format.h>

#include <memory>
#include <new>
#include <utility>

namespace lab
{

namespace
{

/** The engine's object that was constructed in a piece of storage. */
template <class T, std::size_t Bytes>
T& In(ibcm::RuntimeStorage<Bytes>& storage)
{
    static_assert(sizeof(T) <= Bytes && alignof(T) <= alignof(ibcm::RuntimeStorage<Bytes>));
    return *std::launder(reinterpret_cast<T*>(storage.bytes));
}

template <class T, std::size_t Bytes>
const T& In(const ibcm::RuntimeStorage<Bytes>& storage)
{
    return *std::launder(reinterpret_cast<const T*>(storage.bytes));
}

/** A core's queue: the engine's, whose workers are named after host and queue. */
class SimWorkQueue final : public ibcm::WorkQueue
{
  public:
    SimWorkQueue(interleave::Engine& engine, const std::string& name, unsigned threads)
        : queue(engine, name, threads)
    {
    }

    ~SimWorkQueue() override
    {
        queue.Shutdown();
    }

    void Flush() override
    {
        queue.Flush();
    }

    interleave::WorkQueue queue;
};

struct SyncText
{
    interleave::OpKind kind;
    bool write;
};

SyncText TextOf(ibcm::SyncKind kind)
{
    using interleave::OpKind;
    switch (kind)
    {
    case ibcm::SyncKind::kPublish:
        return {OpKind::kPublish, true};
    case ibcm::SyncKind::kUnpublish:
        return {OpKind::kUnpublish, true};
    case ibcm::SyncKind::kReferenceGet:
        return {OpKind::kRefGet, true};
    case ibcm::SyncKind::kReferencePut:
        return {OpKind::kRefPut, true};
    case ibcm::SyncKind::kCallback:
        return {OpKind::kSync, true};
    }
    return {OpKind::kSync, true};
}

} // namespace

SimRuntime::SimRuntime(interleave::Engine& engine,
                       std::string host,
                       std::uint64_t seed,
                       bool observe)
    : m_engine(engine),
      m_host(std::move(host)),
      m_random(seed, "cm/" + m_host),
      m_objects(engine)
{
    m_observer = observe ? this : nullptr;
    m_checker = this;
}

ibcm::Instant SimRuntime::Now()
{
    return ibcm::Instant{m_engine.NowNs()};
}

std::uint64_t SimRuntime::Random()
{
    return m_random.Next();
}

std::uint64_t SimRuntime::CurrentThread()
{
    const interleave::Task* task = m_engine.CurrentTask();
    return task == nullptr ? ~std::uint64_t{0} : task->Ordinal();
}

void SimRuntime::MutexInit(ibcm::MutexStorage& mutex, const char* lockClass)
{
    // The core runs on tasks, and does not try a lock.
    new (mutex.bytes) interleave::Mutex(m_engine, lockClass, interleave::MutexUse::kTasks);
}

void SimRuntime::MutexDestroy(ibcm::MutexStorage& mutex)
{
    std::destroy_at(&In<interleave::Mutex>(mutex));
}

void SimRuntime::MutexLock(ibcm::MutexStorage& mutex)
{
    In<interleave::Mutex>(mutex).Lock();
}

void SimRuntime::MutexUnlock(ibcm::MutexStorage& mutex)
{
    In<interleave::Mutex>(mutex).Unlock();
}

bool SimRuntime::MutexHeld(const ibcm::MutexStorage& mutex) const
{
    return In<interleave::Mutex>(mutex).HeldByCaller();
}

void SimRuntime::CompletionInit(ibcm::CompletionStorage& completion, const char* /*name*/)
{
    new (completion.bytes) interleave::Completion(m_engine);
}

void SimRuntime::CompletionDestroy(ibcm::CompletionStorage& completion)
{
    std::destroy_at(&In<interleave::Completion>(completion));
}

void SimRuntime::CompletionSignal(ibcm::CompletionStorage& completion)
{
    In<interleave::Completion>(completion).CompleteAll();
}

void SimRuntime::CompletionWait(ibcm::CompletionStorage& completion)
{
    In<interleave::Completion>(completion).Wait();
}

std::unique_ptr<ibcm::WorkQueue> SimRuntime::MakeWorkQueue(const char* name, unsigned threads)
{
    return std::make_unique<SimWorkQueue>(m_engine, m_host + "/" + name, threads);
}

void SimRuntime::WorkInit(ibcm::WorkStorage& work, ibcm::WorkItem& item, const char* /*name*/)
{
    new (work.bytes)
        interleave::WorkItem([](void* self) { static_cast<ibcm::WorkItem*>(self)->Run(); }, &item);
}

void SimRuntime::WorkDestroy(ibcm::WorkStorage& work)
{
    std::destroy_at(&In<interleave::WorkItem>(work));
}

bool SimRuntime::WorkQueueItem(ibcm::WorkQueue& queue, ibcm::WorkStorage& work)
{
    return static_cast<SimWorkQueue&>(queue).queue.Queue(In<interleave::WorkItem>(work));
}

bool SimRuntime::WorkCancel(ibcm::WorkStorage& work)
{
    auto& item = In<interleave::WorkItem>(work);
    return item.Pending() && item.OnQueue()->Cancel(item);
}

void SimRuntime::TimerInit(ibcm::TimerStorage& timer,
                           ibcm::Timer& owner,
                           ibcm::WorkQueue& queue,
                           const char* /*name*/)
{
    new (timer.bytes) interleave::DelayedWork(
        static_cast<SimWorkQueue&>(queue).queue,
        [](void* self) { static_cast<ibcm::Timer*>(self)->Expired(); },
        &owner);
}

void SimRuntime::TimerDestroy(ibcm::TimerStorage& timer)
{
    std::destroy_at(&In<interleave::DelayedWork>(timer));
}

void SimRuntime::TimerArm(ibcm::TimerStorage& timer, ibcm::Duration delay)
{
    In<interleave::DelayedWork>(timer).Mod(delay.count());
}

bool SimRuntime::TimerCancel(ibcm::TimerStorage& timer)
{
    return In<interleave::DelayedWork>(timer).Cancel();
}

void SimRuntime::OnSync(ibcm::SyncKind kind, const void* object, const char* site)
{
    const SyncText text = TextOf(kind);
    m_engine.Point({text.kind, m_objects.ObjectAt(object), text.write, site});
}

void SimRuntime::OnAccess(const void* field, const char* name, bool write)
{
    OnAccessAt(field, name, write, nullptr);
}

void SimRuntime::OnAccessAt(const void* field, const char* name, bool write, const char* site)
{
    // Nothing else here: there are as many of these as of everything else together.
    if (m_engine.AccessesObserved())
    {
        ShowAccess(field, name, write, site);
    }
}

void SimRuntime::ShowAccess(const void* field, const char* name, bool write, const char* site)
{
    // Under a lock, whose acquisition was the choice: reported, not asked about. An access to what
    // was freed is one to the object, whose life the checks know.
    const SharedObjects::Field found = m_objects.FieldAt(field, name);
    m_engine.NoteAccess(found.id, write, found.dead || site == nullptr ? name : site);
}

void SimRuntime::OnMade(const char* objectClass,
                        std::uint64_t /*ordinal*/,
                        const void* object,
                        std::size_t bytes)
{
    const interleave::ObjectId id = m_objects.Made(objectClass, object, bytes);
    m_engine.Note({interleave::OpKind::kAlloc, id, true, objectClass});
}

void SimRuntime::OnFreed(const void* object)
{
    m_engine.Note({interleave::OpKind::kFree, m_objects.Freed(object), true, nullptr});
}

void SimRuntime::OnViolation(const char* invariant, const void* object, const char* what)
{
    (void)object;
    m_engine.Report(
        interleave::ViolationKind::kProtocol,
        fmt::format("{}: invariant {} of the CM violated: {}", m_host, invariant, what));
}

} // namespace lab
