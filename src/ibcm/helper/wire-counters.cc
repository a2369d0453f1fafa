// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/helper/wire-counters.h"

namespace ibcm
{

WireTally& WireTally::operator+=(const WireTally& other)
{
    transmitted += other.transmitted;
    duplicated += other.duplicated;
    delivered += other.delivered;
    lost += other.lost;
    overflowed += other.overflowed;
    unclaimed += other.unclaimed;
    waiting += other.waiting;
    return *this;
}

std::size_t WireCounters::IndexOf(std::size_t attribute)
{
    return attribute >= kFirst && attribute <= kLast ? attribute - kFirst : kOthers;
}

const WireTally& WireCounters::Of(ibwire::CmAttribute attribute) const
{
    return m_tallies[IndexOf(static_cast<std::size_t>(attribute))];
}

const WireTally& WireCounters::OfOthers() const
{
    return m_tallies[kOthers];
}

WireTally WireCounters::Total() const
{
    WireTally total;
    for (const WireTally& tally : m_tallies)
    {
        total += tally;
    }
    return total;
}

WireCounters& WireCounters::operator+=(const WireCounters& other)
{
    for (std::size_t i = 0; i < m_tallies.size(); ++i)
    {
        m_tallies[i] += other.m_tallies[i];
    }
    return *this;
}

WireTally& WireCounters::For(const ibwire::MadBytes& mad)
{
    const ibwire::MadHeader header = ibwire::DecodeHeader(mad);
    const bool cm = header.mgmtClass == ibwire::MgmtClass::kCm;
    return m_tallies[cm ? IndexOf(header.attributeId) : kOthers];
}

} // namespace ibcm
