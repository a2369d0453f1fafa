// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_EVENT_H
#define IBCM_EVENT_H

#include "ib-wire/model/cm-messages.h"
#include "ibcm/model/mad-port.h"
#include "ibcm/model/parameters.h"

#include <array>
#include <cstdint>
#include <span>
#include <variant>

namespace ibcm
{

/** What an id's consumer can be told; numbered as Linux does. */
enum class EventType : std::uint8_t
{
    kReqError = 0,
    kReqReceived = 1,
    kRepError = 2,
    kRepReceived = 3,
    kRtuReceived = 4,
    kUserEstablished = 5,
    kDreqError = 6,
    kDreqReceived = 7,
    kDrepReceived = 8,
    kTimewaitExit = 9,
    kMraReceived = 10,
    kRejReceived = 11,
    kLapError = 12,
    kLapReceived = 13,
    kAprReceived = 14,
    kSidrReqError = 15,
    kSidrReqReceived = 16,
    kSidrRepReceived = 17,
    kNone = 255, ///< in tables: nothing is reported
};

/** The event's name, e.g. "REQ_RECEIVED". */
const char* ToString(EventType type);

/** Private data of a message: a copy, as long as the message's field; what the peer left unused is
 * 0. */
class PrivateData
{
  public:
    /** The longest field of any message: RTU's and DREP's. */
    static constexpr std::size_t kMaxBytes = 224;

    PrivateData() = default;
    /** @param bytes at most kMaxBytes; what is over is cut off. */
    void Assign(std::span<const std::uint8_t> bytes);

    std::span<const std::uint8_t> Bytes() const
    {
        return {m_bytes.data(), m_size};
    }

  private:
    std::array<std::uint8_t, kMaxBytes> m_bytes; ///< the first m_size of them
    std::uint8_t m_size{0};
};

/** A REQ has come for a listener; the event's id is new and belongs to the consumer. */
struct ReqReceived
{
    Handle listener{Handle::kNone};
    std::uint64_t serviceId{0};
    Path primaryPath; ///< from here to the peer
    bool hasAlternatePath{false};
    Path alternatePath;
    std::uint64_t remoteCaGuid{0};
    std::uint32_t remoteQkey{0};
    std::uint32_t remoteQpn{0};
    QpType qpType{QpType::kRc};
    std::uint32_t startingPsn{0};
    std::uint8_t responderResources{0}; ///< what this side may serve: the REQ's initiator depth
    std::uint8_t initiatorDepth{0}; ///< what this side may ask for: the REQ's responder resources
    std::uint8_t localCmResponseTimeout{0};  ///< 4.096 us * 2^n, granted to this side
    std::uint8_t remoteCmResponseTimeout{0}; ///< 4.096 us * 2^n, asked for by the peer
    bool flowControl{false};
    std::uint8_t retryCount{0};
    std::uint8_t rnrRetryCount{0};
    bool srq{false};
    Ece ece;
    std::uint16_t bthPkey{
        0xffff};          ///< of the packet that brought the REQ; may differ from the path's
    std::uint8_t port{0}; ///< that it came in at
};

/** The passive side accepts; move the QP to RTR and RTS, then send an RTU. */
struct RepReceived
{
    std::uint64_t remoteCaGuid{0};
    std::uint32_t remoteQkey{0};
    std::uint32_t remoteQpn{0};
    std::uint32_t startingPsn{0};
    std::uint8_t responderResources{0};
    std::uint8_t initiatorDepth{0};
    std::uint8_t targetAckDelay{0}; ///< 4.096 us * 2^n
    std::uint8_t failoverAccepted{0};
    bool flowControl{false};
    std::uint8_t rnrRetryCount{0};
    bool srq{false};
    Ece ece;
};

/** The peer refuses or gives up. */
struct RejReceived
{
    ibwire::RejReason reason{};
    std::uint8_t infoLength{0};          ///< valid bytes of info
    std::array<std::uint8_t, 72> info{}; ///< additional reject information, by reason
};

/** The peer needs longer to answer; the waits go on by that. */
struct MraReceived
{
    ibwire::MessageMraed message{}; ///< which one it has received
    std::uint8_t serviceTimeout{0}; ///< exponent
};

/** The peer wants another alternate path; answer with an APR. */
struct LapReceived
{
    Path alternatePath;                      ///< from here to the peer
    std::uint8_t remoteCmResponseTimeout{0}; ///< exponent, granted to this side
};

/** The peer's answer to a LAP. */
struct AprReceived
{
    ibwire::AprStatus status{};
    std::uint8_t infoLength{0}; ///< valid bytes of info
    std::array<std::uint8_t, 72> info{};
};

/** Somebody asks for the QP of a datagram service; the event's id is new. */
struct SidrReqReceived
{
    Handle listener{Handle::kNone};
    std::uint64_t serviceId{0};
    std::uint32_t requestId{0};
    std::uint16_t pkey{0xffff};
    std::uint16_t bthPkey{0xffff};
    std::uint8_t port{0};
    MadAddress address; ///< of the client
};

/** The answer to a SIDR_REQ. */
struct SidrRepReceived
{
    ibwire::SidrStatus status{};
    std::uint32_t qpn{0};
    std::uint32_t qkey{0};
    Ece ece;
    std::uint8_t infoLength{0}; ///< valid bytes of info
    std::array<std::uint8_t, 72> info{};
};

/** A message of this side came to nothing. */
struct SendFailed
{
    enum class Cause : std::uint8_t
    {
        kTimeout, ///< not answered in time, after all retries
        kPort,    ///< the port could not send, or was removed
        kRefused, ///< answered, but this side could not take the answer and has rejected it
    };

    Cause cause{Cause::kTimeout};
};

/** One thing that happened to an id. Owns all its data. */
struct Event
{
    EventType type{EventType::kNone};
    std::variant<std::monostate,
                 ReqReceived,
                 RepReceived,
                 RejReceived,
                 SendFailed,
                 MraReceived,
                 LapReceived,
                 AprReceived,
                 SidrReqReceived,
                 SidrRepReceived>
        parameters;
    PrivateData privateData;
};

/** What a consumer's handler answers. */
enum class Disposition : std::uint8_t
{
    kKeep,
    kDestroy, ///< the core destroys the id when the handler has returned; the handle is gone
    kDestroyNoMemory, ///< like kDestroy, but in REQ_RCVD no REJ is sent: the peer's retry gets a
                      ///< new chance
};

class ConnectionManager;

/**
 * A consumer of connection events. Events of one id come one at a time and in the order of its
 * transitions; those of different ids may come at once on several threads. A handler may sleep, may
 * call every function on its own id except Destroy, and anything on others but to destroy, in its
 * REQ_RECEIVED, the listener that the event came through: that is held until the handler returns.
 *
 * Destroy waits until the handler of the id that it destroys has returned. So handlers may destroy
 * other ids only where no circle of waiting comes about: a handler of id 1 that destroys id 2 while
 * one of id 2 destroys id 1 waits for ever, and so does a longer circle, or one that is closed by a
 * lock of the consumer which one handler takes and another holds while it calls Destroy. It is not
 * detected: kWouldDeadlock says no more than that a thread would wait for itself. To be safe,
 * let an id be destroyed by its own handler's return value alone; or let handlers destroy other ids
 * in one direction only, as a parent its children; or leave it to a thread that runs no handler and
 * holds none of their locks.
 */
class EventHandler
{
  public:
    virtual ~EventHandler() = default;
    virtual Disposition OnCmEvent(ConnectionManager& manager, Handle id, const Event& event) = 0;
};

} // namespace ibcm

#endif /* IBCM_EVENT_H */
