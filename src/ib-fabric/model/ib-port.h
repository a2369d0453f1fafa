// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_PORT_H
#define IB_PORT_H

#include "ib-fabric/model/ib-drop-reason.h"
#include "ib-fabric/model/ib-fault-model.h"
#include "ib-fabric/model/ib-net-device.h"
#include "ib-fabric/model/ib-packet.h"
#include "ib-fabric/model/link-rate.h"
#include "ib-fabric/model/port-counters.h"
#include "ib-fabric/model/vl-queue.h"
#include "ib-wire/model/gid.h"
#include "ib-wire/model/smp.h"

#include <ns3/traced-callback.h>

#include <cstdint>
#include <vector>

namespace ns3
{

class IbNode;

/**
 * \ingroup infiniband
 * One port of a switch, CA or router: its state machines, its registers (PortInfo, P_Key table,
 * GUIDs), the queues of its virtual lanes, its counters. Port 0 of a switch is an IbPort without a
 * cable.
 *
 * A packet that finds the port idle costs one event, its arrival at the other end. Only if
 * something is being sent already does it wait in the queue of its VL; VL 15 goes first, then the
 * data VLs take turns.
 */
class IbPort : public IbNetDevice
{
  public:
    /** Signature of the trace sources Transmit and Receive. */
    typedef void (*PacketTracedCallback)(Ptr<const IbPacket> packet);
    /** Signature of the trace source Drop. */
    typedef void (*DropTracedCallback)(Ptr<const IbPacket> packet, IbDropReason reason);
    /** Signature of the trace source State. */
    typedef void (*StateTracedCallback)(ibwire::PortState before, ibwire::PortState after);

    /** \returns the TypeId */
    static TypeId GetTypeId();

    IbPort();

    /** \param owner the node, which outlives the port \param number 0..254 */
    void SetOwner(IbNode* owner, std::uint8_t number);

    /** \returns the node that the port belongs to */
    IbNode& GetOwner() const
    {
        return *m_owner;
    }

    /** \returns the number of the port within its node */
    std::uint8_t GetNumber() const
    {
        return m_number;
    }

    /** \returns a name for messages: "host-3[1]" */
    std::string GetName() const;

    // Sending and receiving.

    /**
     * Sends a packet or queues it. If it cannot be sent it is dropped, traced and counted.
     * \param packet to be sent; the port may change its VL
     */
    void Transmit(Ptr<IbPacket> packet);

    /** \param packet that arrives from the cable; called by the event that the sender scheduled */
    void Receive(Ptr<IbPacket> packet);

    /** \param packet that this port discards \param reason why: counted and traced */
    void Drop(Ptr<const IbPacket> packet, IbDropReason reason);

    /** \param model decides the fate of what this port sends; null for none */
    void SetFaultModel(Ptr<IbFaultModel> model);

    /** \returns the number of packets that wait in the queues */
    std::uint32_t GetQueueLength() const;

    // State (IBA vol. 1, 7.2 and 14.2.5.6).

    /** \returns logical state */
    ibwire::PortState GetState() const
    {
        return m_info.portState;
    }

    /**
     * Brings the logical state to Down, Init, Armed or Active, as a Set(PortInfo) may ask.
     * \param state the new state
     * \returns false if the state machine does not allow that step
     */
    bool SetState(ibwire::PortState state);

    /**
     * Disables the port (Disabled) or lets it train again (Polling), as a Set(PortInfo) may ask.
     * \param state Polling, Sleep or Disabled
     * \returns false if that state cannot be asked for
     */
    bool SetPhysicalState(ibwire::PortPhysState state);

    /** \returns true if the link has trained: cable in, neither end disabled */
    bool IsLinkUp() const override;

    /** Called by IbLink when a cable is plugged in \param link the cable \param peer other end */
    void Attach(Ptr<IbLink> link, IbPort* peer);

    /** Called by IbLink when the cable is pulled out. */
    void Detach();

    /** \returns the port at the other end of the cable, null if there is no cable */
    IbPort* GetPeer() const
    {
        return m_peer;
    }

    // Registers.

    /** \returns the registers of the port, live */
    ibwire::PortInfo& GetInfo()
    {
        return m_info;
    }

    /** \returns the registers of the port */
    const ibwire::PortInfo& GetInfo() const
    {
        return m_info;
    }

    /** \returns LID of the port; of port 0 on a switch */
    std::uint16_t GetLid() const
    {
        return m_info.lid;
    }

    /** \param lid a LID \returns true if it is one of the 2^LMC of this port */
    bool OwnsLid(std::uint16_t lid) const
    {
        return m_info.lid != 0 && (lid >> m_info.lmc) == (m_info.lid >> m_info.lmc);
    }

    /** \returns port GUID */
    std::uint64_t GetGuid() const
    {
        return m_guids.front();
    }

    /** \returns the GID table: index 0 is the port's own, built from its subnet prefix */
    ibwire::Gid GetGid(std::size_t index = 0) const;

    /** \returns the GUIDs of the port, live; [0] is fixed */
    std::vector<std::uint64_t>& GetGuids()
    {
        return m_guids;
    }

    /** \returns the P_Key table, live; 0 means an empty entry */
    std::vector<std::uint16_t>& GetPkeys()
    {
        return m_pkeys;
    }

    /**
     * \param pkey of a packet
     * \returns index of the entry that admits it (same base key, not both limited), -1 if none
     */
    int FindPkey(std::uint16_t pkey) const;

    /** \returns the counters, live: PMA Set clears them */
    IbPortCounters& GetCounters()
    {
        return m_counters;
    }

    // From NetDevice.
    bool SetMtu(const uint16_t mtu) override;
    uint16_t GetMtu() const override;

  protected:
    void DoDispose() override;

  private:
    // States.
    void LinkChanged();
    void ChangeState(ibwire::PortState state);
    void TakeDown();
    void RecordLinkRate(IbLinkRate rate);

    // Sending. All times in picoseconds: nowPs is the time of this event, startPs the time at
    // which the first byte leaves (in its fraction of a nanosecond before nowPs, perhaps).
    void StartTransmission(Ptr<IbPacket> packet, std::int64_t nowPs, std::int64_t startPs);
    void ApplyFate(const IbFate& fate,
                   Ptr<IbPacket> packet,
                   std::int64_t nowPs,
                   std::int64_t startPs);
    void ScheduleArrival(Ptr<IbPacket> packet,
                         std::int64_t nowPs,
                         std::int64_t startPs,
                         std::int64_t extraPs);
    void Enqueue(Ptr<IbPacket> packet, std::int64_t nowPs);
    void TransmitNext();
    void FlushQueues();
    std::int64_t SerialisationPs(std::uint32_t bytes) const;

    IbNode* m_owner{nullptr};
    IbPort* m_peer{nullptr};
    std::uint8_t m_number{0};
    std::uint32_t m_vl15Buffer{0};
    bool m_waiting{false};     // an event will call TransmitNext()
    std::uint64_t m_kbps{1};   // of the cable
    std::int64_t m_delayPs{0}; // of the cable
    std::int64_t m_freePs{0};  // when the last byte of the packet being sent is out
    std::int64_t m_waitingSincePs{0};
    VlQueue m_queue;
    Ptr<IbFaultModel> m_faults;
    ibwire::PortInfo m_info;
    std::vector<std::uint64_t> m_guids;
    std::vector<std::uint16_t> m_pkeys;
    IbPortCounters m_counters;
    TracedCallback<Ptr<const IbPacket>> m_transmitTrace;
    TracedCallback<Ptr<const IbPacket>> m_receiveTrace;
    TracedCallback<Ptr<const IbPacket>, IbDropReason> m_dropTrace;
    TracedCallback<ibwire::PortState, ibwire::PortState> m_stateTrace;
};

} // namespace ns3

#endif // IB_PORT_H
