// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_PEER_INDEX_H
#define IBCM_PEER_INDEX_H

#include "ibcm/model/peer-record.h"

#include <boost/intrusive/set.hpp>
#include <boost/intrusive/unordered_set.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

/**
 * @file
 * Private to the core: peer records found by (CA GUID, communication id) and by (CA GUID, QPN), in
 * constant time and without an allocation per record. Only those that age are in an order: that of
 * the end of their TIMEWAIT.
 */

namespace ibcm
{

/** Half of a key is chosen by peers: the mix keeps a crafted set of ids from sharing a bucket. */
inline std::size_t HashPeerKey(std::uint64_t caGuid, std::uint32_t number)
{
    std::uint64_t x = caGuid ^ (std::uint64_t{number} * 0x9e3779b97f4a7c15ULL);
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ULL;
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93ULL;
    return static_cast<std::size_t>(x ^ (x >> 32));
}

/** One hash set over records; Number selects which of the record's numbers is the key. */
template <PeerRecord::Hook PeerRecord::*HookMember, std::uint32_t PeerRecord::*Number>
class PeerSet
{
  public:
    PeerSet()
        : m_buckets(kInitialBuckets),
          m_set(typename Set::bucket_traits(m_buckets.data(), m_buckets.size()))
    {
    }

    PeerRecord* Find(std::uint64_t caGuid, std::uint32_t number)
    {
        const auto it = m_set.find(Key{caGuid, number}, Hash{}, Equal{});
        return it == m_set.end() ? nullptr : &*it;
    }

    /** Never grows: with too few buckets it is slower, until Install. */
    void Insert(PeerRecord& record)
    {
        m_set.insert(record);
    }

    void Remove(PeerRecord& record)
    {
        if ((record.*HookMember).is_linked())
        {
            m_set.erase(m_set.iterator_to(record));
        }
    }

    std::size_t Size() const
    {
        return m_set.size();
    }

    template <class F>
    void ForEach(F&& visit) const
    {
        for (const PeerRecord& record : m_set)
        {
            visit(record);
        }
    }

    /** Whether it should have more buckets. */
    bool Tight() const
    {
        return m_set.size() >= m_buckets.size();
    }

    std::size_t Buckets() const
    {
        return m_buckets.size();
    }

  private:
    static constexpr std::size_t kInitialBuckets = 16;

    struct Key
    {
        std::uint64_t caGuid;
        std::uint32_t number;
    };

    struct Hash
    {
        std::size_t operator()(const PeerRecord& record) const
        {
            return HashPeerKey(record.caGuid, record.*Number);
        }

        std::size_t operator()(const Key& key) const
        {
            return HashPeerKey(key.caGuid, key.number);
        }
    };

    struct Equal
    {
        bool operator()(const PeerRecord& a, const PeerRecord& b) const
        {
            return a.caGuid == b.caGuid && a.*Number == b.*Number;
        }

        bool operator()(const Key& a, const PeerRecord& b) const
        {
            return a.caGuid == b.caGuid && a.number == b.*Number;
        }
    };

    using Set = boost::intrusive::unordered_set<
        PeerRecord,
        boost::intrusive::member_hook<PeerRecord, PeerRecord::Hook, HookMember>,
        boost::intrusive::hash<Hash>,
        boost::intrusive::equal<Equal>,
        boost::intrusive::power_2_buckets<true>>;

  public:
    using Bucket = typename Set::bucket_type;

    /** @param buckets a power of 2; the former ones come back in it. */
    void Install(std::vector<Bucket>& buckets)
    {
        m_set.rehash(typename Set::bucket_traits(buckets.data(), buckets.size()));
        m_buckets.swap(buckets);
    }

  private:
    std::vector<Bucket> m_buckets; ///< outlives the set
    Set m_set;
};

/** Aging peers by the end of their TIMEWAIT; equal ones in the order of entry. */
struct EndsSooner
{
    bool operator()(const PeerRecord& a, const PeerRecord& b) const
    {
        return a.until < b.until;
    }
};

/** Peers in the order in which their TIMEWAIT ends. */
using AgingPeers =
    boost::intrusive::multiset<PeerRecord,
                               boost::intrusive::member_hook<PeerRecord,
                                                             decltype(PeerRecord::agingHook),
                                                             &PeerRecord::agingHook>,
                               boost::intrusive::compare<EndsSooner>>;

class PeerIndex
{
  public:
    /** Each record once, in no particular order. */
    template <class F>
    void ForEach(F&& visit) const
    {
        byCommId.ForEach(visit);
        for (const PeerRecord& record : aging)
        {
            if (!record.byCommId.is_linked())
            {
                visit(record);
            }
        }
    }

    PeerSet<&PeerRecord::byCommId, &PeerRecord::commId> byCommId;
    PeerSet<&PeerRecord::byQpn, &PeerRecord::qpn> byQpn;
    AgingPeers aging;
};

} // namespace ibcm

#endif /* IBCM_PEER_INDEX_H */
