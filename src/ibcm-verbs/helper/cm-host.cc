// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/cm-host.h"

#include "ibcm-verbs/model/ipoib-route.h"
#include "ibcm-verbs/model/roce-route.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace cmverbs
{

namespace
{

constexpr UmadClass kCmClass{ibwire::MgmtClass::kCm, 2, true};
constexpr UmadClass kSaClass{ibwire::MgmtClass::kSubnAdm, 2, false};

/** Can connections be made over the port as it is? */
VerbsStatus CheckPort(const VerbsDevice& device, const PortSnapshot& port)
{
    const std::string name = fmt::format("port {} of {}", port.number, device.Name());
    if (!port.active)
    {
        return tl::unexpected(VerbsError{
            ENETDOWN,
            name + (port.ethernet
                        ? " is down; is its network interface up? (see 'rdma link')"
                        : " is not active; is there a subnet manager? (see 'rdma link')")});
    }
    if (!HasUsableGid(port))
    {
        return tl::unexpected(VerbsError{
            EADDRNOTAVAIL,
            name + (port.ethernet ? " has no RoCE v2 GID; give its network interface an IP address"
                                  : " has no GID")});
    }
    return {};
}

} // namespace

VerbsResult<std::unique_ptr<CmHost>> CmHost::Open(const CmHostOptions& options)
{
    const std::string problem = options.manager.Problem() + options.mads.Problem();
    if (!problem.empty())
    {
        return tl::unexpected(VerbsError{EINVAL, problem});
    }
    std::unique_ptr<CmHost> host(new CmHost(options));
    if (const VerbsStatus ready = host->Initialise(); !ready)
    {
        return tl::unexpected(ready.error());
    }
    return host;
}

CmHost::CmHost(const CmHostOptions& options)
    : m_options(options)
{
}

CmHost::~CmHost()
{
    m_events.reset();
    if (m_umad != nullptr)
    {
        m_umad->Stop();
    }
    m_manager.reset();
    m_mads.reset();
}

VerbsStatus CmHost::Initialise()
{
    auto device = VerbsDevice::Open(m_options.device);
    if (!device)
    {
        return tl::unexpected(device.error());
    }
    m_device = std::move(*device);
    auto port = m_device->QueryPort(m_options.port);
    if (!port)
    {
        return tl::unexpected(port.error());
    }
    if (const VerbsStatus usable = CheckPort(*m_device, *port); !usable)
    {
        return usable;
    }
    if (m_options.gidIndex)
    {
        const GidEntry* entry = GidAt(*port, *m_options.gidIndex);
        if (!port->ethernet || entry == nullptr || entry->type != GidType::kRoceV2)
        {
            return tl::unexpected(
                VerbsError{EADDRNOTAVAIL,
                           fmt::format("GID index {} of port {} of {} is no RoCE v2 GID",
                                       *m_options.gidIndex,
                                       m_options.port,
                                       m_device->Name())});
        }
    }
    m_state = std::make_unique<PortState>(std::move(*port));
    return OpenPort();
}

VerbsStatus CmHost::OpenPort()
{
    auto agent = OpenUmadAgent(m_device->Name(), m_options.port, kCmClass);
    if (!agent)
    {
        return tl::unexpected(agent.error());
    }
    if (!m_state->Get()->ethernet)
    {
        auto administrator = OpenUmadAgent(m_device->Name(), m_options.port, kSaClass);
        if (!administrator)
        {
            return tl::unexpected(administrator.error());
        }
        m_paths = std::make_unique<SaPathClient>(std::move(*administrator));
    }
    if (!m_options.captureFile.empty())
    {
        auto capture = MadCapture::Create(m_options.captureFile, m_options.trouble);
        if (!capture)
        {
            return tl::unexpected(capture.error());
        }
        m_capture = std::move(*capture);
    }
    m_umad = std::make_unique<UmadPort>(std::move(*agent), *m_state, m_capture.get());
    m_mads =
        std::make_unique<ibcm::ReliablePort>(m_runtime, *m_umad, m_options.port, m_options.mads);
    ibcm::DeviceInfo info;
    info.caGuid = m_device->NodeGuid();
    info.caAckDelay = m_device->AckDelay();
    m_manager = std::make_unique<ibcm::ConnectionManager>(m_runtime, info, m_options.manager);
    if (!m_manager->AddPort(m_options.port, *m_mads))
    {
        return tl::unexpected(VerbsError{EINVAL, "the port cannot be served"});
    }
    m_umad->Start(*m_mads,
                  [this](const std::string& why)
                  {
                      if (m_options.trouble)
                      {
                          m_options.trouble(why);
                      }
                  });
    m_events = std::make_unique<PortEvents>(
        *m_device,
        m_options.port,
        *m_manager,
        PortEvents::Reactions{[this] { Refresh(); }, [this] { Withdraw("the device has gone"); }});
    return {};
}

void CmHost::Refresh()
{
    if (auto port = m_device->QueryPort(m_options.port))
    {
        m_state->Set(std::move(*port));
    }
}

void CmHost::Withdraw(const std::string& why)
{
    m_umad->Stop();
    (void)m_manager->RemovePort(m_options.port); // already done if it is told twice
    if (m_options.trouble)
    {
        m_options.trouble(why);
    }
}

VerbsResult<Route> CmHost::Resolve(const ibcm::IpAddress& destination,
                                   std::optional<ibcm::IpAddress> source)
{
    const auto port = m_state->Get();
    if (!port->ethernet)
    {
        if (!source && IsGidOfSubnet(*port, destination))
        {
            return ResolveGid(*port, *m_paths, destination.Bytes());
        }
        return ResolveIpoib(*port, *m_paths, destination, source);
    }
    if (!source && m_options.gidIndex)
    {
        if (const GidEntry* entry = GidAt(*port, *m_options.gidIndex))
        {
            source = AddressOfGid(entry->gid);
        }
    }
    return ResolveRoce(*port, destination, source);
}

VerbsResult<std::unique_ptr<QueuePair>> CmHost::MakeQueuePair(bool datagram)
{
    VerbsQpOptions options;
    options.datagram = datagram;
    return MakeDataQp(options);
}

VerbsResult<std::unique_ptr<VerbsQp>> CmHost::MakeDataQp(VerbsQpOptions options)
{
    options.port = m_options.port;
    return VerbsQp::Make(*m_device, options);
}

VerbsResult<std::unique_ptr<DatagramAddress>> CmHost::AddressFor(const VerbsQp& pair,
                                                                 const ibcm::Path& path) const
{
    const auto port = m_state->Get();
    const GidEntry* source = FindGid(*port, path.sgid);
    ibcm::MadAddress address;
    address.dlid = path.dlid;
    address.sl = path.sl;
    address.hasGrh = port->ethernet || path.hopLimit > 1;
    address.dgid = path.dgid;
    address.sgidIndex = source == nullptr ? std::uint8_t{0} : source->index;
    address.flowLabel = path.flowLabel;
    address.hopLimit = path.hopLimit;
    address.trafficClass = path.trafficClass;
    return pair.AddressOf(address);
}

std::string CmHost::Dump()
{
    const auto port = m_state->Get();
    const UmadCounts counts = m_umad->Counts();
    return m_manager->Dump() +
           fmt::format("port {} of {} {} lid={} gids={} handed-over={} lane-full={} "
                       "send-failed={} last-send-error={} returned={} received={} "
                       "wrong-length={} retries={} outstanding={} waiting={}\n",
                       port->number,
                       m_device->Name(),
                       port->active ? "active" : "down",
                       port->lid,
                       port->gids.size(),
                       counts.handedOver,
                       counts.laneFull,
                       counts.sendFailed,
                       counts.lastSendError,
                       counts.returned,
                       counts.received,
                       counts.wrongLength,
                       m_mads->Retries(),
                       m_mads->Outstanding(),
                       m_mads->Waiting());
}

} // namespace cmverbs
