// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/shell-listeners.h"

#include <algorithm>
#include <cerrno>

namespace cmverbs
{

namespace
{

std::uint64_t ServiceIdFor(const ShellCommand& listen)
{
    const auto space = listen.datagram ? ibwire::PortSpace::kUdp : ibwire::PortSpace::kTcp;
    return ibcm::ServiceIdOf({space, listen.port});
}

/** The address that was asked for; nothing if that names all of them. */
std::optional<ibcm::IpAddress> AddressFor(const ShellCommand& listen)
{
    return listen.ip && !listen.ip->Bytes().IsZero() ? listen.ip : std::nullopt;
}

} // namespace

ShellListeners::ShellListeners(CmDevice& device, ibcm::EventHandler& handler)
    : m_device(device),
      m_handler(handler)
{
}

ShellListeners::~ShellListeners()
{
    for (const auto& [serviceId, service] : m_services)
    {
        (void)m_device.Manager().Destroy(service.handle);
    }
}

int ShellListeners::ConflictAt(std::uint64_t serviceId,
                               const std::optional<ibcm::IpAddress>& ip) const
{
    const auto found = m_services.find(serviceId);
    if (found == m_services.end())
    {
        return 0;
    }
    for (const Listener& listener : found->second.listeners)
    {
        if (!listener.ip || !ip)
        {
            return EADDRNOTAVAIL;
        }
        if (*listener.ip == *ip)
        {
            return EADDRINUSE;
        }
    }
    return 0;
}

ShellResult<ibcm::Handle> ShellListeners::Open(std::uint64_t serviceId, std::uint32_t backlog)
{
    ibcm::ConnectionManager& manager = m_device.Manager();
    const auto handle = manager.Create(m_handler);
    if (!handle)
    {
        return tl::unexpected(RefusalFrom(handle.error()));
    }
    ibcm::ListenParameters parameters;
    parameters.serviceId = serviceId;
    parameters.backlog = backlog;
    const auto listening = manager.Listen(*handle, parameters);
    if (!listening)
    {
        (void)manager.Destroy(*handle);
        return tl::unexpected(RefusalFrom(listening.error()));
    }
    return *handle;
}

ShellResult<void> ShellListeners::Add(unsigned id, const ShellCommand& listen)
{
    const std::uint64_t serviceId = ServiceIdFor(listen);
    const std::optional<ibcm::IpAddress> ip = AddressFor(listen);
    if (ip)
    {
        // The way from an address to itself: a device that does not have it says so at once.
        const auto own = m_device.Resolve(*ip, ip);
        if (!own && own.error().code == EADDRNOTAVAIL)
        {
            return tl::unexpected(RefusalFrom(own.error()));
        }
    }
    if (const int conflict = ConflictAt(serviceId, ip); conflict != 0)
    {
        return tl::unexpected(ShellRefusal{conflict, "the port is listened to already"});
    }
    const auto known = m_services.find(serviceId);
    if (known != m_services.end())
    {
        known->second.listeners.push_back({id, ip});
        return {};
    }
    const auto handle = Open(serviceId, listen.backlog.value_or(0));
    if (!handle)
    {
        return tl::unexpected(handle.error());
    }
    m_services.emplace(serviceId, Service{*handle, {{id, ip}}});
    return {};
}

bool ShellListeners::Has(unsigned id) const
{
    const std::vector<unsigned> ids = Ids();
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

void ShellListeners::Remove(unsigned id)
{
    for (auto at = m_services.begin(); at != m_services.end(); ++at)
    {
        Service& service = at->second;
        if (std::erase_if(service.listeners, [&](const Listener& l) { return l.id == id; }) == 0)
        {
            continue;
        }
        if (service.listeners.empty())
        {
            (void)m_device.Manager().Destroy(service.handle);
            m_services.erase(at);
        }
        return;
    }
}

std::vector<unsigned> ShellListeners::Ids() const
{
    std::vector<unsigned> ids;
    for (const auto& [serviceId, service] : m_services)
    {
        for (const Listener& listener : service.listeners)
        {
            ids.push_back(listener.id);
        }
    }
    return ids;
}

std::optional<unsigned> ShellListeners::Find(std::uint64_t serviceId,
                                             const ibcm::IpAddress& address) const
{
    const auto found = m_services.find(serviceId);
    if (found == m_services.end())
    {
        return std::nullopt;
    }
    for (const Listener& listener : found->second.listeners)
    {
        if (!listener.ip || *listener.ip == address)
        {
            return listener.id;
        }
    }
    return std::nullopt;
}

bool ShellListeners::Serves(std::uint64_t serviceId) const
{
    return m_services.contains(serviceId);
}

} // namespace cmverbs
