// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_DROP_REASON_H
#define IB_DROP_REASON_H

#include <cstdint>

namespace ns3
{

/** \ingroup infiniband Why a packet went no further. */
enum class IbDropReason : std::uint8_t
{
    kLinkDown,      //!< no cable, or the port is physically down
    kPortNotActive, //!< a packet other than an SMP before the port is Armed or Active
    kNoRoute,       //!< the forwarding table has no port for the DLID
    kBadLid,        //!< the DLID is not one of the receiving port
    kBadCrc,        //!< VCRC or ICRC does not match
    kMalformed,     //!< length or header that no receiver understands
    kVl15Overflow,  //!< more SMPs waiting than the port buffers
    kDirectedRoute, //!< hop pointer or path of a directed-routed SMP makes no sense here
    kBadPkey,       //!< P_Key not in the table of the receiver
    kBadQkey,       //!< Q_Key of a datagram is not that of the queue pair
    kNoQueuePair,   //!< no such queue pair, or not ready to receive
    kNoAgent,       //!< no agent for the management class and method
    kFault,         //!< the fault model of the port asked for it
};

/** \param reason a reason \returns a short phrase for messages */
const char* ToString(IbDropReason reason);

} // namespace ns3

#endif // IB_DROP_REASON_H
