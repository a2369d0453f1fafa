// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_COMPLETION_LOOP_H
#define IBCM_VERBS_COMPLETION_LOOP_H

#include "ibcm-verbs/model/verbs-device.h"
#include "ibcm-verbs/model/wake-descriptor.h"
#include "ibcm/helper/host-threads.h"

#include <cstdint>
#include <map>
#include <memory>

namespace cmverbs
{

/** Who polls a queue pair when the loop says so. */
class CompletionSink
{
  public:
    virtual ~CompletionSink() = default;
    /** On the loop's thread: there are completions, or were when it was said. */
    virtual void OnCompletions() = 0;
};

/** One thread that waits for the completions of many queue pairs. Thread-safe. */
class CompletionLoop
{
  public:
    /** @param device outlives it. */
    static VerbsResult<std::unique_ptr<CompletionLoop>> Make(const VerbsDevice& device);
    /** Ends the thread; queue pairs that announce here must have gone. */
    ~CompletionLoop();

    CompletionLoop(const CompletionLoop&) = delete;
    CompletionLoop& operator=(const CompletionLoop&) = delete;

    /** For VerbsQpOptions::announce. */
    ibv_comp_channel* Channel() const
    {
        return m_channel.get();
    }

    /** A new number for VerbsQpOptions::announceAs; what it stands for comes with Watch. */
    std::uintptr_t NewName();
    /** The sink lives as long as it is called, if it is forgotten meanwhile. */
    void Watch(std::uintptr_t name, std::weak_ptr<CompletionSink> sink);
    void Forget(std::uintptr_t name);
    /** Returns when no sink is being called, or after the call that is under way. Not from a sink.
     */
    void Quiesce();

  private:
    CompletionLoop(const VerbsDevice& device, VerbsPtr<ibv_comp_channel> channel);

    void Serve();

    const VerbsDevice& m_device;
    VerbsPtr<ibv_comp_channel> m_channel;
    WakeDescriptor m_wake;
    ibcm::OsMutex m_lock;
    std::uintptr_t m_lastName{0};
    std::map<std::uintptr_t, std::weak_ptr<CompletionSink>> m_sinks;
    ibcm::OsMutex m_calling; ///< held while a sink is called; before m_lock
    ibcm::OsThread m_thread;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_COMPLETION_LOOP_H */
