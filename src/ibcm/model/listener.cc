// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/model/listener.h"

#include "ibcm/model/parameters.h"

namespace ibcm
{

namespace
{

/** Compares a record's key with one that belongs to no record. */
struct ByKey
{
    using Key = std::tuple<std::uint64_t, std::uint64_t>;

    bool operator()(const ListenerRecord& record, const Key& key) const
    {
        return record.Key() < key;
    }

    bool operator()(const Key& key, const ListenerRecord& record) const
    {
        return key < record.Key();
    }
};

} // namespace

ListenerRecord* ListenerIndex::Find(std::uint64_t serviceId)
{
    // One step for each mask in use; most have but the exact one.
    for (auto it = m_set.begin(); it != m_set.end();)
    {
        const std::uint64_t mask = it->serviceMask;
        const auto hit = m_set.find(ByKey::Key{~mask, serviceId & mask}, ByKey{});
        if (hit != m_set.end())
        {
            return &*hit;
        }
        it = m_set.upper_bound(ByKey::Key{~mask, ~std::uint64_t{0}}, ByKey{});
    }
    return nullptr;
}

ListenerRecord* ListenerIndex::FindOverlap(const ListenerRecord& record)
{
    if (record.serviceMask == kExactService)
    {
        return Find(record.serviceId);
    }
    for (ListenerRecord& other : m_set)
    {
        const std::uint64_t common = other.serviceMask & record.serviceMask;
        if (((other.serviceId ^ record.serviceId) & common) == 0)
        {
            return &other;
        }
    }
    return nullptr;
}

} // namespace ibcm
