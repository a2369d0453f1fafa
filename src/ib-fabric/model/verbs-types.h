// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/**
 * \file
 * The vocabulary of queue pairs: states, attributes, work requests and completions, with the
 * meanings of IBA vol. 1 chapters 10 and 11.
 */
#ifndef IB_VERBS_TYPES_H
#define IB_VERBS_TYPES_H

#include "ib-fabric/model/ib-mad-service.h"
#include "ib-wire/model/path-codes.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace ns3
{

/** \ingroup infiniband Transport of a queue pair. */
enum class IbQpType : std::uint8_t
{
    kRc, //!< reliable connection
    kUd, //!< unreliable datagram
};

/** \ingroup infiniband State of a queue pair. */
enum class IbQpState : std::uint8_t
{
    kReset,
    kInit,
    kRtr, //!< ready to receive
    kRts, //!< ready to send
    kSqd, //!< send queue drained
    kSqe, //!< send queue error (datagrams only)
    kError,
};

/** \param state a state \returns "RESET", "INIT", ... */
const char* ToString(IbQpState state);

/**
 * \ingroup infiniband
 * Which members of IbQpAttributes a ModifyQp() means. The bits have the values of verbs.
 */
enum IbQpAttributeMask : std::uint32_t
{
    kQpState = 1U << 0,
    kQpAccessFlags = 1U << 3,
    kQpPkeyIndex = 1U << 4,
    kQpPort = 1U << 5,
    kQpQkey = 1U << 6,
    kQpAv = 1U << 7,
    kQpPathMtu = 1U << 8,
    kQpTimeout = 1U << 9,
    kQpRetryCount = 1U << 10,
    kQpRnrRetry = 1U << 11,
    kQpRqPsn = 1U << 12,
    kQpMaxRdAtomic = 1U << 13,
    kQpMinRnrTimer = 1U << 15,
    kQpSqPsn = 1U << 16,
    kQpMaxDestRdAtomic = 1U << 17,
    kQpDestQpn = 1U << 20,
};

/** \ingroup infiniband Access that the remote end may have. */
enum IbAccess : std::uint8_t
{
    kAccessLocalWrite = 1,
    kAccessRemoteWrite = 2,
    kAccessRemoteRead = 4,
    kAccessRemoteAtomic = 8,
};

/** \ingroup infiniband A path to a remote port. */
struct IbAddressVector
{
    std::uint16_t dlid{0};
    std::uint8_t sl{0};
    std::uint8_t srcPathBits{0};
    std::optional<IbMadGrh> grh; //!< present if packets carry a GRH
};

/** \ingroup infiniband Attributes of a queue pair. */
struct IbQpAttributes
{
    IbQpState state{IbQpState::kReset};
    std::uint8_t accessFlags{0}; //!< of IbAccess
    std::uint16_t pkeyIndex{0};
    std::uint8_t port{1};
    std::uint32_t qkey{0}; //!< datagrams only
    IbAddressVector av;
    ibwire::Mtu pathMtu{ibwire::Mtu::k256};
    std::uint8_t timeout{0};    //!< local ACK timeout 4.096 us * 2^n, 5 bits; 0 = none
    std::uint8_t retryCount{0}; //!< 3 bits
    std::uint8_t rnrRetry{0};   //!< 3 bits; 7 = for ever
    std::uint32_t rqPsn{0};     //!< 24 bits
    std::uint32_t sqPsn{0};     //!< 24 bits
    std::uint8_t maxRdAtomic{0};
    std::uint8_t maxDestRdAtomic{0};
    std::uint8_t minRnrTimer{0}; //!< 5 bits
    std::uint32_t destQpn{0};    //!< 24 bits
};

/** \ingroup infiniband Why a verb was refused; the queue pair is as it was before. */
enum class IbVerbsError : std::uint8_t
{
    kInvalidTransition, //!< the state machine has no such step
    kMissingAttribute,  //!< the transition needs an attribute that the mask does not name
    kInvalidAttribute,  //!< an attribute that this transition does not allow
    kInvalidValue,      //!< a value out of range
    kInvalidState,      //!< requests cannot be posted in this state
    kQueueFull,         //!< as many requests are posted as the queue holds
    kMessageTooLong,    //!< more than 2^31 octets, or for a datagram more than the MTU
};

/** \param error an error \returns a short phrase for messages */
const char* ToString(IbVerbsError error);

/** \ingroup infiniband What a send request does. */
enum class IbSendOpcode : std::uint8_t
{
    kSend,
    kSendImmediate,
};

/** \ingroup infiniband A request for the send queue. */
struct IbSendRequest
{
    std::uint64_t wrId{0}; //!< returned in the completion
    IbSendOpcode opcode{IbSendOpcode::kSend};
    std::vector<std::uint8_t> data; //!< the message
    std::uint32_t immediate{0};     //!< of kSendImmediate
    bool signalled{true};           //!< false: a completion only if it fails
    IbAddressVector av;             //!< datagrams: destination
    std::uint32_t remoteQpn{0};     //!< datagrams: destination queue pair
    std::uint32_t remoteQkey{0};    //!< datagrams: its Q_Key
};

/** \ingroup infiniband A request for the receive queue. */
struct IbReceiveRequest
{
    std::uint64_t wrId{0};
    std::uint32_t maxBytes{0}; //!< room for the message (for a datagram without the GRH)
};

/** \ingroup infiniband How a work request ended. */
enum class IbWcStatus : std::uint8_t
{
    kSuccess,
    kLocalLength,      //!< the message did not fit the receive request
    kFlushed,          //!< the queue pair went to ERROR before
    kRetryExceeded,    //!< no acknowledgement in spite of all retries
    kRnrRetryExceeded, //!< the remote end had no receive request in spite of all retries
    kRemoteInvalidRequest,
    kRemoteOperation,
};

/** \param status a status \returns a short phrase for messages */
const char* ToString(IbWcStatus status);

/** \ingroup infiniband Which kind of request completed. */
enum class IbWcOpcode : std::uint8_t
{
    kSend,
    kReceive,
};

/** \ingroup infiniband A completion. */
struct IbWorkCompletion
{
    std::uint64_t wrId{0};
    IbWcStatus status{IbWcStatus::kSuccess};
    IbWcOpcode opcode{IbWcOpcode::kSend};
    std::uint32_t qpn{0};                   //!< local queue pair
    std::vector<std::uint8_t> data;         //!< kReceive: the message
    std::optional<std::uint32_t> immediate; //!< kReceive: its immediate data
    std::uint32_t sourceQpn{0};             //!< datagrams: from which queue pair
    std::uint16_t slid{0};                  //!< datagrams: from which LID
    std::uint8_t sl{0};                     //!< datagrams: on which service level
    std::optional<IbMadGrh> grh;            //!< datagrams: its GRH
};

} // namespace ns3

#endif // IB_VERBS_TYPES_H
