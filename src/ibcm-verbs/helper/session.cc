// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <utility>

namespace cmverbs
{

VerbsResult<std::shared_ptr<Session>> Session::Make(CmHost& host,
                                                    CompletionLoop& loop,
                                                    std::unique_ptr<DataMode> mode,
                                                    bool datagram,
                                                    SessionOwner& owner)
{
    std::shared_ptr<Session> session(new Session(host, loop, std::move(mode), owner));
    if (const VerbsStatus made = session->MakePair(datagram); !made)
    {
        return tl::unexpected(made.error());
    }
    return session;
}

Session::Session(CmHost& host,
                 CompletionLoop& loop,
                 std::unique_ptr<DataMode> mode,
                 SessionOwner& owner)
    : m_host(host),
      m_loop(loop),
      m_owner(owner),
      m_mode(std::move(mode))
{
}

Session::~Session()
{
    m_loop.Forget(m_name);
}

VerbsStatus Session::MakePair(bool datagram)
{
    VerbsQpOptions options;
    options.datagram = datagram;
    if (m_mode != nullptr)
    {
        m_name = m_loop.NewName();
        options.memoryBytes = m_mode->MemoryBytes();
        options.depth = m_mode->Depth();
        options.announce = m_loop.Channel();
        options.announceAs = m_name;
    }
    auto pair = m_host.MakeDataQp(options);
    if (!pair)
    {
        return tl::unexpected(pair.error());
    }
    m_pair = std::move(*pair);
    if (m_mode != nullptr)
    {
        m_loop.Watch(m_name, weak_from_this()); // nothing completes before something is posted
    }
    return {};
}

std::uint32_t Session::Qpn() const
{
    return m_pair->Number();
}

void Session::SetId(ibcm::Handle id)
{
    m_id = id;
}

ibcm::Handle Session::Id() const
{
    return m_id;
}

VerbsStatus Session::Connect(std::uint32_t psn)
{
    const std::lock_guard hold(m_lock);
    constexpr std::array<ibcm::QpTarget, 3> kTargets{
        ibcm::QpTarget::kInit, ibcm::QpTarget::kRtr, ibcm::QpTarget::kRts};
    for (const ibcm::QpTarget target : kTargets)
    {
        auto attributes = m_host.Manager().InitQpAttributes(m_id, target);
        if (!attributes)
        {
            return tl::unexpected(
                VerbsError{ENOTCONN, "the connection went while its queue pair was made ready"});
        }
        // The passive side announces its PSN later, and only what the device can do.
        attributes->rqPsn = psn;
        const std::uint8_t reads = m_host.Device().MaxReads();
        attributes->maxDestRdAtomic = std::min(attributes->maxDestRdAtomic, reads);
        attributes->maxRdAtomic = std::min(attributes->maxRdAtomic, reads);
        if (const VerbsStatus moved = m_pair->Modify(*attributes); !moved)
        {
            return moved;
        }
        if (target == ibcm::QpTarget::kInit && m_mode != nullptr)
        {
            if (const VerbsStatus posted = m_mode->Prepare(*m_pair); !posted)
            {
                return posted;
            }
        }
    }
    return {};
}

VerbsStatus Session::PrepareDatagrams()
{
    const std::lock_guard hold(m_lock);
    return m_mode == nullptr ? VerbsStatus{} : m_mode->Prepare(*m_pair);
}

VerbsStatus Session::SetPeer(const ibcm::Path& path, std::uint32_t qpn, std::uint32_t qkey)
{
    auto address = m_host.AddressFor(*m_pair, path);
    if (!address)
    {
        return tl::unexpected(address.error());
    }
    const std::lock_guard hold(m_lock);
    if (m_mode != nullptr)
    {
        m_mode->SetPeer(std::move(*address), qpn, qkey);
    }
    return {};
}

void Session::Established()
{
    News news;
    {
        const std::lock_guard hold(m_lock);
        if (m_established || m_closed)
        {
            return;
        }
        m_established = true;
        if (m_mode != nullptr)
        {
            Conclude(m_mode->Established(*m_pair), news);
        }
    }
    Tell(news);
}

void Session::Close()
{
    const std::lock_guard hold(m_lock);
    if (!m_closed)
    {
        m_closed = true;
        // In RESET, when the connection failed early, there is nothing to flush.
        (void)m_pair->ModifyToError();
    }
}

bool Session::Finished() const
{
    const std::lock_guard hold(m_lock);
    return m_mode == nullptr || m_mode->Finished();
}

bool Session::Disconnects() const
{
    const std::lock_guard hold(m_lock);
    return m_mode != nullptr && m_mode->Disconnects();
}

std::uint64_t Session::Messages() const
{
    const std::lock_guard hold(m_lock);
    return m_mode == nullptr ? 0 : m_mode->Messages();
}

void Session::OnCompletions()
{
    News news;
    {
        const std::lock_guard hold(m_lock);
        m_pair->Poll([this, &news](const Completion& completion) { Take(completion, news); });
    }
    Tell(news);
}

void Session::Take(const Completion& completion, News& news)
{
    if (m_closed || m_mode == nullptr)
    {
        return;
    }
    if (!completion.ok)
    {
        constexpr std::array<const char*, 4> kKinds{"receive", "send", "RDMA READ", "RDMA WRITE"};
        Conclude(
            tl::unexpected(VerbsError{EIO,
                                      fmt::format("a {} failed: {}",
                                                  kKinds[static_cast<std::size_t>(completion.kind)],
                                                  completion.error)}),
            news);
        return;
    }
    if (!m_established && !m_earlyTold)
    {
        m_earlyTold = true;
        news.early = true;
    }
    Conclude(m_mode->Completed(*m_pair, completion), news);
}

void Session::Conclude(const VerbsStatus& status, News& news)
{
    if (!status)
    {
        m_closed = true;
        news.broken = status.error();
        (void)m_pair->ModifyToError();
        return;
    }
    if (m_established && !m_finishedTold && m_mode->Finished())
    {
        m_finishedTold = true;
        news.finished = true;
    }
}

void Session::Tell(const News& news)
{
    if (news.early)
    {
        m_owner.OnEarlyData(*this);
    }
    if (news.finished)
    {
        m_owner.OnFinished(*this);
    }
    if (news.broken)
    {
        m_owner.OnBroken(*this, *news.broken);
    }
}

} // namespace cmverbs
