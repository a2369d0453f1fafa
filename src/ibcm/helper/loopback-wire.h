// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_LOOPBACK_WIRE_H
#define IBCM_LOOPBACK_WIRE_H

#include "ibcm/helper/end-tables.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace ibcm
{

/** A MAD between two ends of a LoopbackWire. */
struct Flight
{
    std::uint64_t number{0}; ///< 1, 2, … in the order of transmission; a duplicate keeps its number
    std::size_t from{0};     ///< the end that sent it, as LoopbackWire::AddEnd counted
    std::size_t to{0};
    MadAddress address; ///< as the sender gave it
    ibwire::MadBytes bytes{};
};

/**
 * Ends that see each other with nothing between them: what one transmits lies in a list until the
 * owner of the wire delivers, drops, doubles or reorders it. For unit tests, fuzzing and
 * benchmarks; allocates nothing once the list has grown. Not thread-safe.
 */
class LoopbackWire
{
  public:
    using EndTables = ibcm::EndTables;
    class End;

    LoopbackWire();
    ~LoopbackWire();

    LoopbackWire(const LoopbackWire&) = delete;
    LoopbackWire& operator=(const LoopbackWire&) = delete;

    /** A new end; it lives as long as the wire. The first is number 0. */
    End& AddEnd(EndTables tables);

    /** Sees each MAD when it is transmitted, before anything can happen to it. Empty: nobody. */
    void SetTap(std::function<void(const Flight&)> tap);

    /** Makes room: no allocation as long as no more than @p flights are under way at once. */
    void Reserve(std::size_t flights);

    /** MADs that have been transmitted and neither delivered nor dropped. */
    std::size_t InFlight() const;
    /** One of them; 0 is the oldest. @param index below InFlight(). */
    const Flight& At(std::size_t index) const;

    /** Hands one over to its end. False if there is no such. */
    bool Deliver(std::size_t index = 0);
    /** Delivers until none is left, those that come up meanwhile with them. @return how many. */
    std::size_t DeliverAll();
    bool Drop(std::size_t index = 0);
    void DropAll();
    /** Puts a copy at the end of the list. False if there is no such. */
    bool Duplicate(std::size_t index = 0);
    /** Puts it at the end of the list: all others overtake it. */
    bool Delay(std::size_t index = 0);

  private:
    std::unique_ptr<Flight> Take(std::size_t index);
    std::unique_ptr<Flight> NewFlight();
    void Append(std::unique_ptr<Flight> flight);
    bool Transmit(End& from, const ibwire::MadBytes& mad, const MadAddress& address);

    std::vector<std::unique_ptr<End>> m_ends;
    std::vector<std::unique_ptr<Flight>> m_flights;
    std::size_t m_oldest{0}; ///< index in m_flights; those before it have been taken
    std::vector<std::unique_ptr<Flight>> m_spare;
    std::uint64_t m_transmitted{0};
    std::function<void(const Flight&)> m_tap;
};

/** One end: the wire that a ReliablePort stands on. */
class LoopbackWire::End final : public TabledEnd
{
  public:
    End(LoopbackWire& wire, std::size_t number, EndTables tables);

    /** What is delivered here goes to @p port from now on; null: it is lost. */
    void Attach(ReliablePort* port);
    /** While down, nothing can be handed to the wire: Transmit answers false. */
    void SetDown(bool down);

    bool Transmit(const ibwire::MadBytes& mad, const MadAddress& address) override;

  private:
    friend class LoopbackWire;

    void Receive(const Flight& flight, const End& from);

    LoopbackWire& m_wire;
    const std::size_t m_number;
    ReliablePort* m_port{nullptr};
    bool m_down{false};
};

} // namespace ibcm

#endif /* IBCM_LOOPBACK_WIRE_H */
