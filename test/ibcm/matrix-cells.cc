// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "matrix-cell.h"

namespace ibcm::test::matrix
{

namespace
{

using S = State;
using St = Stimulus;

std::string RejText(S state, unsigned reason)
{
    constexpr const char* kRejected[] = {"REQ", "REP", "other"};
    const ExpectedRejForm& form = ExpectRejForm(state);
    return "REJ " + std::to_string(reason) + " of " + kRejected[form.rejected] +
           (form.hasLocalId ? ", id" : ", no id");
}

/** The reason that the test gives to SendRej. */
constexpr unsigned kCallersReason = 3;

std::string SentText(S state, Reply reply)
{
    switch (reply)
    {
    case Reply::kNone:
        return "";
    case Reply::kReq:
        return "REQ";
    case Reply::kRep:
        return "REP";
    case Reply::kRtu:
        return "RTU";
    case Reply::kMraReq:
        return "MRA of REQ";
    case Reply::kMraRep:
        return "MRA of REP";
    case Reply::kMraLap:
        return "MRA of LAP";
    case Reply::kRejCaller:
        return RejText(state, kCallersReason);
    case Reply::kRejConsumer:
        return RejText(state, 28);
    case Reply::kRejTimeout:
        return RejText(state, 4);
    case Reply::kRejStale:
        // Of the REQ that has come, not of the connection that is over: an active side that has
        // seen no REP hears nothing else.
        return "REJ 10 of REQ, no id";
    case Reply::kDreq:
    case Reply::kDreqOnce:
        return "DREQ";
    case Reply::kDrep:
        return "DREP";
    case Reply::kLap:
        return "LAP";
    case Reply::kApr:
        return "APR 0";
    case Reply::kSidrReq:
        return "SIDR_REQ";
    case Reply::kSidrRep:
        return "SIDR_REP 0";
    case Reply::kSidrRejected:
        return "SIDR_REP 2";
    }
    return "?";
}

std::string EventText(EventType event)
{
    return event == EventType::kNone ? "" : ToString(event);
}

} // namespace

std::optional<Outcome> Cell::ByTable(Input input)
{
    const bool rej = input == Input::kRej || input == Input::kRejStale;
    const bool ignored =
        rej && place.state == S::kEstablished && ExpectRejIgnored(place.lap, behaviour);
    EventType event = EventType::kNone;
    if (const auto step = ExpectedStep(place.state, input, behaviour); step && !ignored)
    {
        outcome.state = step->to;
        outcome.sent = SentText(place.state, step->reply);
        event = step->event;
    }
    else if (const auto lap = ExpectedStep(place.lap, input, behaviour);
             lap && place.state == S::kEstablished)
    {
        outcome.lap = lap->to;
        outcome.sent = SentText(place.state, lap->reply);
        event = lap->event;
    }
    else
    {
        return std::nullopt;
    }
    outcome.events = EventText(event);
    const StimulusFacts& facts = FactsOf(stimulus);
    if (facts.kind == StimulusKind::kMessage && event == EventType::kNone)
    {
        const auto attribute = static_cast<ibwire::CmAttribute>(facts.attribute);
        outcome.counted = "duplicate " + std::string(ibwire::ToString(attribute));
    }
    return outcome;
}

namespace
{

Outcome OfDestroy(Cell& cell)
{
    std::string sent;
    while (cell.place.state != S::kIdle)
    {
        const auto outcome = cell.ByTable(Input::kCallDestroy);
        sent += (sent.empty() || outcome->sent.empty() ? "" : "; ") + outcome->sent;
        cell.place.state = outcome->state;
    }
    cell.outcome.gone = true;
    return cell.Answered(sent.c_str());
}

/** QP attributes: from when the path is known, and from when the peer is, until disconnecting. */
Outcome OfQpAttributes(Cell& cell)
{
    constexpr StateSet kBoth = In(S::kReqRcvd,
                                  S::kMraReqSent,
                                  S::kRepSent,
                                  S::kRepRcvd,
                                  S::kMraRepSent,
                                  S::kMraRepRcvd,
                                  S::kEstablished);
    const StateSet allowed =
        cell.stimulus == St::kQpInit ? kBoth | In(S::kReqSent, S::kMraReqRcvd) : kBoth;
    return cell.InState(allowed) ? cell.outcome : cell.Refused(CmError::kInvalidState);
}

Outcome OfCall(Cell& cell)
{
    const StimulusFacts& facts = FactsOf(cell.stimulus);
    if (cell.stimulus == St::kDestroy)
    {
        return OfDestroy(cell);
    }
    if (!facts.input)
    {
        return OfQpAttributes(cell);
    }
    if (cell.stimulus == St::kNotifyEstablished && cell.InState(In(S::kEstablished)))
    {
        return cell.Refused(CmError::kAlreadyConnected);
    }
    if (cell.stimulus == St::kSendLap && cell.Strict() && !cell.Active())
    {
        return cell.Refused(CmError::kInvalidState);
    }
    auto outcome = cell.ByTable(*facts.input);
    if (!outcome)
    {
        return cell.Refused(CmError::kInvalidState);
    }
    if (cell.stimulus == St::kSendMraLater)
    {
        outcome->sent = "";
    }
    return *outcome;
}

} // namespace

Outcome Expect(const Place& place, Stimulus stimulus, Behaviour behaviour)
{
    Cell cell(place, stimulus, behaviour);
    switch (FactsOf(stimulus).kind)
    {
    case StimulusKind::kMessage:
        return OfMessage(cell);
    case StimulusKind::kCall:
        return OfCall(cell);
    case StimulusKind::kTimer:
        break;
    }
    const auto outcome = cell.ByTable(*FactsOf(stimulus).input);
    return outcome ? *outcome : cell.outcome;
}

std::string ToText(const Outcome& outcome)
{
    std::string text = outcome.gone ? "gone" : ToString(outcome.state);
    if (!outcome.gone && outcome.state == State::kEstablished)
    {
        text += std::string(" ") + ToString(outcome.lap);
    }
    text += "; sent [" + outcome.sent + "], events [" + outcome.events + "], of new ids [" +
            outcome.others + "], counted [" + outcome.counted + "], error [" +
            (outcome.error ? ToString(*outcome.error) : "") + "]";
    return text;
}

} // namespace ibcm::test::matrix
