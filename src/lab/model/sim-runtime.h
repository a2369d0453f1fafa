// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SIM_RUNTIME_H
#define LAB_SIM_RUNTIME_H

#include "ibcm/model/runtime.h"
#include "interleave/model/engine.h"
#include "interleave/model/random.h"
#include "lab/model/shared-objects.h"

#include <cstdint>
#include <string>

namespace lab
{

/**
 * The world of one host's Connection Manager in simulation: its threads are tasks of an
 * interleave::Engine, its locks and timers are choices, its clock is simulated time. Belongs to the
 * engine's OS thread.
 */
class SimRuntime final : public ibcm::Runtime, private ibcm::Observer
{
  public:
    /**
     * @param host prefix of the names of this host's tasks, e.g. "server".
     * @param observe whether the core's sync points, accesses and lives are shown to the engine; a
     * run that is neither explored nor recorded saves that.
     */
    SimRuntime(interleave::Engine& engine, std::string host, std::uint64_t seed, bool observe);

    const std::string& Host() const
    {
        return m_host;
    }

    // ibcm::Runtime
    ibcm::Instant Now() override;
    std::uint64_t Random() override;
    std::uint64_t CurrentThread() override;
    void MutexInit(ibcm::MutexStorage& mutex, const char* lockClass) override;
    void MutexDestroy(ibcm::MutexStorage& mutex) override;
    void MutexLock(ibcm::MutexStorage& mutex) override;
    void MutexUnlock(ibcm::MutexStorage& mutex) override;
    bool MutexHeld(const ibcm::MutexStorage& mutex) const override;
    void CompletionInit(ibcm::CompletionStorage& completion, const char* name) override;
    void CompletionDestroy(ibcm::CompletionStorage& completion) override;
    void CompletionSignal(ibcm::CompletionStorage& completion) override;
    void CompletionWait(ibcm::CompletionStorage& completion) override;
    std::unique_ptr<ibcm::WorkQueue> MakeWorkQueue(const char* name, unsigned threads) override;
    void WorkInit(ibcm::WorkStorage& work, ibcm::WorkItem& item, const char* name) override;
    void WorkDestroy(ibcm::WorkStorage& work) override;
    bool WorkQueueItem(ibcm::WorkQueue& queue, ibcm::WorkStorage& work) override;
    bool WorkCancel(ibcm::WorkStorage& work) override;
    void TimerInit(ibcm::TimerStorage& timer,
                   ibcm::Timer& owner,
                   ibcm::WorkQueue& queue,
                   const char* name) override;
    void TimerDestroy(ibcm::TimerStorage& timer) override;
    void TimerArm(ibcm::TimerStorage& timer, ibcm::Duration delay) override;
    bool TimerCancel(ibcm::TimerStorage& timer) override;

    /** Shared objects of the core that were made and not freed. */
    std::size_t LiveObjects() const
    {
        return m_objects.Live();
    }

  private:
    // ibcm::Observer
    void OnSync(ibcm::SyncKind kind, const void* object, const char* site) override;
    void OnAccess(const void* field, const char* name, bool write) override;
    void OnAccessAt(const void* field, const char* name, bool write, const char* site) override;
    void OnMade(const char* objectClass,
                std::uint64_t ordinal,
                const void* object,
                std::size_t bytes) override;
    void OnFreed(const void* object) override;
    void OnViolation(const char* invariant, const void* object, const char* what) override;

    void ShowAccess(const void* field, const char* name, bool write, const char* site);

    interleave::Engine& m_engine;
    const std::string m_host;
    interleave::Random m_random;
    SharedObjects m_objects;
};

} // namespace lab

#endif /* LAB_SIM_RUNTIME_H */
