// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_SWITCH_H
#define IB_SWITCH_H

#include "ib-fabric/model/ib-node.h"
#include "ib-wire/model/smp.h"

#include <cstdint>
#include <span>
#include <vector>

namespace ns3
{

/**
 * \ingroup infiniband
 * A switch: forwards by DLID through its linear forwarding table, as soon as the header of a
 * packet is in (cut-through). Port 0 is its management port.
 */
class IbSwitch : public IbNode
{
  public:
    /** LIDs in one block of the forwarding table. */
    static constexpr std::uint32_t kLftBlock = 64;
    /** Entry of the forwarding table: no route. */
    static constexpr std::uint8_t kNoRoute = 255;

    /** \returns the TypeId */
    static TypeId GetTypeId();

    IbSwitch();

    /** \returns the registers of the switch */
    const ibwire::SwitchInfo& GetSwitchInfo() const;

    /**
     * Writes the registers that a subnet manager may write.
     * \param wanted their values
     * \returns false, with nothing changed, if one is out of range
     */
    bool SetSwitchInfo(const ibwire::SwitchInfo& wanted);

    /** \param lid a unicast LID \returns the output port, kNoRoute if there is none */
    std::uint8_t LookUp(std::uint16_t lid) const
    {
        return lid < m_lft.size() && lid <= m_info.linearFdbTop ? m_lft[lid] : kNoRoute;
    }

    /** \param block number of a block \param entries its 64 output ports */
    void SetLftBlock(std::uint32_t block, std::span<const std::uint8_t, kLftBlock> entries);

    /** \param block number of a block \param entries receives its 64 output ports */
    void GetLftBlock(std::uint32_t block, std::span<std::uint8_t, kLftBlock> entries) const;

    // From IbNode.
    void ReceiveFromPort(IbPort& port, Ptr<IbPacket> packet) override;
    void SendRouted(IbPort& endPort, Ptr<IbPacket> packet) override;
    void PortStateChanged(IbPort& port) override;

  private:
    void SetForwardingLatency(Time latency);
    Time GetForwardingLatency() const;
    void SetCapacity(std::uint16_t lids);
    std::uint16_t GetCapacity() const;

    ibwire::SwitchInfo m_info;
    std::vector<std::uint8_t> m_lft; // as long as the blocks that were written
};

} // namespace ns3

#endif // IB_SWITCH_H
