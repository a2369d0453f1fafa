// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_FAULT_MODEL_H
#define IB_FAULT_MODEL_H

#include <ns3/nstime.h>
#include <ns3/object.h>

#include <cstdint>

namespace ns3
{

class IbPacket;
class IbPort;

/** \ingroup infiniband What becomes of one packet on one cable. */
struct IbFate
{
    /** The kinds of fate. */
    enum class Kind : std::uint8_t
    {
        kDeliver,   //!< arrives unharmed and on time
        kDrop,      //!< leaves the port and never arrives
        kDuplicate, //!< arrives twice, the second time `delay` after the first
        kDelay,     //!< arrives late by `delay`; later packets may overtake it
        kCorrupt,   //!< arrives with one bit flipped
    };

    Kind kind{Kind::kDeliver};
    Time delay{0};        //!< of kDuplicate and kDelay, not negative
    std::uint32_t bit{0}; //!< of kCorrupt: which bit of the packet, see IbPacket::FlipBit
};

/**
 * \ingroup infiniband
 * Decides the fate of each packet that a port sends. One model may serve many ports; a port
 * without a model delivers everything.
 */
class IbFaultModel : public Object
{
  public:
    /** \returns the TypeId */
    static TypeId GetTypeId();

    /**
     * Called once per packet, at the instant its first byte leaves the port.
     * \param port the sending port
     * \param packet the packet
     * \returns its fate
     */
    virtual IbFate OnTransmit(const IbPort& port, const IbPacket& packet) = 0;
};

} // namespace ns3

#endif // IB_FAULT_MODEL_H
