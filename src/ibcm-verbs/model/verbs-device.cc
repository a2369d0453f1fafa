// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/verbs-device.h"

#include <endian.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <limits>
#include <utility>

namespace cmverbs
{

namespace
{

GidType TypeOf(std::uint32_t verbs)
{
    switch (verbs)
    {
    case IBV_GID_TYPE_ROCE_V1:
        return GidType::kRoceV1;
    case IBV_GID_TYPE_ROCE_V2:
        return GidType::kRoceV2;
    default:
        return GidType::kInfiniband;
    }
}

VerbsResult<std::vector<GidEntry>> QueryGids(ibv_context* context,
                                             std::uint8_t port,
                                             std::size_t tableSizeOfAllPorts)
{
    std::vector<ibv_gid_entry> entries(tableSizeOfAllPorts);
    const ssize_t found = ibv_query_gid_table(context, entries.data(), entries.size(), 0);
    if (found < 0)
    {
        return tl::unexpected(VerbsError{static_cast<int>(-found), "cannot read the GID table"});
    }
    std::vector<GidEntry> gids;
    for (const ibv_gid_entry& entry : std::span(entries).first(static_cast<std::size_t>(found)))
    {
        // An address has 8 bits for the index; who has more GIDs reaches the first 256.
        if (entry.port_num != port || entry.gid_index > std::numeric_limits<std::uint8_t>::max())
        {
            continue;
        }
        GidEntry gid;
        std::copy(std::begin(entry.gid.raw), std::end(entry.gid.raw), gid.gid.raw.begin());
        gid.index = static_cast<std::uint8_t>(entry.gid_index);
        gid.type = TypeOf(entry.gid_type);
        gid.interface = entry.ndev_ifindex;
        gids.push_back(gid);
    }
    std::sort(gids.begin(),
              gids.end(),
              [](const GidEntry& a, const GidEntry& b) { return a.index < b.index; });
    return gids;
}

} // namespace

void VerbsFree::operator()(ibv_context* context) const
{
    ibv_close_device(context);
}

void VerbsFree::operator()(ibv_pd* domain) const
{
    ibv_dealloc_pd(domain);
}

void VerbsFree::operator()(ibv_cq* queue) const
{
    ibv_destroy_cq(queue);
}

void VerbsFree::operator()(ibv_comp_channel* channel) const
{
    ibv_destroy_comp_channel(channel);
}

void VerbsFree::operator()(ibv_mr* region) const
{
    ibv_dereg_mr(region);
}

void VerbsFree::operator()(ibv_qp* pair) const
{
    ibv_destroy_qp(pair);
}

void VerbsFree::operator()(ibv_ah* address) const
{
    ibv_destroy_ah(address);
}

VerbsResult<std::size_t> ChooseDevice(const std::vector<std::string>& names,
                                      const std::string& wanted)
{
    if (names.empty())
    {
        return tl::unexpected(
            VerbsError{ENODEV,
                       "there is no RDMA device; see 'rdma link', and for soft-RoCE "
                       "'modprobe rdma_rxe; rdma link add rxe0 type rxe netdev INTERFACE'"});
    }
    const auto found = std::find(names.begin(), names.end(), wanted);
    if (found != names.end())
    {
        return static_cast<std::size_t>(found - names.begin());
    }
    const std::string all = fmt::format("{}", fmt::join(names, ", "));
    if (!wanted.empty())
    {
        return tl::unexpected(
            VerbsError{ENODEV, fmt::format("there is no device '{}'; there are {}", wanted, all)});
    }
    if (names.size() > 1)
    {
        return tl::unexpected(
            VerbsError{ENODEV, fmt::format("there are several devices, name one: {}", all)});
    }
    return 0;
}

VerbsResult<std::unique_ptr<VerbsDevice>> VerbsDevice::Open(const std::string& name)
{
    int count = 0;
    ibv_device** list = ibv_get_device_list(&count);
    std::vector<std::string> names;
    for (ibv_device* device :
         std::span(list, list == nullptr ? 0 : static_cast<std::size_t>(count)))
    {
        names.emplace_back(ibv_get_device_name(device));
    }
    const auto place = ChooseDevice(names, name);
    VerbsPtr<ibv_context> context;
    int code = 0;
    if (place)
    {
        errno = 0;
        context.reset(ibv_open_device(std::span(list, names.size())[*place]));
        code = errno;
    }
    if (list != nullptr)
    {
        ibv_free_device_list(list);
    }
    if (!place)
    {
        return tl::unexpected(place.error());
    }
    if (context == nullptr)
    {
        const bool forbidden = code == EACCES || code == EPERM;
        return tl::unexpected(VerbsError{
            code == 0 ? ENODEV : code,
            fmt::format("cannot open device {}{}",
                        names[*place],
                        forbidden ? "; /dev/infiniband/uverbs* must be readable and writable"
                                  : "")});
    }
    std::unique_ptr<VerbsDevice> device(new VerbsDevice(std::move(context), names[*place]));
    if (const VerbsStatus ready = device->Initialise(); !ready)
    {
        return tl::unexpected(ready.error());
    }
    return device;
}

VerbsDevice::VerbsDevice(VerbsPtr<ibv_context> context, std::string name)
    : m_name(std::move(name)),
      m_context(std::move(context))
{
}

VerbsStatus VerbsDevice::Initialise()
{
    ibv_device_attr attributes{};
    if (const int code = ibv_query_device(m_context.get(), &attributes); code != 0)
    {
        return tl::unexpected(VerbsError{code, "cannot query device " + m_name});
    }
    m_nodeGuid = be64toh(attributes.node_guid);
    if (m_nodeGuid == 0)
    {
        return tl::unexpected(
            VerbsError{EINVAL,
                       fmt::format("device {} has the node GUID 0, by which no peer can tell it "
                                   "apart; on a virtual function set it first "
                                   "(ip link set DEVICE vf N node_guid GUID)",
                                   m_name)});
    }
    m_ackDelay = attributes.local_ca_ack_delay;
    m_maxReads = static_cast<std::uint8_t>(
        std::clamp(std::min(attributes.max_qp_rd_atom, attributes.max_qp_init_rd_atom), 0, 255));
    m_ports = attributes.phys_port_cnt;
    m_domain.reset(ibv_alloc_pd(m_context.get()));
    if (m_domain == nullptr)
    {
        return tl::unexpected(
            VerbsError{errno, "cannot allocate a protection domain on " + m_name});
    }
    return {};
}

VerbsResult<PortSnapshot> VerbsDevice::QueryPort(std::uint8_t number) const
{
    if (number == 0 || number > m_ports)
    {
        return tl::unexpected(VerbsError{
            ENODEV,
            fmt::format("device {} has no port {}; its ports are 1..{}", m_name, number, m_ports)});
    }
    ibv_port_attr attributes{};
    if (const int code = ibv_query_port(m_context.get(), number, &attributes); code != 0)
    {
        return tl::unexpected(
            VerbsError{code, fmt::format("cannot query port {} of {}", number, m_name)});
    }
    PortSnapshot port;
    port.number = number;
    port.active = attributes.state == IBV_PORT_ACTIVE;
    port.ethernet = attributes.link_layer == IBV_LINK_LAYER_ETHERNET;
    port.lid = attributes.lid;
    port.lmc = attributes.lmc;
    port.smLid = attributes.sm_lid;
    port.smSl = attributes.sm_sl;
    port.mtu = static_cast<ibwire::Mtu>(attributes.active_mtu);
    port.rate = LinkRate(attributes.active_speed, attributes.active_width);
    const auto tableSize = static_cast<std::size_t>(std::max(attributes.gid_tbl_len, 0));
    auto gids = QueryGids(m_context.get(), number, tableSize * m_ports);
    if (!gids)
    {
        return tl::unexpected(gids.error());
    }
    port.gids = std::move(*gids);
    for (int i = 0; i < attributes.pkey_tbl_len; ++i)
    {
        __be16 pkey = 0;
        const bool there = ibv_query_pkey(m_context.get(), number, i, &pkey) == 0;
        port.pkeys.push_back(there ? be16toh(pkey) : std::uint16_t{0});
    }
    return port;
}

} // namespace cmverbs
