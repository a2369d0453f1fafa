// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_MAD_SERVICE_H
#define IB_MAD_SERVICE_H

#include "ib-fabric/model/ib-packet.h"
#include "ib-wire/model/gid.h"
#include "ib-wire/model/mad.h"

#include <ns3/object.h>
#include <ns3/traced-callback.h>

#include <tl/expected.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace ns3
{

class IbNode;
class IbPort;

/** \ingroup infiniband The routing information of a GRH as far as a client of QP1 sees it. */
struct IbMadGrh
{
    ibwire::Gid sgid{}; //!< source; on sending taken from the port if all zero
    ibwire::Gid dgid{}; //!< destination
    std::uint8_t trafficClass{0};
    std::uint8_t hopLimit{64};
    std::uint32_t flowLabel{0}; //!< 20 bits
};

/** \ingroup infiniband Where a MAD goes to. */
struct IbMadAddress
{
    std::uint16_t dlid{0};          //!< destination LID
    std::uint8_t sl{0};             //!< service level, 0..15
    std::uint8_t srcPathBits{0};    //!< low bits of the source LID, below 2^LMC
    std::uint32_t dqpn{1};          //!< destination queue pair, 24 bits
    std::uint32_t qkey{0x80010000}; //!< Q_Key of the destination queue pair
    std::uint16_t pkeyIndex{0};     //!< index into the P_Key table of the sending port
    std::optional<IbMadGrh> grh;    //!< present if a GRH is to be sent
};

/** \ingroup infiniband A MAD that arrived, and where it came from. */
struct IbMadReceived
{
    ibwire::MadBytes mad{};       //!< the 256 bytes
    std::uint16_t slid{0};        //!< source LID
    std::uint16_t dlid{0};        //!< destination LID
    std::uint8_t dlidPathBits{0}; //!< the low LMC bits of the destination LID
    std::uint8_t sl{0};           //!< service level
    std::uint32_t sqpn{0};        //!< source queue pair
    std::uint32_t qkey{0};        //!< Q_Key of the packet
    std::uint16_t pkey{0};        //!< P_Key of the packet
    std::uint16_t pkeyIndex{0};   //!< where the receiver's table has it
    std::optional<IbMadGrh> grh;  //!< present if the packet had a GRH

    /** \returns the address that an answer goes to */
    IbMadAddress ReplyAddress() const;
};

/** \ingroup infiniband How the sending of a MAD ended. */
enum class IbMadStatus : std::uint8_t
{
    kSent,          //!< its last byte has left the port
    kPortNotActive, //!< the port is not Active (or has lost its link); nothing was sent
    kBadPkeyIndex,  //!< no such entry in the P_Key table of the port
    kBadAddress,    //!< DLID 0, path bits beyond the LMC, QPN or SL too wide
    kQueueFull,     //!< as many sends as the send queue holds are not completed yet
};

/** \param status a status \returns a short phrase for messages */
const char* ToString(IbMadStatus status);

/** \ingroup infiniband Why an agent could not be registered. */
enum class IbMadAgentError : std::uint8_t
{
    kClassTaken, //!< another agent serves one of these methods of the class
    kBadClass,   //!< classes 0x01 and 0x81 belong to QP0
};

/** \param error an error \returns a short phrase for messages */
const char* ToString(IbMadAgentError error);

/**
 * \ingroup infiniband
 * The general service interface (QP1) of one port: lets any number of agents, one for each
 * management class or part of one, send and receive MADs.
 *
 * A received MAD goes to one agent:
 * - a response (bit R of the method set, or TrapRepress) to the agent whose number stands in the
 *   upper 32 bits of its transaction id, provided its class is the same;
 * - anything else to the agent that has registered the method of this class and class version.
 * A Get or Set that nobody serves is answered with status 0x000c; other MADs are dropped.
 *
 * All functions may be called from any event or task of the simulation, at any instant. Handlers
 * run in their own event, never inside Send().
 */
class IbMadService : public Object
{
  public:
    /** Called for each MAD that arrives for an agent. */
    using ReceiveHandler = std::function<void(const IbMadReceived& received)>;
    /** Called exactly once for each MAD that Send() accepted. */
    using SendHandler = std::function<void(IbMadStatus status)>;

    /** What an agent wants. */
    struct AgentInfo
    {
        std::uint8_t mgmtClass{0};    //!< management class
        std::uint8_t classVersion{1}; //!< class version that it speaks
        /** Methods whose unsolicited MADs it serves: bit n = method n (0..63). */
        std::uint64_t methods{0};
    };

    /** Signature of the trace sources Send and Receive. */
    typedef void (*MadTracedCallback)(const ibwire::MadBytes& mad, std::uint16_t lid);

    /** \returns the TypeId */
    static TypeId GetTypeId();

    IbMadService();

    /** \param node the node \param port its end port, which outlives this object */
    void Attach(IbNode* node, IbPort* port);

    /**
     * \param info class and methods
     * \param handler receives the MADs
     * \returns the number of the agent, not 0, to be put into the upper 32 bits of the
     *          transaction ids of its requests; or why not
     */
    tl::expected<std::uint32_t, IbMadAgentError> RegisterAgent(const AgentInfo& info,
                                                               ReceiveHandler handler);

    /** \param agent the number of an agent; an unknown one is ignored */
    void UnregisterAgent(std::uint32_t agent);

    /**
     * Sends a MAD. The status that Send() returns tells whether it was accepted; only then will
     * the handler be called.
     * \param to where it goes
     * \param mad its 256 bytes, copied
     * \param handler called when its last byte has left the port, or it turned out that it never
     *        will; may be empty
     * \returns kSent if the MAD was accepted
     */
    IbMadStatus Send(const IbMadAddress& to, const ibwire::MadBytes& mad, SendHandler handler = {});

    /** \returns the number of sends that are not completed yet */
    std::uint32_t GetPending() const;

    /** \returns the port that this service belongs to */
    IbPort& GetPort() const;

    /** \param packet a UD packet for QP1, checked as far as its CRCs */
    void Receive(Ptr<const IbPacket> packet);

  protected:
    void DoDispose() override;

  private:
    struct Agent
    {
        std::uint32_t number;
        AgentInfo info;
        ReceiveHandler handler;
    };

    const Agent* FindAgent(const ibwire::MadBytes& mad) const;
    void AnswerUnsupported(const IbMadReceived& received);
    void UpdateCapabilityMask();
    void Complete(IbMadStatus status, const SendHandler& handler);

    IbNode* m_node{nullptr};
    IbPort* m_port{nullptr};
    std::vector<Agent> m_agents; // in the order of registration
    std::uint32_t m_nextAgent{1};
    std::uint32_t m_pending{0};
    std::uint32_t m_sendQueueDepth{128};
    std::uint32_t m_psn{0};

    TracedCallback<const ibwire::MadBytes&, std::uint16_t> m_sendTrace;
    TracedCallback<const ibwire::MadBytes&, std::uint16_t> m_receiveTrace;
};

} // namespace ns3

#endif // IB_MAD_SERVICE_H
