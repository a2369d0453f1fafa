// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/check-ends.h"

#include <fmt/format.h>

#include <utility>

namespace lab
{

namespace
{

using S = ibcm::State;

/** Whether an id may stay in a state for ever: it, or its consumer, waits for nothing timed. */
bool Resting(S state)
{
    switch (state)
    {
    case S::kIdle:
    case S::kListen:
    case S::kReqRcvd:
    case S::kMraReqSent:
    case S::kRepRcvd:
    case S::kMraRepSent:
    case S::kEstablished:
    case S::kDreqRcvd:
    case S::kSidrReqRcvd:
        return true;
    case S::kReqSent:
    case S::kMraReqRcvd:
    case S::kRepSent:
    case S::kMraRepRcvd:
    case S::kDreqSent:
    case S::kTimewait:
    case S::kSidrReqSent:
        return false;
    }
    return true;
}

/** Whether an id takes the connection for open, or on its way to being so. */
bool Open(S state)
{
    switch (state)
    {
    case S::kRepRcvd:
    case S::kMraRepSent:
    case S::kRepSent:
    case S::kMraRepRcvd:
    case S::kEstablished:
        return true;
    default:
        return false;
    }
}

} // namespace

void EndsCheck::Violated(std::string text, std::string subject)
{
    m_found = true;
    m_engine.Report(interleave::ViolationKind::kLiveness, std::move(text), std::move(subject));
}

std::int64_t EndsCheck::PassedNs() const
{
    return m_engine.NowNs() - m_engine.StalledNs();
}

std::size_t EndsCheck::Began(std::uint32_t host, const char* what, std::int64_t boundNs)
{
    m_operations.push_back({host, what, PassedNs(), boundNs, false});
    return m_operations.size() - 1;
}

void EndsCheck::Ended(std::size_t operation)
{
    Operation& ended = m_operations.at(operation);
    const bool late = !ended.ended && PassedNs() - ended.beganNs > ended.boundNs;
    ended.ended = true;
    const std::int64_t tookNs = PassedNs() - ended.beganNs;
    if (late)
    {
        Violated(fmt::format("{}: {} has taken {} ns, and must not take more than {} ns",
                             m_hosts[ended.host],
                             ended.what,
                             tookNs,
                             ended.boundNs),
                 fmt::format("{} takes too long", ended.what));
    }
}

void EndsCheck::Restarted(std::uint32_t host)
{
    m_restarted.resize(m_hosts.size());
    m_restarted[host] = true;
    for (Operation& operation : m_operations)
    {
        operation.ended = operation.ended || operation.host == host; // nobody waits any more
    }
}

bool EndsCheck::Check()
{
    for (const Operation& operation : m_operations)
    {
        if (!operation.ended)
        {
            Violated(fmt::format("{}: {}, begun at {} ns, does not end",
                                 m_hosts[operation.host],
                                 operation.what,
                                 operation.beganNs),
                     fmt::format("{} does not end", operation.what));
        }
    }
    for (const ConversationEnd& end : m_conversations.Ends())
    {
        if (end.used)
        {
            CheckResting(end);
            CheckPeer(end);
        }
    }
    return m_found;
}

void EndsCheck::CheckResting(const ConversationEnd& end)
{
    if (!Resting(end.state))
    {
        Violated(fmt::format("{}: id {:08x} stays in {}, with nothing under way that could end it",
                             m_hosts[end.host],
                             end.commId,
                             ToString(end.state)),
                 fmt::format("{} does not end", ToString(end.state)));
    }
}

void EndsCheck::CheckPeer(const ConversationEnd& end)
{
    if (end.state != S::kEstablished || end.remote == 0)
    {
        return;
    }
    for (std::uint32_t host = 0; host < m_hosts.size(); ++host)
    {
        const ConversationEnd* peer = m_conversations.Find(host, end.remote);
        if (peer == nullptr || !peer->used || peer->remote != end.commId || peer == &end)
        {
            continue;
        }
        const bool restarted = host < m_restarted.size() && m_restarted[host];
        // Told and not believed, or never told.
        const bool told = end.lastWordsHeard > 0;
        const bool could = peer->lastWordsSent == 0 && !peer->silenced;
        if (!Open(peer->state) && !restarted && (told || could))
        {
            Violated(
                fmt::format("half open: {} has {:08x} in ESTABLISHED, {} has {:08x} in {}, and "
                            "{}",
                            m_hosts[end.host],
                            end.commId,
                            m_hosts[host],
                            peer->commId,
                            ToString(peer->state),
                            told ? "has heard so" : "was not told"),
                fmt::format("half open: ESTABLISHED, the peer {}",
                            told ? "has said that it is gone" : "is gone without a word"));
        }
        return;
    }
}

void EndsCheck::Clear()
{
    m_operations.clear();
    m_restarted.clear();
    m_found = false;
}

} // namespace lab
