// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/place-counter.h"

namespace interleave
{

namespace
{

constexpr std::size_t kInitialEntries = 64;

} // namespace

PlaceCounter::PlaceCounter()
    : m_entries(kInitialEntries),
      m_mask(kInitialEntries - 1)
{
}

void PlaceCounter::Clear()
{
    m_used = 0;
    if (++m_epoch == 0)
    {
        for (Entry& entry : m_entries)
        {
            entry.epoch = 0;
        }
        m_epoch = 1;
    }
}

PlaceCounter::Entry& PlaceCounter::Insert(std::size_t index, const PlaceKey& key)
{
    if (++m_used * 2 > m_entries.size())
    {
        Grow();
        index = Hash(key) & m_mask;
        while (m_entries[index].epoch == m_epoch)
        {
            index = (index + 1) & m_mask;
        }
    }
    m_entries[index] = {key, 1, 0, m_epoch};
    return m_entries[index];
}

void PlaceCounter::Grow()
{
    std::vector<Entry> old(m_entries.size() * 2);
    old.swap(m_entries);
    m_mask = m_entries.size() - 1;
    for (const Entry& entry : old)
    {
        if (entry.epoch != m_epoch)
        {
            continue;
        }
        std::size_t index = Hash(entry.key) & m_mask;
        while (m_entries[index].epoch == m_epoch)
        {
            index = (index + 1) & m_mask;
        }
        m_entries[index] = entry;
    }
}

} // namespace interleave
