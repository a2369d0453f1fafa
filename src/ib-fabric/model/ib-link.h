// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_LINK_H
#define IB_LINK_H

#include "ib-fabric/model/link-rate.h"

#include <ns3/channel.h>
#include <ns3/nstime.h>

#include <array>
#include <cstdint>

namespace ns3
{

class IbPort;

/**
 * \ingroup infiniband
 * A full-duplex cable between two ports. Rate and delay are the same in both directions; each
 * direction is busy on its own account.
 */
class IbLink : public Channel
{
  public:
    /** \returns the TypeId */
    static TypeId GetTypeId();

    IbLink();

    /**
     * Plugs the cable in: both ports train to LinkUp and Init.
     * \param a one port \param b the other; neither may have a cable
     * \param rate width and speed
     */
    void Connect(Ptr<IbPort> a, Ptr<IbPort> b, IbLinkRate rate);

    /** Pulls the cable out at both ends: both ports fall to Polling and Down. */
    void Disconnect();

    /** \returns true between Connect() and Disconnect() */
    bool IsConnected() const;

    /** \returns width and speed */
    IbLinkRate GetRate() const;

    /** \returns propagation delay of one direction */
    Time GetDelay() const;

    /** \param end 0 or 1 \returns the port at that end */
    Ptr<IbPort> GetPort(std::size_t end) const;

    // From Channel.
    std::size_t GetNDevices() const override;
    Ptr<NetDevice> GetDevice(std::size_t i) const override;

  protected:
    void DoDispose() override;

  private:
    std::array<Ptr<IbPort>, 2> m_ports;
    IbLinkRate m_rate;
    Time m_delay;
    bool m_connected{false};
};

} // namespace ns3

#endif // IB_LINK_H
