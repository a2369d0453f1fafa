// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The matrix on the wire: where an id can stand, what can happen to it there, and what must come of
// it. What the state tables (matrix-table.h) say is taken from them; the rest stands in
// matrix-messages.cc and matrix-cells.cc.
#ifndef WEFT_TEST_IBCM_MATRIX_CELLS_H
#define WEFT_TEST_IBCM_MATRIX_CELLS_H

#include "ibcm/model/protocol.h"
#include "ibcm/model/status.h"

#include <optional>
#include <span>
#include <string>

namespace ibcm::test::matrix
{

/** Which host of a Pair the id belongs to. */
enum class Side
{
    kActive, ///< A: it asks
    kPassive,
};

/** How an id came to where it stands, if that matters. */
enum class Past
{
    kUsual,
    kConnected, ///< IDLE: after a connection that has ended, TIMEWAIT with it
    kCrossed,   ///< DREQ_RCVD: this side had sent a DREQ, too
};

/** Where an id stands. */
struct Place
{
    State state;
    LapState lap;
    Side side;
    Past past;
    bool linuxOnly; ///< strictly, only the active side may send a LAP

    std::string Name() const;
    /** Whether the id knows the peer's communication id. */
    bool KnowsPeer() const;
    /** Whether a REQ of the peer is recognized by its communication id or QPN. */
    bool KeepsPeer(Behaviour behaviour) const;
    /** Whether an answer is waited for, with a timer. */
    bool Waits() const;
};

std::span<const Place> Places();

/** What can happen to an id. `Again` is the same once more, `Other` another than is expected. */
enum class Stimulus
{
    // Messages; first as the peer would send it.
    kReqAgain, ///< or, to the active side, one with the peer's communication id and QPN
    kReqOtherTid,
    kReqOtherQpn,
    kReqStaleQpn, ///< another communication id, but a QPN that is connected here
    kReqNew,
    kReqNoListener,
    kMraReq,
    kMraRep,
    kMraLap,
    kMraReserved,
    kMraOtherPeer,
    kMraUnknownId,
    kRej,
    kRejStale,
    kRejRedirect, ///< reason 24: ask elsewhere
    kRejByGuid,   ///< of a peer that has not learnt this side's id: reason 4
    kRejOtherPeer,
    kRejUnknownId,
    kRep,
    kRepOtherTid,
    kRepWithoutQpn,
    kRepOtherPeer,
    kRepUnknownId,
    kRtu,
    kRtuOtherPeer,
    kRtuUnknownId,
    kDreq,
    kDreqOtherQpn,
    kDreqOtherPeer,
    kDreqUnknownId,
    kDrep,
    kDrepOtherTid,
    kDrepOtherPeer,
    kDrepUnknownId,
    kSidrReqNew,
    kSidrReqAgain,
    kSidrReqNoListener,
    kSidrRep,
    kSidrRepRedirect, ///< status 4: ask elsewhere
    kSidrRepOtherTid,
    kSidrRepUnknownId,
    kLap,
    kLapAgain,
    kLapOtherQpn,
    kLapCurrentPath,
    kLapOtherPeer,
    kLapUnknownId,
    kApr,
    kAprOtherTid,
    kAprOtherPeer,
    kAprUnknownId,
    kSap,
    kSpr,
    // Calls.
    kListen,
    kSendReq,
    kSendRep,
    kSendRtu,
    kSendMra,
    kSendMraLater, ///< only when the message comes again
    kSendRej,
    kSendDreq,
    kSendDrep,
    kSendLap,
    kSendApr,
    kSendSidrReq,
    kSendSidrRep,
    kNotifyEstablished,
    kNotifyMigrated,
    kDestroy,
    kQpInit,
    kQpRtr,
    kQpRts,
    // Timers: where one runs it runs out; elsewhere its report comes late.
    kReqTimeout,
    kRepTimeout,
    kDreqTimeout,
    kLapTimeout,
    kSidrReqTimeout,
    kTimewait,
};

inline constexpr std::size_t kStimulusCount = static_cast<std::size_t>(Stimulus::kTimewait) + 1;

enum class StimulusKind
{
    kMessage,
    kCall,
    kTimer,
};

/** Facts about a stimulus. */
struct StimulusFacts
{
    const char* name;
    StimulusKind kind;
    unsigned attribute;         ///< of a message: 0x10 … 0x1c; else 0
    std::optional<Input> input; ///< the state table's, if all goes well
};

const StimulusFacts& FactsOf(Stimulus stimulus);

/** What comes of it. */
struct Outcome
{
    bool gone{false}; ///< the id has been destroyed
    State state{};
    LapState lap{};      ///< compared in ESTABLISHED only
    std::string sent;    ///< "REJ 10 of REQ, no id; DREQ"
    std::string events;  ///< of this id
    std::string others;  ///< events of ids that have been made
    std::string counted; ///< "duplicate RTU", or the cause for which the message was discarded
    std::optional<CmError> error;

    friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::string ToText(const Outcome& outcome);

Outcome Expect(const Place& place, Stimulus stimulus, Behaviour behaviour);

} // namespace ibcm::test::matrix

#endif // WEFT_TEST_IBCM_MATRIX_CELLS_H
