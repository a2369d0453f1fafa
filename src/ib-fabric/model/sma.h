// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_SMA_H
#define IB_SMA_H

#include "ib-wire/model/smp.h"

#include <cstdint>
#include <span>

namespace ns3
{

class IbNode;
class IbPort;

/**
 * \ingroup infiniband
 * The subnet management agent of a node: answers Get and Set of the attributes of the node and its
 * ports (IBA vol. 1, 14.2.5).
 */
class SubnetManagementAgent
{
  public:
    /** \param node which outlives the agent */
    explicit SubnetManagementAgent(IbNode& node);

    /**
     * Carries out a request and turns it into the response, in place.
     * \param ingress port through which the request came
     * \param endPort the end port that answers
     * \param mad the SMP
     * \returns false if there is nothing to answer (wrong M_Key, not a request)
     */
    bool Process(IbPort& ingress, IbPort& endPort, std::span<std::uint8_t, 256> mad);

  private:
    /** A request as the functions for the attributes see it. */
    struct Request
    {
        IbPort& ingress;
        IbPort& endPort;
        bool set;
        std::uint32_t modifier;
        std::span<std::uint8_t, 64> data;
    };

    using Status = ibwire::MadStatus;
    using Function = Status (SubnetManagementAgent::*)(const Request& request);

    /** A row of the table of attributes. */
    struct Attribute
    {
        ibwire::SmAttribute id;
        Function function;
        bool settable;
        bool switchOnly;
    };

    static std::span<const Attribute> Table();

    bool CheckMkey(IbPort& endPort, std::uint64_t mKey, bool set);
    Status Dispatch(std::uint16_t attribute, const Request& request);
    IbPort* PortOf(const Request& request, std::uint32_t number);

    Status NodeInfo(const Request& request);
    Status NodeDescription(const Request& request);
    Status SwitchInfo(const Request& request);
    Status PortInfo(const Request& request);
    Status SetPortInfo(IbPort& port, const ibwire::PortInfo& wanted);
    Status GuidInfo(const Request& request);
    Status PkeyTable(const Request& request);
    Status LinearForwardingTable(const Request& request);

    IbNode& m_node;
};

} // namespace ns3

#endif // IB_SMA_H
