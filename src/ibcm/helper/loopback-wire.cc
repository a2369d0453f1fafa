// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/helper/loopback-wire.h"

#include <utility>

namespace ibcm
{

LoopbackWire::LoopbackWire() = default;
LoopbackWire::~LoopbackWire() = default;

LoopbackWire::End& LoopbackWire::AddEnd(EndTables tables)
{
    m_ends.push_back(std::make_unique<End>(*this, m_ends.size(), std::move(tables)));
    return *m_ends.back();
}

void LoopbackWire::SetTap(std::function<void(const Flight&)> tap)
{
    m_tap = std::move(tap);
}

std::size_t LoopbackWire::InFlight() const
{
    return m_flights.size() - m_oldest;
}

const Flight& LoopbackWire::At(std::size_t index) const
{
    return *m_flights.at(m_oldest + index);
}

std::unique_ptr<Flight> LoopbackWire::Take(std::size_t index)
{
    if (index >= InFlight())
    {
        return nullptr;
    }
    auto flight = std::move(m_flights[m_oldest + index]);
    if (index == 0)
    {
        ++m_oldest; // the usual case must not move all others
    }
    else
    {
        m_flights.erase(m_flights.begin() + static_cast<std::ptrdiff_t>(m_oldest + index));
    }
    if (m_oldest == m_flights.size())
    {
        m_flights.clear();
        m_oldest = 0;
    }
    return flight;
}

void LoopbackWire::Append(std::unique_ptr<Flight> flight)
{
    // Closing the gap costs at most what has been taken since it was closed last.
    if (m_flights.size() == m_flights.capacity() && m_oldest >= m_flights.size() / 2)
    {
        m_flights.erase(m_flights.begin(),
                        m_flights.begin() + static_cast<std::ptrdiff_t>(m_oldest));
        m_oldest = 0;
    }
    m_flights.push_back(std::move(flight));
}

void LoopbackWire::Reserve(std::size_t flights)
{
    m_flights.reserve(2 * flights);
    m_spare.reserve(flights);
    while (m_spare.size() + InFlight() < flights)
    {
        m_spare.push_back(std::make_unique<Flight>());
    }
}

std::unique_ptr<Flight> LoopbackWire::NewFlight()
{
    if (m_spare.empty())
    {
        return std::make_unique<Flight>();
    }
    auto flight = std::move(m_spare.back());
    m_spare.pop_back();
    return flight;
}

bool LoopbackWire::Transmit(End& from, const ibwire::MadBytes& mad, const MadAddress& address)
{
    auto flight = NewFlight();
    flight->number = ++m_transmitted;
    flight->from = from.m_number;
    flight->to = m_ends.size(); // nobody: a LID that does not exist swallows what is sent to it
    for (const auto& end : m_ends)
    {
        if (end->Tables().HasLid(address.dlid))
        {
            flight->to = end->m_number;
        }
    }
    flight->address = address;
    flight->bytes = mad;
    if (m_tap)
    {
        m_tap(*flight);
    }
    Append(std::move(flight));
    return true;
}

bool LoopbackWire::Deliver(std::size_t index)
{
    auto flight = Take(index);
    if (!flight)
    {
        return false;
    }
    if (flight->to < m_ends.size())
    {
        m_ends[flight->to]->Receive(*flight, *m_ends[flight->from]);
    }
    m_spare.push_back(std::move(flight));
    return true;
}

std::size_t LoopbackWire::DeliverAll()
{
    std::size_t delivered = 0;
    while (Deliver())
    {
        ++delivered;
    }
    return delivered;
}

bool LoopbackWire::Drop(std::size_t index)
{
    auto flight = Take(index);
    if (!flight)
    {
        return false;
    }
    m_spare.push_back(std::move(flight));
    return true;
}

void LoopbackWire::DropAll()
{
    while (Drop())
    {
    }
}

bool LoopbackWire::Duplicate(std::size_t index)
{
    if (index >= InFlight())
    {
        return false;
    }
    auto copy = NewFlight();
    *copy = At(index);
    Append(std::move(copy));
    return true;
}

bool LoopbackWire::Delay(std::size_t index)
{
    auto flight = Take(index);
    if (!flight)
    {
        return false;
    }
    Append(std::move(flight));
    return true;
}

LoopbackWire::End::End(LoopbackWire& wire, std::size_t number, EndTables tables)
    : TabledEnd(std::move(tables)),
      m_wire(wire),
      m_number(number)
{
}

void LoopbackWire::End::Attach(ReliablePort* port)
{
    m_port = port;
}

void LoopbackWire::End::SetDown(bool down)
{
    m_down = down;
}

bool LoopbackWire::End::Transmit(const ibwire::MadBytes& mad, const MadAddress& address)
{
    return !m_down && m_wire.Transmit(*this, mad, address);
}

void LoopbackWire::End::Receive(const Flight& flight, const End& from)
{
    if (m_port == nullptr)
    {
        return;
    }
    if (const auto received = ArrivalOf(flight.bytes, flight.address, from.Tables(), Tables()))
    {
        m_port->Received(*received);
    }
}

} // namespace ibcm
