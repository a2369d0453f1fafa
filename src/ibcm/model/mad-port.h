// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_MAD_PORT_H
#define IBCM_MAD_PORT_H

#include "ib-wire/model/gid.h"
#include "ib-wire/model/mad.h"
#include "ibcm/model/counters.h"
#include "ibcm/model/runtime.h"
#include "ibcm/model/status.h"

#include <cstdint>
#include <optional>

namespace ibcm
{

/** Where a MAD goes: a UD address and QP, as seen from one port. Integers in host byte order. */
struct MadAddress
{
    std::uint16_t dlid{0};
    std::uint8_t sl{0};             ///< 4 bits
    std::uint8_t sourcePathBits{0}; ///< 7 bits, added to the port's base LID
    std::uint16_t pkeyIndex{0};
    std::uint32_t qpn{1};           ///< the peer's CM QP: 1 unless it was redirected
    std::uint32_t qkey{0x80010000}; ///< the well-known Q_Key of QP 1
    bool hasGrh{false};
    ibwire::Gid dgid;
    std::uint8_t sgidIndex{0};
    std::uint32_t flowLabel{0}; ///< 20 bits
    std::uint8_t hopLimit{0};
    std::uint8_t trafficClass{0};

    friend bool operator==(const MadAddress&, const MadAddress&) = default;
};

/** A MAD that has come in, and where an answer to it goes. */
struct ReceivedMad
{
    ibwire::MadBytes bytes{};
    MadAddress replyAddress;    ///< to the sender; its dlid is the MAD's source LID
    std::uint16_t pkey{0xffff}; ///< of the packet (BTH)
    std::uint8_t destinationPathBits{0};
};

inline ibwire::CmAttribute AttributeOf(const ibwire::MadBytes& mad)
{
    return static_cast<ibwire::CmAttribute>(ibwire::DecodeHeader(mad).attributeId);
}

/** Names a reliable send that is under way; never reused by one port. */
enum class SendToken : std::uint64_t
{
    kNone = 0,
};

/** How a reliable send ended. A send that was cancelled is not reported. */
enum class SendStatus : std::uint8_t
{
    kTimeout, ///< all transmissions made, the last wait is over
    kFailed,  ///< the port could not send (gone down, queue error)
};

/** What has become of a reliable send so far. */
struct SendProgress
{
    bool waiting{false};       ///< for its turn: not transmitted yet, no time-out is running
    unsigned transmissions{0}; ///< made so far, those that Resend asked for among them
    unsigned retriesLeft{0};
    Duration untilNext{0}; ///< until the next retry or, after the last one, the end; if it waits,
                           ///< the first time-out to be; 0 if that is due now
};

/** Takes what a port delivers. Called on the port's threads, several at once; holds no port lock.
 */
class MadSink
{
  public:
    virtual ~MadSink() = default;
    virtual void OnReceive(std::uint8_t portNumber, const ReceivedMad& mad) = 0;
    /** @param context what was given to Send. */
    virtual void OnSendDone(std::uint64_t context, SendToken token, SendStatus status) = 0;
};

/**
 * One port's access to general management datagrams of the CM class (7, class version 2, Send).
 * Thread-safe. Send, Modify and Cancel never block and never call the sink themselves, so that they
 * may be called under an id's lock.
 */
class MadPort
{
  public:
    virtual ~MadPort() = default;

    /** From now on deliveries go to @p sink; null stops them and returns when none is under way. */
    virtual void SetSink(MadSink* sink) = 0;

    /**
     * Sends @p mad now and again, byte for byte the same, each time @p timeout passes, @p retries
     * times; when the wait after the last one is over, reports kTimeout. A port may keep a request
     * (REQ, SIDR_REQ, LAP, DREQ) until those before it have been answered; its time-outs and
     * retries begin with its first transmission.
     * @param timeout 0: send once, report nothing, keep nothing; the token is kNone.
     */
    virtual Result<SendToken> Send(const ibwire::MadBytes& mad,
                                   const MadAddress& address,
                                   Duration timeout,
                                   unsigned retries,
                                   std::uint64_t context) = 0;
    /** Sets the present wait and all later ones to @p timeout. False if the send has ended. */
    virtual bool Modify(SendToken token, Duration timeout) = 0;
    /**
     * True: no transmission and no report comes after this. False: the send has ended already; its
     * report may still be on its way.
     */
    virtual bool Cancel(SendToken token) = 0;
    /**
     * Transmits it once more now, byte for byte the same, without touching its time-out or its
     * retries; counts as a retransmission. False if it is not under way, has not been transmitted
     * yet, or the port cannot send.
     */
    virtual bool Resend(SendToken token) = 0;
    /** Nothing if the send is not under way. */
    virtual std::optional<SendProgress> Progress(SendToken token) const = 0;
    /** All of one moment. */
    virtual SendCounts Counts() const = 0;

    virtual std::uint16_t Lid() const = 0;
    /** LID mask control, 0..7: the port answers to 2^Lmc LIDs. */
    virtual std::uint8_t Lmc() const = 0;
    /** Code of the port's active MTU, 1..5 (ibwire::Mtu). */
    virtual std::uint8_t ActiveMtu() const = 0;
    /** Rate code of the port's link (ibwire::Rate): the fastest that a path may ask of it. */
    virtual std::uint8_t ActiveRate() const = 0;
    /** Index of @p gid in the port's GID table. */
    virtual std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const = 0;
    /** GID at @p index; the zero GID if there is none. */
    virtual ibwire::Gid GidAt(std::uint8_t index) const = 0;
    /** Index of @p pkey in the port's P_Key table; full membership matches limited. */
    virtual std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const = 0;
};

} // namespace ibcm

#endif /* IBCM_MAD_PORT_H */
