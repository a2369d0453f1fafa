// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a port knows of itself: the wire's tables.
#include "ib-wire/model/path-codes.h"
#include "ibcm/helper/reliable-port.h"

namespace ibcm
{

std::uint8_t MadWire::Lmc() const
{
    return 0;
}

std::uint8_t MadWire::ActiveMtu() const
{
    return static_cast<std::uint8_t>(ibwire::Mtu::k4096);
}

std::uint8_t MadWire::ActiveRate() const
{
    return static_cast<std::uint8_t>(ibwire::Rate::k100Gbps);
}

std::uint16_t ReliablePort::Lid() const
{
    return m_wire.Lid();
}

std::uint8_t ReliablePort::Lmc() const
{
    return m_wire.Lmc();
}

std::uint8_t ReliablePort::ActiveMtu() const
{
    return m_wire.ActiveMtu();
}

std::uint8_t ReliablePort::ActiveRate() const
{
    return m_wire.ActiveRate();
}

std::optional<std::uint8_t> ReliablePort::FindGid(const ibwire::Gid& gid) const
{
    return m_wire.FindGid(gid);
}

ibwire::Gid ReliablePort::GidAt(std::uint8_t index) const
{
    return m_wire.GidAt(index);
}

std::optional<std::uint16_t> ReliablePort::FindPkey(std::uint16_t pkey) const
{
    return m_wire.FindPkey(pkey);
}

} // namespace ibcm
