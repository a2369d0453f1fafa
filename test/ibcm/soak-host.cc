// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The host's ids and what its consumer does when told something; soak-calls.cc has the calls.
#include "soak-host.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace ibcm::test
{
namespace
{

constexpr std::uint64_t kGuid = 0x0002c90300000000;
constexpr std::uint8_t kCaAckDelay = 8; ///< 1 ms: TIMEWAIT passes while the soak goes on

ibwire::Gid GidOf(std::uint16_t lid)
{
    return ibwire::Gid::From(ibwire::kDefaultGidPrefix, kGuid + lid);
}

} // namespace

Draws::Draws(std::uint64_t seed)
    : m_state(seed)
{
}

std::uint64_t Draws::Below(std::uint64_t limit)
{
    // SplitMix64.
    constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15ULL;
    std::uint64_t x = m_state.fetch_add(kStep, std::memory_order_relaxed) + kStep;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return (x ^ (x >> 31)) % limit;
}

SoakHost::SoakHost(Runtime& runtime, ThreadedWire& wire, std::uint16_t ownLid, std::uint64_t seed)
    : lid(ownLid),
      gid(GidOf(ownLid)),
      m_runtime(runtime),
      m_end(wire.AddEnd({.lid = ownLid, .gids = {GidOf(ownLid)}, .lmc = kLmc})),
      m_port(std::make_unique<ReliablePort>(runtime, m_end, kPort)),
      cm(runtime, {.caGuid = kGuid + 0x100 * ownLid, .caAckDelay = kCaAckDelay}),
      m_draws(seed),
      m_shared{SoakShared(*this), SoakShared(*this)}
{
    static_assert(kSharedServices == 2);
    EXPECT_TRUE(cm.AddPort(kPort, *m_port));
    m_end.Attach(m_port.get());
}

void SoakHost::SetPeers(std::vector<const SoakHost*> peers)
{
    m_peers = std::move(peers);
}

SoakId& SoakHost::NewId()
{
    ++counts.created;
    const std::lock_guard hold(m_lock);
    return m_ids.emplace_back(*this, m_ids.size() + 1);
}

SoakId* SoakHost::Create(Draws& draws)
{
    SoakId& id = NewId();
    const auto handle = cm.Create(id);
    if (!handle)
    {
        ADD_FAILURE() << "no id could be created: " << ToString(handle.error());
        return nullptr;
    }
    id.handle = *handle;
    Keep(id, draws);
    return &id;
}

void SoakHost::Keep(SoakId& id, Draws& draws)
{
    SoakId* const old = m_kept[draws.Below(kKept)].exchange(&id, std::memory_order_acq_rel);
    if (old != nullptr && !old->dying)
    {
        const std::lock_guard hold(m_lock);
        m_spare.push_back(old);
    }
}

SoakId* SoakHost::Any(Draws& draws)
{
    return m_kept[draws.Below(kKept)].load(std::memory_order_acquire);
}

SoakId* SoakHost::FindId(SoakId* own, Handle handle, EventType event)
{
    if (own != nullptr && handle == own->handle)
    {
        return own;
    }
    if (event == EventType::kReqReceived || event == EventType::kSidrReqReceived)
    {
        SoakId& id = NewId();
        id.handle = handle;
        {
            const std::lock_guard hold(m_lock);
            EXPECT_TRUE(m_accepted.emplace(handle, &id).second) << "a handle came twice";
        }
        // Other threads may call for it from now on, and destroy it.
        Keep(id, m_draws);
        return &id;
    }
    const std::lock_guard hold(m_lock);
    const auto found = m_accepted.find(handle);
    return found == m_accepted.end() ? nullptr : found->second;
}

void SoakHost::Forget(SoakId& id)
{
    const std::lock_guard hold(m_lock);
    m_accepted.erase(id.handle);
}

Disposition SoakHost::OnEvent(SoakId* own, Handle handle, const Event& event)
{
    ++counts.events.at(static_cast<std::size_t>(event.type));
    SoakId* const id = FindId(own, handle, event.type);
    if (id == nullptr)
    {
        ADD_FAILURE() << ToString(event.type) << " for an id that is gone, or never was";
        return Disposition::kKeep;
    }
    if (const std::string wrong = id->Enter(event.type); !wrong.empty())
    {
        ADD_FAILURE() << wrong;
    }
    const Disposition answer = React(*id, event.type);
    id->Leave(answer);
    if (answer != Disposition::kKeep)
    {
        Forget(*id);
    }
    return answer;
}

Disposition SoakHost::React(SoakId& id, EventType event)
{
    if (m_draws.OneIn(16))
    {
        // Others queue up behind it, and find the handler busy.
        std::this_thread::sleep_for(std::chrono::microseconds(m_draws.Below(300)));
    }
    if (m_draws.OneIn(32))
    {
        const Status status = cm.Destroy(id.handle);
        EXPECT_FALSE(status) << "a handler has destroyed its own id";
        if (!status && status.error() == CmError::kWouldDeadlock)
        {
            ++counts.wouldDeadlock;
        }
    }
    if (m_draws.OneIn(32))
    {
        DestroyAnother(id);
    }
    const std::uint64_t choice = m_draws.Below(8);
    const bool isAsked = event == EventType::kRepReceived || event == EventType::kLapReceived ||
                         event == EventType::kSidrReqReceived;
    if (choice < 4 || isAsked)
    {
        NextStep(id, m_draws);
    }
    else if (choice == 4)
    {
        AnyCall(id, m_draws);
    }
    switch (m_draws.Below(40))
    {
    case 0:
        ++counts.answeredDestroy;
        return Disposition::kDestroy;
    case 1:
        ++counts.answeredNoMemory;
        return Disposition::kDestroyNoMemory;
    default:
        return Disposition::kKeep;
    }
}

void SoakHost::DestroyAnother(const SoakId& self)
{
    // Handlers that wait for each other's ids wait for ever, in any consumer: so only for older
    // ones. A listener's end waits for handlers of younger ids, and is left to other threads.
    SoakId* const other = Any(m_draws);
    if (other != nullptr && other->number < self.number && !other->listener)
    {
        ++counts.destroyedInHandler;
        Destroy(*other);
    }
}

void SoakHost::Destroy(SoakId& id)
{
    id.dying = true;
    const Status status = cm.Destroy(id.handle);
    if (!status)
    {
        // Another thread destroys it, or its handler has asked for that.
        EXPECT_EQ(status.error(), CmError::kInvalidHandle) << ToString(status.error());
        return;
    }
    EXPECT_FALSE(id.inside) << "Destroy has returned while a handler is running";
    EXPECT_FALSE(id.destroyed.exchange(true)) << "two calls have destroyed one id";
    id.gone = true;
    ++counts.destroyedByCall;
    Forget(id);
}

void SoakHost::DestroySpare()
{
    constexpr int kAtOnce = 4;
    for (int i = 0; i < kAtOnce; ++i)
    {
        SoakId* id = nullptr;
        {
            const std::lock_guard hold(m_lock);
            if (m_spare.empty())
            {
                return;
            }
            id = m_spare.front();
            m_spare.pop_front();
        }
        Destroy(*id);
    }
}

bool SoakHost::Crowded()
{
    const std::lock_guard hold(m_lock);
    return m_spare.size() > kKept;
}

void SoakHost::DestroyAll()
{
    for (SoakShared& shared : m_shared)
    {
        const std::lock_guard hold(shared.lock);
        while (!shared.users.empty())
        {
            EXPECT_TRUE(cm.Destroy(shared.users.back()));
            shared.users.pop_back();
        }
    }
    // Handlers go on meanwhile: ids are accepted, and begin to listen. Without listeners that ends.
    while (cm.LiveIds() != 0)
    {
        std::vector<SoakId*> listeners;
        std::vector<SoakId*> others;
        {
            const std::lock_guard hold(m_lock);
            for (SoakId& id : m_ids)
            {
                if (!id.dying)
                {
                    (id.listener ? listeners : others).push_back(&id);
                }
            }
        }
        for (SoakId* id : listeners)
        {
            Destroy(*id);
        }
        for (SoakId* id : others)
        {
            Destroy(*id);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

} // namespace ibcm::test
