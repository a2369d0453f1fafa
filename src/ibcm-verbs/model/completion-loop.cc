// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/completion-loop.h"

#include <cerrno>
#include <mutex>
#include <utility>

namespace cmverbs
{

VerbsResult<std::unique_ptr<CompletionLoop>> CompletionLoop::Make(const VerbsDevice& device)
{
    VerbsPtr<ibv_comp_channel> channel(ibv_create_comp_channel(device.Context()));
    if (channel == nullptr)
    {
        return tl::unexpected(
            VerbsError{errno, "cannot make a completion channel on " + device.Name()});
    }
    return std::unique_ptr<CompletionLoop>(new CompletionLoop(device, std::move(channel)));
}

CompletionLoop::CompletionLoop(const VerbsDevice& device, VerbsPtr<ibv_comp_channel> channel)
    : m_device(device),
      m_channel(std::move(channel))
{
    m_thread = ibcm::OsThread(
        [this]
        {
            ibcm::NameThisOsThread("completions");
            Serve();
        });
}

CompletionLoop::~CompletionLoop()
{
    m_wake.Wake();
    m_thread.join();
}

std::uintptr_t CompletionLoop::NewName()
{
    const std::lock_guard hold(m_lock);
    return ++m_lastName;
}

void CompletionLoop::Watch(std::uintptr_t name, std::weak_ptr<CompletionSink> sink)
{
    const std::lock_guard hold(m_lock);
    m_sinks[name] = std::move(sink);
}

void CompletionLoop::Forget(std::uintptr_t name)
{
    const std::lock_guard hold(m_lock);
    m_sinks.erase(name);
}

void CompletionLoop::Quiesce()
{
    const std::lock_guard calling(m_calling);
}

void CompletionLoop::Serve()
{
    while (m_wake.WaitFor(m_channel->fd))
    {
        ibv_cq* queue = nullptr;
        void* name = nullptr;
        if (ibv_get_cq_event(m_channel.get(), &queue, &name) != 0)
        {
            return; // the device has gone
        }
        m_device.HandOver();
        // At once: who destroys the queue waits for it.
        ibv_ack_cq_events(queue, 1);
        const std::lock_guard calling(m_calling);
        std::shared_ptr<CompletionSink> sink;
        {
            const std::lock_guard hold(m_lock);
            const auto found = m_sinks.find(reinterpret_cast<std::uintptr_t>(name));
            sink = found == m_sinks.end() ? nullptr : found->second.lock();
        }
        if (sink != nullptr)
        {
            sink->OnCompletions();
        }
    }
}

} // namespace cmverbs
