// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the shell is told, and what it does about that without being told to.
#include "ibcm-verbs/helper/shell-session.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>
#include <variant>

namespace cmverbs
{

namespace
{

/** A request, of either kind. */
struct Request
{
    bool datagram{false};
    std::uint64_t serviceId{0};
};

std::optional<Request> RequestIn(const ibcm::Event& event)
{
    if (const auto* req = std::get_if<ibcm::ReqReceived>(&event.parameters))
    {
        return Request{false, req->serviceId};
    }
    if (const auto* request = std::get_if<ibcm::SidrReqReceived>(&event.parameters))
    {
        return Request{true, request->serviceId};
    }
    return std::nullopt;
}

/** The errno that rdma_cm gives for what Resolve says: it waits for a neighbour that does not
 * answer, and then calls that a timeout. */
int StatusOf(const VerbsError& error)
{
    return error.code == EHOSTUNREACH ? -ETIMEDOUT : -error.code;
}

} // namespace

bool ShellSession::On(const ShellResolved& resolved)
{
    const Entry entry = m_connections.find(resolved.id);
    if (entry == m_connections.end())
    {
        return true; // destroyed meanwhile
    }
    if (!resolved.route)
    {
        OnEvent(entry,
                {.type = ShellEventType::kAddrError, .status = StatusOf(resolved.route.error())});
        return true;
    }
    PrintEvent(entry, {.type = ShellEventType::kAddrResolved});
    PrintEvent(entry, {.type = ShellEventType::kRouteResolved});
    const auto asked = m_calls.Connect(entry->second, *resolved.route);
    if (entry->second.handle != ibcm::Handle::kNone)
    {
        m_idOf.emplace(entry->second.handle, entry->first);
    }
    if (!PrintFailure(entry, "connect", asked))
    {
        DestroyIfAutomatic(entry);
    }
    return true;
}

bool ShellSession::On(const ShellNews& news)
{
    auto event = EventFrom(news.event);
    if (!event)
    {
        return true; // nothing that rdma_cm would tell
    }
    if (event->type == ShellEventType::kConnectRequest)
    {
        OnRequest(news, *std::move(event));
        return true;
    }
    const auto known = m_idOf.find(news.handle);
    if (known == m_idOf.end())
    {
        return true; // destroyed meanwhile
    }
    const Entry entry = m_connections.find(known->second);
    if (IsTold(entry->second.phase, event->type))
    {
        OnEvent(entry, *event);
    }
    return true;
}

void ShellSession::OnRequest(const ShellNews& news, ShellEvent event)
{
    const auto request = RequestIn(news.event);
    const auto header = ibcm::ParseIpCm(news.event.privateData.Bytes(), request->serviceId);
    event.listener = m_listeners.Find(request->serviceId, header->endpoints.destination);
    if (!event.listener)
    {
        RefuseRequest(news.handle, request->datagram, m_listeners.Serves(request->serviceId));
        return;
    }
    ShellConnection connection;
    connection.datagram = request->datagram;
    connection.handle = news.handle;
    connection.unanswered = true;
    if (event.proposal)
    {
        connection.responderResources = event.proposal->responderResources;
        connection.initiatorDepth = event.proposal->initiatorDepth;
    }
    OnEvent(Add(++m_lastId, std::move(connection)), event);
}

void ShellSession::RefuseRequest(ibcm::Handle handle, bool datagram, bool elsewhere)
{
    ibcm::ConnectionManager& manager = m_device.Manager();
    if (!datagram && elsewhere)
    {
        (void)m_intake.Refuse(manager, handle, ibwire::IpCmRejReason::kUnknownAddress);
    }
    (void)manager.Destroy(handle); // refuses what has not been: REJ 28, SIDR status 2
}

void ShellSession::OnEvent(Entry entry, const ShellEvent& event)
{
    bool goesOn = !IsLast(event.type, entry->second.datagram);
    PrintEvent(entry, event);
    switch (event.type)
    {
    case ShellEventType::kConnectRequest:
        goesOn = AnswerRequest(entry);
        break;
    case ShellEventType::kConnectResponse:
        entry->second.unanswered = true;
        goesOn = AnswerResponse(entry);
        break;
    case ShellEventType::kDisconnected:
        AnswerDisconnect(entry);
        break;
    case ShellEventType::kRejected:
    case ShellEventType::kUnreachable:
        entry->second.unanswered = false;
        break;
    default:
        break;
    }
    if (!goesOn)
    {
        DestroyIfAutomatic(entry);
    }
}

bool ShellSession::AnswerRequest(Entry entry)
{
    ShellConnection& connection = entry->second;
    switch (m_policy)
    {
    case ShellPolicy::kAccept:
        PrintFailure(entry, "accept", m_calls.Accept(connection, m_policyParameters));
        return connection.unanswered || !connection.datagram;
    case ShellPolicy::kReject:
        PrintFailure(entry, "reject", m_calls.Reject(connection, m_policyParameters.data));
        return connection.unanswered;
    case ShellPolicy::kHold:
        return true;
    }
    return true;
}

bool ShellSession::AnswerResponse(Entry entry)
{
    if (!m_automatic.establish)
    {
        return true;
    }
    const auto established = m_calls.Establish(entry->second);
    if (established)
    {
        return true;
    }
    // As rdma_cm does with a QP that cannot be made ready: the peer is told, and the program.
    (void)m_calls.Reject(entry->second, {});
    PrintEvent(entry, {.type = ShellEventType::kConnectError, .status = -established.error().code});
    return false;
}

void ShellSession::AnswerDisconnect(Entry entry)
{
    entry->second.phase = ShellPhase::kDisconnected;
    entry->second.unanswered = false;
    if (m_automatic.disconnect)
    {
        PrintFailure(entry, "disconnect", m_calls.Disconnect(entry->second));
    }
}

void ShellSession::PrintEvent(Entry entry, const ShellEvent& event)
{
    Print(EventLine(entry->first, event));
}

bool ShellSession::PrintFailure(Entry entry, std::string_view what, const ShellResult<void>& result)
{
    if (!result)
    {
        Print(fmt::format("fail {} {} {}", entry->first, what, result.error().code));
    }
    return result.has_value();
}

} // namespace cmverbs
