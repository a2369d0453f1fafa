// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/wiretap.h"

#include <algorithm>

namespace lab
{

void Wiretap::Sent(const std::string& from, const ibwire::MadBytes& mad)
{
    const ibwire::MadHeader header = ibwire::DecodeHeader(mad);
    if (header.mgmtClass != ibwire::MgmtClass::kCm)
    {
        return;
    }
    const auto kind = static_cast<ibwire::CmAttribute>(header.attributeId);
    auto it = std::ranges::find_if(
        m_seen, [&](const Seen& seen) { return seen.kind == kind && seen.from == from; });
    if (it == m_seen.end())
    {
        it = m_seen.insert(m_seen.end(), Seen{kind, from, 0, 0, {}});
    }
    ++it->count;
    it->at = ++m_time;
    it->latest = mad;
    if (m_heard)
    {
        m_heard();
    }
}

unsigned Wiretap::Count(ibwire::CmAttribute kind, std::string_view from) const
{
    unsigned count = 0;
    for (const Seen& seen : m_seen)
    {
        count += seen.kind == kind && (from.empty() || seen.from == from) ? seen.count : 0;
    }
    return count;
}

const ibwire::MadBytes* Wiretap::Latest(ibwire::CmAttribute kind, std::string_view from) const
{
    const Seen* latest = nullptr;
    for (const Seen& seen : m_seen)
    {
        const bool fits = seen.kind == kind && (from.empty() || seen.from == from);
        if (fits && (latest == nullptr || seen.at > latest->at))
        {
            latest = &seen;
        }
    }
    return latest == nullptr ? nullptr : &latest->latest;
}

void Wiretap::Clear()
{
    m_seen.clear();
    m_time = 0;
    m_heard = {};
}

} // namespace lab
