// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_DATA_MODE_H
#define IBCM_VERBS_DATA_MODE_H

#include "ibcm-verbs/model/data-channel.h"
#include "ibcm-verbs/model/verbs-error.h"

#include <cstdint>
#include <memory>
#include <string>

namespace cmverbs
{

/**
 * What one end of a connection does with it once it stands: what the program at the other end
 * expects. Not thread-safe: its owner calls one function at a time. An error means that the
 * connection is of no use any more; code EPROTO: the peer sent what it should not.
 */
class DataMode
{
  public:
    virtual ~DataMode() = default;

    virtual std::size_t MemoryBytes() const = 0;
    /** Work requests of each direction that are posted at one time; 1 or more. */
    virtual std::uint32_t Depth() const = 0;
    /** Ends the connection when it has finished; otherwise waits for the peer to do so. */
    virtual bool Disconnects() const = 0;

    /** Before the connection stands: the queue pair takes receives already. */
    virtual VerbsStatus Prepare(DataChannel& channel) = 0;
    /** The connection stands. What the peer sent may have come already. */
    virtual VerbsStatus Established(DataChannel& channel) = 0;
    /** Of a datagram service, before Established, on the side that asked: whom to send to. */
    virtual void SetPeer(std::unique_ptr<DatagramAddress> address,
                         std::uint32_t qpn,
                         std::uint32_t qkey);
    /** A work request has ended well. */
    virtual VerbsStatus Completed(DataChannel& channel, const Completion& completion) = 0;
    /** Everything has been exchanged: the peer may disconnect now. */
    virtual bool Finished() const = 0;
    /** Messages or pings that came back so far. */
    virtual std::uint64_t Messages() const = 0;
};

/** Which program the peer is, or behaves like. */
enum class PeerKind : std::uint8_t
{
    kNone, ///< no data is moved: `weft-cm connect`, cmtime
    kWeft, ///< `weft-cm ping` and what echoes it
    kRping,
    kUcmatose,
    kUdaddy,
};

/** As --peer has it. */
const char* ToString(PeerKind kind);

struct DataModeOptions
{
    PeerKind peer{PeerKind::kNone};
    bool passive{false};
    std::uint32_t count{10}; ///< messages or pings, 1 or more
    std::uint32_t size{64};  ///< bytes of a message; of the passive side of kWeft: at most
};

/** Null for kNone. */
std::unique_ptr<DataMode> MakeDataMode(const DataModeOptions& options);

/** What the program takes for size if nobody says otherwise; of what echoes, the longest message.
 */
std::uint32_t DefaultSize(PeerKind kind, bool passive);

} // namespace cmverbs

#endif /* IBCM_VERBS_DATA_MODE_H */
