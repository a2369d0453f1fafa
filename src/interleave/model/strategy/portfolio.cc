// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/strategy/portfolio.h"

#include "interleave/model/engine.h"

#include <algorithm>

namespace interleave
{

Portfolio::Portfolio(std::string name, std::vector<std::unique_ptr<Strategy>> members)
    : m_name(std::move(name)),
      m_members(std::move(members)),
      m_current(m_members.front().get())
{
    for (const auto& member : m_members)
    {
        m_credits.push_back({member->Name()});
    }
}

void Portfolio::Seed(std::uint64_t seed)
{
    for (std::size_t tried = 0; tried < m_members.size(); ++tried)
    {
        m_seeded = m_next;
        m_next = (m_next + 1) % m_members.size();
        if (!m_members[m_seeded]->Done())
        {
            break;
        }
    }
    m_members[m_seeded]->Seed(seed);
}

bool Portfolio::Done() const
{
    return std::ranges::all_of(m_members, [](const auto& member) { return member->Done(); });
}

void Portfolio::BeginAt(std::uint64_t batch)
{
    for (const auto& member : m_members)
    {
        member->BeginAt(batch);
    }
}

void Portfolio::BeginRun(const Engine& engine)
{
    m_begun = true;
    m_running = m_seeded;
    m_current = m_members[m_running].get();
    m_current->BeginRun(engine);
}

void Portfolio::EndRun(const RunResult& result)
{
    if (!m_begun)
    {
        return;
    }
    m_begun = false;
    m_current->EndRun(result);
    ++m_credits[m_running].runs;
    m_credits[m_running].violations += result.Passed() ? 0 : 1;
}

} // namespace interleave
