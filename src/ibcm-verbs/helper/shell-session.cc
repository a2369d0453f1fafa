// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The loop, and the commands; shell-session-events.cc has what comes by itself.
#include "ibcm-verbs/helper/shell-session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <ostream>
#include <utility>
#include <variant>

namespace cmverbs
{

ShellSession::ShellSession(CmDevice& device, ibcm::Behaviour behaviour, std::ostream& output)
    : m_device(device),
      m_output(output),
      m_intake(m_queue, behaviour),
      m_calls(device, m_intake),
      m_listeners(device, m_intake),
      m_resolver(device, m_queue)
{
}

void ShellSession::Run()
{
    Print("app ready");
    bool more = true;
    while (more)
    {
        more = std::visit([this](const auto& item) { return On(item); }, m_queue.Pop());
    }
}

bool ShellSession::On(const ShellInput& input)
{
    const ShellWords words = SplitWords(input.line);
    if (words.empty())
    {
        m_queue.FinishInput(true);
        return true;
    }
    const auto command = input.tooLong
                             ? tl::unexpected(ShellRefusal{EINVAL, "the line is too long"})
                             : ParseCommand(words);
    // What has an id to tell, or a report, prints its answer itself.
    const auto done =
        command ? Execute(*command) : ShellResult<void>(tl::unexpected(command.error()));
    if (!done)
    {
        Print(RefusalLine(words.front(), done.error()));
    }
    const bool more = !done || command->verb != ShellVerb::kQuit;
    m_queue.FinishInput(more);
    return more;
}

bool ShellSession::On(const ShellInputEnd& /*end*/)
{
    DestroyAll();
    return false;
}

ShellResult<void> ShellSession::Execute(const ShellCommand& command)
{
    switch (command.verb)
    {
    case ShellVerb::kListen:
        return Listen(command);
    case ShellVerb::kConnect:
        return Connect(command);
    case ShellVerb::kPolicy:
        return SetPolicy(command);
    case ShellVerb::kAuto:
        return SetAutomatic(command);
    case ShellVerb::kDump:
        return Dump();
    case ShellVerb::kQuit:
        DestroyAll();
        Print("ok quit");
        return {};
    default:
        return ExecuteOnId(command);
    }
}

ShellResult<void> ShellSession::Listen(const ShellCommand& command)
{
    const auto added = m_listeners.Add(m_lastId + 1, command);
    if (added)
    {
        ++m_lastId;
        Print(fmt::format("ok listen id={}", m_lastId));
    }
    return added;
}

ShellResult<void> ShellSession::Connect(const ShellCommand& command)
{
    const auto carrier = command.datagram ? ibcm::IpCmCarrier::kSidrReq : ibcm::IpCmCarrier::kReq;
    if (command.parameters.data.size() > ibcm::IpCmConsumerBytes(carrier))
    {
        return tl::unexpected(ShellRefusal{EINVAL, ibcm::ToString(ibcm::IpCmError::kConsumerData)});
    }
    if (command.datagram && command.ackTimeout)
    {
        return tl::unexpected(ShellRefusal{EINVAL, "a datagram service acknowledges nothing"});
    }
    ShellConnection connection;
    connection.active = true;
    connection.datagram = command.datagram;
    connection.wanted = command;
    const Entry entry = Add(++m_lastId, std::move(connection));
    Print(fmt::format("ok connect id={}", entry->first));
    m_resolver.Ask(entry->first, command.address);
    return {};
}

ShellResult<void> ShellSession::SetPolicy(const ShellCommand& command)
{
    m_policy = command.policy;
    m_policyParameters = command.parameters;
    Print("ok policy");
    return {};
}

ShellResult<void> ShellSession::SetAutomatic(const ShellCommand& command)
{
    m_automatic.establish = command.establish.value_or(m_automatic.establish);
    m_automatic.disconnect = command.disconnect.value_or(m_automatic.disconnect);
    m_automatic.destroy = command.destroy.value_or(m_automatic.destroy);
    Print("ok auto");
    return {};
}

ShellResult<void> ShellSession::Dump()
{
    const std::string text = m_device.Manager().Dump();
    std::string_view rest = text;
    while (!rest.empty())
    {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        if (end > 0)
        {
            Print(rest.substr(0, end));
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    Print("ok dump");
    return {};
}

ShellResult<void> ShellSession::ExecuteOnId(const ShellCommand& command)
{
    if (m_listeners.Has(command.id))
    {
        if (command.verb != ShellVerb::kDestroy)
        {
            return tl::unexpected(ShellRefusal{EINVAL, "the id is a listener's"});
        }
        m_listeners.Remove(command.id);
        Print("ok destroy");
        return {};
    }
    const Entry entry = m_connections.find(command.id);
    if (entry == m_connections.end())
    {
        return tl::unexpected(ShellRefusal{ENOENT, "there is no such id"});
    }
    auto done = ExecuteOnConnection(command, entry);
    if (!done)
    {
        return done;
    }
    Print(fmt::format("ok {}", ToString(command.verb)));
    const bool ended = command.verb == ShellVerb::kReject ||
                       (command.verb == ShellVerb::kAccept && entry->second.datagram);
    if (ended)
    {
        DestroyIfAutomatic(entry);
    }
    return done;
}

ShellResult<void> ShellSession::ExecuteOnConnection(const ShellCommand& command, Entry entry)
{
    switch (command.verb)
    {
    case ShellVerb::kAccept:
        return m_calls.Accept(entry->second, command.parameters);
    case ShellVerb::kReject:
        return m_calls.Reject(entry->second, command.parameters.data);
    case ShellVerb::kEstablish:
        return m_calls.Establish(entry->second);
    case ShellVerb::kDisconnect:
        return m_calls.Disconnect(entry->second);
    case ShellVerb::kNotify:
        return m_calls.Notify(entry->second);
    default:
        Destroy(entry);
        return {};
    }
}

void ShellSession::Print(std::string_view line)
{
    m_output << line << '\n' << std::flush; // whoever steers the shell waits for it
}

ShellSession::Entry ShellSession::Add(unsigned id, ShellConnection connection)
{
    const Entry entry = m_connections.emplace(id, std::move(connection)).first;
    if (entry->second.handle != ibcm::Handle::kNone)
    {
        m_idOf.emplace(entry->second.handle, id);
    }
    return entry;
}

void ShellSession::Destroy(Entry entry)
{
    m_idOf.erase(entry->second.handle);
    m_calls.Destroy(entry->second);
    m_connections.erase(entry);
}

void ShellSession::DestroyIfAutomatic(Entry entry)
{
    if (m_automatic.destroy)
    {
        Destroy(entry);
    }
}

void ShellSession::DestroyAll()
{
    for (const unsigned id : m_listeners.Ids())
    {
        m_listeners.Remove(id);
    }
    // Nobody makes requests any more; those that have not been dealt with are ids all the same.
    for (const ShellItem& item : m_queue.TakeAll())
    {
        const auto* const news = std::get_if<ShellNews>(&item);
        if (news != nullptr && IsRequest(news->event))
        {
            (void)m_device.Manager().Destroy(news->handle);
        }
    }
    while (!m_connections.empty())
    {
        Destroy(m_connections.begin());
    }
}

} // namespace cmverbs
