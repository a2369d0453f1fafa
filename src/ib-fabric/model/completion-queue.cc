// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/completion-queue.h"

#include <ns3/log.h>
#include <ns3/simulator.h>
#include <ns3/uinteger.h>

#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbCompletionQueue");

NS_OBJECT_ENSURE_REGISTERED(IbCompletionQueue);

TypeId IbCompletionQueue::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::IbCompletionQueue")
            .SetParent<Object>()
            .SetGroupName("InfiniBand")
            .AddConstructor<IbCompletionQueue>()
            .AddAttribute("Depth",
                          "Most completions that wait; more are lost and set HasOverrun().",
                          UintegerValue(65536),
                          MakeUintegerAccessor(&IbCompletionQueue::m_depth),
                          MakeUintegerChecker<std::uint32_t>(1));
    return tid;
}

void IbCompletionQueue::DoDispose()
{
    m_handler = nullptr;
    m_completions.clear();
    Object::DoDispose();
}

std::optional<IbWorkCompletion> IbCompletionQueue::Poll()
{
    if (m_completions.empty())
    {
        return std::nullopt;
    }
    IbWorkCompletion completion = std::move(m_completions.front());
    m_completions.pop_front();
    return completion;
}

std::size_t IbCompletionQueue::GetCount() const
{
    return m_completions.size();
}

bool IbCompletionQueue::HasOverrun() const
{
    return m_overrun;
}

void IbCompletionQueue::SetHandler(std::function<void()> handler)
{
    m_handler = std::move(handler);
    if (!m_completions.empty())
    {
        Notify();
    }
}

void IbCompletionQueue::Push(IbWorkCompletion completion)
{
    if (m_completions.size() >= m_depth)
    {
        NS_LOG_WARN("completion of request " << completion.wrId << " lost: queue full");
        m_overrun = true;
        return;
    }
    const bool wasEmpty = m_completions.empty();
    m_completions.push_back(std::move(completion));
    if (wasEmpty)
    {
        Notify();
    }
}

void IbCompletionQueue::Notify()
{
    if (m_notifying || !m_handler)
    {
        return;
    }
    m_notifying = true;
    Simulator::ScheduleNow(
        [queue = Ptr<IbCompletionQueue>(this)]()
        {
            queue->m_notifying = false;
            if (queue->m_handler && !queue->m_completions.empty())
            {
                queue->m_handler();
            }
        });
}

} // namespace ns3
