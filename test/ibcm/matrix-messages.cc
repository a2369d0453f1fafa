// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What must come of each message where the state tables do not say it all: repetitions, messages of
// others, for others, and for nobody.
#include "matrix-cell.h"

namespace ibcm::test::matrix
{

namespace
{

using S = State;
using L = LapState;
using St = Stimulus;

/** The peer's QPN is connected here already: the peer has lost that connection. */
Outcome Stale(Cell& cell)
{
    if (cell.place.state != S::kEstablished)
    {
        return cell.Answered("REJ 10 of REQ, no id");
    }
    cell.outcome.state = S::kDreqSent;
    return cell.Answered("REJ 10 of REQ, no id; DREQ");
}

Outcome OfReq(Cell& cell)
{
    St stimulus = cell.stimulus;
    if (stimulus == St::kReqNoListener)
    {
        return cell.Answered("REJ 8 of REQ, no id");
    }
    if (stimulus == St::kReqNew || !cell.place.KeepsPeer(cell.behaviour))
    {
        return cell.Accepted("REQ_RECEIVED");
    }
    if (stimulus == St::kReqStaleQpn)
    {
        return Stale(cell);
    }
    if (cell.Strict() && stimulus == St::kReqOtherQpn)
    {
        // Of a connection that has ended only the id is left, and that not for long.
        return cell.Answered(cell.place.state == S::kTimewait ? "REJ 10 of REQ, no id"
                                                              : "REJ 30 of REQ, no id");
    }
    // That which made the connection is the same only if its transaction is. Linux looks at no
    // more than the communication id.
    if (cell.Strict() && (stimulus == St::kReqOtherTid || cell.Active()))
    {
        return Stale(cell);
    }
    if (const auto outcome = cell.ByTable(Input::kReqDuplicate))
    {
        return *outcome;
    }
    return cell.Repeated("REQ");
}

Outcome OfMra(Cell& cell)
{
    if (cell.stimulus == St::kMraReserved)
    {
        return cell.Dropped(Discard::kReservedCode);
    }
    // The server of a SIDR exchange knows its client by the request id, which nothing else names.
    if (cell.stimulus == St::kMraUnknownId || cell.InState(In(S::kSidrReqRcvd)))
    {
        return cell.Dropped(Discard::kUnknownId);
    }
    if (cell.InState(In(S::kMraReqRcvd, S::kMraRepRcvd)) || cell.InLap(In(L::kMraLapRcvd)))
    {
        return cell.Repeated("MRA");
    }
    return cell.Dropped(Discard::kUnexpected);
}

/** A request that is out follows; then it is as if it had just been sent (13.5.2). */
std::optional<Outcome> Followed(Cell& cell, StateSet requesting)
{
    if (!cell.Strict() || !cell.InState(requesting))
    {
        return std::nullopt;
    }
    auto outcome = cell.ByTable(Input::kRedirected);
    if (outcome)
    {
        outcome->counted = "";
    }
    return outcome;
}

Outcome OfRej(Cell& cell)
{
    if (cell.stimulus == St::kRejRedirect)
    {
        if (const auto outcome = Followed(cell, In(S::kReqSent, S::kMraReqRcvd)))
        {
            return *outcome;
        }
    }
    const bool found = !cell.InState(In(S::kSidrReqRcvd)) &&
                       (cell.stimulus != St::kRejByGuid || cell.place.KeepsPeer(cell.behaviour));
    if (cell.stimulus == St::kRejUnknownId || !found)
    {
        return cell.Dropped(Discard::kUnknownId);
    }
    if (const auto outcome = cell.ByTable(Input::kRej))
    {
        return *outcome;
    }
    return cell.Dropped(Discard::kUnexpected);
}

Outcome OfRep(Cell& cell)
{
    constexpr StateSet kAsking = In(S::kReqSent, S::kMraReqRcvd);
    if (cell.stimulus == St::kRepUnknownId)
    {
        return cell.Dropped(Discard::kUnknownId, cell.Strict() ? "REJ 6 of REP, that id" : "");
    }
    if (!cell.Active() || !(cell.place.KnowsPeer() || cell.InState(kAsking)))
    {
        return cell.Dropped(Discard::kUnexpected); // nobody here has sent a REQ
    }
    if (cell.Strict() && cell.InState(kAsking) && cell.stimulus == St::kRepWithoutQpn)
    {
        cell.outcome.state = S::kIdle;
        cell.outcome.events = "REQ_ERROR";
        return cell.Answered("REJ 1 of REP, id");
    }
    if (const auto outcome = cell.ByTable(Input::kRep))
    {
        if (cell.Strict() && cell.stimulus == St::kRepOtherTid)
        {
            return Cell(cell.place, cell.stimulus, cell.behaviour).Dropped(Discard::kTransactionId);
        }
        return *outcome;
    }
    return cell.Repeated("REP");
}

Outcome OfRtu(Cell& cell)
{
    const bool found = cell.place.KnowsPeer() && cell.stimulus == St::kRtu;
    return found ? cell.Repeated("RTU") : cell.Dropped(Discard::kUnknownId);
}

Outcome OfDreq(Cell& cell)
{
    // A DREQ for nothing that is here is answered, so that the peer need not wait. Strictly an id
    // that has been connected is nothing.
    const bool nothing = !cell.place.KnowsPeer() || cell.stimulus == St::kDreqOtherPeer ||
                         cell.stimulus == St::kDreqUnknownId ||
                         (cell.Strict() && cell.place.state == S::kIdle);
    if (nothing)
    {
        return cell.Repeated("DREQ", "DREP");
    }
    // Before its REP the passive side has no QPN that could be the right one.
    if (cell.stimulus == St::kDreqOtherQpn || cell.InState(In(S::kReqRcvd, S::kMraReqSent)))
    {
        return cell.Dropped(Discard::kQpnMismatch);
    }
    if (const auto outcome = cell.ByTable(Input::kDreq))
    {
        return *outcome;
    }
    return cell.InState(In(S::kDreqRcvd)) ? cell.Repeated("DREQ")
                                          : cell.Dropped(Discard::kUnexpected);
}

Outcome OfDrep(Cell& cell)
{
    if (!cell.place.KnowsPeer() || cell.stimulus == St::kDrepOtherPeer ||
        cell.stimulus == St::kDrepUnknownId)
    {
        return cell.Dropped(Discard::kUnknownId);
    }
    // In DREQ_RCVD only a side whose own DREQ has crossed the peer's waits for a DREP.
    const bool asked = cell.place.state == S::kDreqSent || cell.place.past == Past::kCrossed;
    if (const auto outcome = cell.ByTable(Input::kDrep))
    {
        if (cell.Strict() && (cell.stimulus == St::kDrepOtherTid || !asked))
        {
            return Cell(cell.place, cell.stimulus, cell.behaviour).Dropped(Discard::kTransactionId);
        }
        return *outcome;
    }
    return cell.InState(In(S::kTimewait, S::kIdle)) ? cell.Repeated("DREP")
                                                    : cell.Dropped(Discard::kUnexpected);
}

Outcome OfSidr(Cell& cell)
{
    switch (cell.stimulus)
    {
    case St::kSidrReqNoListener:
        return cell.Answered("SIDR_REP 1");
    case St::kSidrReqAgain:
        if (cell.InState(In(S::kSidrReqRcvd)))
        {
            return cell.Repeated("SIDR_REQ");
        }
        [[fallthrough]];
    case St::kSidrReqNew:
        return cell.Accepted("SIDR_REQ_RECEIVED");
    case St::kSidrRepUnknownId:
        return cell.Dropped(Discard::kUnknownId);
    default:
        break;
    }
    if (cell.Strict() && cell.stimulus == St::kSidrRepOtherTid && cell.InState(In(S::kSidrReqSent)))
    {
        return cell.Dropped(Discard::kTransactionId);
    }
    if (cell.stimulus == St::kSidrRepRedirect)
    {
        if (const auto followed = Followed(cell, In(S::kSidrReqSent)))
        {
            return *followed;
        }
    }
    const auto outcome = cell.ByTable(Input::kSidrRep);
    return outcome ? *outcome : cell.Dropped(Discard::kUnexpected);
}

/** A LAP in UNINIT or IDLE of the alternate path, strictly. */
Outcome OfStrictLap(Cell& cell)
{
    if (cell.Active())
    {
        return cell.Dropped(Discard::kUnexpected, "APR 2"); // paths are proposed by the active side
    }
    if (cell.stimulus == St::kLapAgain && cell.place.lap == L::kIdle)
    {
        return cell.Repeated("LAP", "APR 0"); // the APR was lost
    }
    if (cell.stimulus == St::kLapOtherQpn)
    {
        return cell.Dropped(Discard::kQpnMismatch, "APR 6");
    }
    if (cell.stimulus == St::kLapCurrentPath)
    {
        return cell.Dropped(Discard::kUnexpected, "APR 5");
    }
    return *cell.ByTable(Input::kLap);
}

Outcome OfLap(Cell& cell)
{
    if (!cell.place.KnowsPeer() || cell.stimulus == St::kLapOtherPeer ||
        cell.stimulus == St::kLapUnknownId)
    {
        return cell.Dropped(Discard::kUnknownId, cell.Strict() ? "APR 1" : "");
    }
    if (cell.InLap(In(L::kUninit, L::kIdle)))
    {
        return cell.Strict() ? OfStrictLap(cell) : *cell.ByTable(Input::kLap);
    }
    if (const auto outcome = cell.ByTable(Input::kLap))
    {
        cell.outcome = *outcome;
    }
    // The same once more, or another one in between: either way it has to wait.
    const std::string sent = cell.outcome.sent;
    const bool repeated =
        cell.stimulus == St::kLapAgain && cell.InLap(In(L::kLapRcvd, L::kMraLapSent));
    return repeated ? cell.Repeated("LAP", sent.c_str())
                    : cell.Dropped(Discard::kUnexpected, sent.c_str());
}

Outcome OfApr(Cell& cell)
{
    if (!cell.place.KnowsPeer() || cell.stimulus == St::kAprOtherPeer ||
        cell.stimulus == St::kAprUnknownId)
    {
        return cell.Dropped(Discard::kUnknownId);
    }
    const auto outcome = cell.ByTable(Input::kApr);
    if (!outcome)
    {
        return cell.InLap(In(L::kIdle)) ? cell.Repeated("APR") : cell.Dropped(Discard::kUnexpected);
    }
    if (cell.Strict() && cell.stimulus == St::kAprOtherTid)
    {
        return Cell(cell.place, cell.stimulus, cell.behaviour).Dropped(Discard::kTransactionId);
    }
    return *outcome;
}

/** A message of another peer is none of this id's, if the id knows its own. */
bool IsOfOtherPeer(Stimulus stimulus)
{
    return stimulus == St::kMraOtherPeer || stimulus == St::kRejOtherPeer ||
           stimulus == St::kRepOtherPeer;
}

} // namespace

Outcome OfMessage(Cell& cell)
{
    const StimulusFacts& facts = FactsOf(cell.stimulus);
    if (IsOfOtherPeer(cell.stimulus))
    {
        // The passive side never expects a REP, whoever sends it.
        const bool rep = cell.stimulus == St::kRepOtherPeer;
        if (cell.place.KnowsPeer() && (cell.Active() || !rep))
        {
            return cell.Dropped(Discard::kUnknownId);
        }
        cell.stimulus = rep                                  ? St::kRep
                        : cell.stimulus == St::kMraOtherPeer ? St::kMraReq
                                                             : St::kRej;
        return OfMessage(cell);
    }
    if (facts.attribute == 0x11 && facts.input)
    {
        if (const auto outcome = cell.ByTable(*facts.input))
        {
            return *outcome;
        }
    }
    if (cell.stimulus == St::kRtu || cell.stimulus == St::kRejStale)
    {
        if (const auto outcome = cell.ByTable(*facts.input))
        {
            return *outcome;
        }
    }
    switch (facts.attribute)
    {
    case 0x10:
        return OfReq(cell);
    case 0x11:
        return OfMra(cell);
    case 0x12:
        return OfRej(cell);
    case 0x13:
        return OfRep(cell);
    case 0x14:
        return OfRtu(cell);
    case 0x15:
        return OfDreq(cell);
    case 0x16:
        return OfDrep(cell);
    case 0x17:
    case 0x18:
        return OfSidr(cell);
    case 0x19:
        return OfLap(cell);
    case 0x1a:
        return OfApr(cell);
    default:
        return cell.Dropped(Discard::kAttribute); // SAP and SPR have no layout
    }
}

} // namespace ibcm::test::matrix
