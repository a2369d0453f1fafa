// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_NET_DEVICE_H
#define IB_NET_DEVICE_H

#include <ns3/net-device.h>
#include <ns3/node.h>
#include <ns3/traced-callback.h>

#include <cstdint>

namespace ns3
{

class IbLink;

/**
 * \ingroup infiniband
 * The face that an InfiniBand port shows to the rest of ns-3: an interface of a Node, attached to
 * a Channel, so that Config paths, NetDeviceContainers and topology tools work. It carries no
 * ns3::Packet (IP over InfiniBand is not modelled): Send() refuses.
 */
class IbNetDevice : public NetDevice
{
  public:
    /** \returns the TypeId */
    static TypeId GetTypeId();

    // From NetDevice.
    void SetIfIndex(const uint32_t index) override;
    uint32_t GetIfIndex() const override;
    Ptr<Channel> GetChannel() const override;
    void SetAddress(Address address) override;
    Address GetAddress() const override;
    void AddLinkChangeCallback(Callback<void> callback) override;
    bool IsBroadcast() const override;
    Address GetBroadcast() const override;
    bool IsMulticast() const override;
    Address GetMulticast(Ipv4Address multicastGroup) const override;
    Address GetMulticast(Ipv6Address addr) const override;
    bool IsBridge() const override;
    bool IsPointToPoint() const override;
    bool Send(Ptr<Packet> packet, const Address& dest, uint16_t protocolNumber) override;
    bool SendFrom(Ptr<Packet> packet,
                  const Address& source,
                  const Address& dest,
                  uint16_t protocolNumber) override;
    Ptr<Node> GetNode() const override;
    void SetNode(Ptr<Node> node) override;
    bool NeedsArp() const override;
    void SetReceiveCallback(ReceiveCallback cb) override;
    void SetPromiscReceiveCallback(PromiscReceiveCallback cb) override;
    bool SupportsSendFrom() const override;

    /** \returns the cable in this port, null if there is none */
    Ptr<IbLink> GetLink() const;

  protected:
    void DoDispose() override;

    /** \param link the cable, null to pull it out */
    void SetLink(Ptr<IbLink> link);

    /** Tells those who asked that IsLinkUp() has changed. */
    void NotifyLinkChange();

  private:
    Ptr<Node> m_ns3Node;
    Ptr<IbLink> m_link;
    Address m_address;
    uint32_t m_ifIndex{0};
    TracedCallback<> m_linkChangeCallbacks;
};

} // namespace ns3

#endif // IB_NET_DEVICE_H
