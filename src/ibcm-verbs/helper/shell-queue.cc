// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/shell-queue.h"

#include <utility>

namespace cmverbs
{

void ShellQueue::Push(ShellItem item)
{
    {
        const std::lock_guard hold(m_lock);
        m_items.push_back(std::move(item));
    }
    m_arrived.notify_one();
}

bool ShellQueue::PushInput(ShellInput input)
{
    {
        const std::lock_guard hold(m_lock);
        m_input = Input::kPending;
    }
    Push(std::move(input));
    std::unique_lock hold(m_lock);
    m_finished.wait(hold, [this] { return m_input != Input::kPending; });
    return m_input == Input::kMore;
}

ShellItem ShellQueue::Pop()
{
    std::unique_lock hold(m_lock);
    m_arrived.wait(hold, [this] { return !m_items.empty(); });
    ShellItem item = std::move(m_items.front());
    m_items.pop_front();
    return item;
}

std::deque<ShellItem> ShellQueue::TakeAll()
{
    const std::lock_guard hold(m_lock);
    return std::exchange(m_items, {});
}

void ShellQueue::FinishInput(bool more)
{
    {
        const std::lock_guard hold(m_lock);
        m_input = more ? Input::kMore : Input::kNoMore;
    }
    m_finished.notify_one();
}

} // namespace cmverbs
