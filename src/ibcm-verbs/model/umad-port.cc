// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/umad-port.h"

#include "ibcm-verbs/model/umad-address.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace cmverbs
{

UmadPort::UmadPort(std::unique_ptr<UmadAgent> agent, const PortState& state, MadTap* tap)
    : m_agent(std::move(agent)),
      m_state(state),
      m_tap(tap),
      m_lanes(*m_agent, MakeHooks())
{
}

SendLanes::Hooks UmadPort::MakeHooks()
{
    SendLanes::Hooks hooks;
    if (m_tap != nullptr)
    {
        hooks.turn = [this](const ibwire::MadBytes& mad, const ibcm::MadAddress& address)
        { m_tap->OnSent(*m_state.Get(), mad, address); };
    }
    hooks.failed = [this](int code)
    {
        m_lastSendError = code;
        ++m_sendFailed;
    };
    return hooks;
}

UmadPort::~UmadPort()
{
    Stop();
}

void UmadPort::Start(ibcm::ReliablePort& port, std::function<void(const std::string&)> broken)
{
    m_receiver = ibcm::OsThread(
        [this, &port, broken = std::move(broken)]
        {
            ibcm::NameThisOsThread("umad receive");
            const std::string why = Receive(port);
            if (!why.empty())
            {
                broken(why);
            }
        });
}

void UmadPort::Stop()
{
    if (m_receiver.joinable())
    {
        m_wake.Wake();
        m_receiver.join();
    }
}

UmadCounts UmadPort::Counts() const
{
    UmadCounts counts;
    counts.handedOver = m_handedOver;
    counts.laneFull = m_laneFull;
    counts.sendFailed = m_sendFailed;
    counts.returned = m_returned;
    counts.received = m_received;
    counts.wrongLength = m_wrongLength;
    counts.lastSendError = m_lastSendError;
    return counts;
}

bool UmadPort::Transmit(const ibwire::MadBytes& mad, const ibcm::MadAddress& address)
{
    if (!m_lanes.Queue(mad, address))
    {
        ++m_laneFull;
        return false;
    }
    ++m_handedOver;
    return true;
}

std::string UmadPort::Receive(ibcm::ReliablePort& port)
{
    UmadArrival arrival;
    while (m_wake.WaitFor(m_agent->FileDescriptor()))
    {
        const int code = m_agent->Receive(arrival);
        if (code == 0)
        {
            Accept(arrival, port);
        }
        else if (code != EAGAIN && code != EINTR)
        {
            return std::string("no MADs can be received any more: ") + std::strerror(code);
        }
    }
    return {};
}

void UmadPort::Accept(const UmadArrival& arrival, ibcm::ReliablePort& port)
{
    if (arrival.status != 0)
    {
        ++m_returned;
        return;
    }
    if (arrival.length != ibwire::kMadBytes)
    {
        ++m_wrongLength;
        return;
    }
    const auto state = m_state.Get();
    ibcm::ReceivedMad mad;
    mad.bytes = arrival.bytes;
    mad.replyAddress = ReplyAddressOf(arrival.address);
    mad.pkey = PkeyAt(*state, arrival.address.pkey_index);
    mad.destinationPathBits = arrival.address.path_bits;
    ++m_received;
    if (m_tap != nullptr)
    {
        m_tap->OnReceived(*state, mad);
    }
    port.Received(mad);
}

std::uint16_t UmadPort::Lid() const
{
    return m_state.Get()->lid;
}

std::uint8_t UmadPort::Lmc() const
{
    return m_state.Get()->lmc;
}

std::uint8_t UmadPort::ActiveMtu() const
{
    return static_cast<std::uint8_t>(m_state.Get()->mtu);
}

std::uint8_t UmadPort::ActiveRate() const
{
    const auto port = m_state.Get();
    // On Ethernet the rate of a path is what its sender made up: nobody is refused for it.
    const bool known = !port->ethernet && port->rate != ibwire::Rate{0};
    return static_cast<std::uint8_t>(known ? port->rate : ibwire::Rate::k1200Gbps);
}

std::optional<std::uint8_t> UmadPort::FindGid(const ibwire::Gid& gid) const
{
    const auto port = m_state.Get();
    const GidEntry* entry = cmverbs::FindGid(*port, gid);
    return entry == nullptr ? std::nullopt : std::optional(entry->index);
}

ibwire::Gid UmadPort::GidAt(std::uint8_t index) const
{
    const auto port = m_state.Get();
    const GidEntry* entry = cmverbs::GidAt(*port, index);
    return entry == nullptr ? ibwire::Gid{} : entry->gid;
}

std::optional<std::uint16_t> UmadPort::FindPkey(std::uint16_t pkey) const
{
    return cmverbs::FindPkey(*m_state.Get(), pkey);
}

} // namespace cmverbs
