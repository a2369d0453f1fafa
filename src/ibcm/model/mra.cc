// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// MRA: asking for more time, and granting it (InfiniBand Architecture vol. 1, 12.6.6, 12.9.8.6).
#include "ibcm/model/core.h"

namespace ibcm
{

namespace
{

constexpr std::uint8_t kMaxExponent = 31;

Input InputOf(ibwire::MessageMraed message)
{
    switch (message)
    {
    case ibwire::MessageMraed::kReq:
        return Input::kMraReq;
    case ibwire::MessageMraed::kRep:
        return Input::kMraRep;
    case ibwire::MessageMraed::kLap:
        break;
    }
    return Input::kMraLap;
}

/** A state that an MRA for this message leads to, and in which another says nothing new. */
bool KnowsAlready(State state, LapState lap)
{
    return state == State::kMraReqRcvd || state == State::kMraRepRcvd ||
           (state == State::kEstablished && lap == LapState::kMraLapRcvd);
}

} // namespace

Status Core::SendMra(Handle handle, const MraParameters& parameters)
{
    if (parameters.privateData.size() > ibwire::kPrivateDataBytes<ibwire::CmMra>)
    {
        return tl::unexpected(CmError::kPrivateDataLength);
    }
    if (parameters.serviceTimeout > kMaxExponent)
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    auto reply = NewLastReply(parameters.serviceTimeout, parameters.privateData);
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    MutexLock hold(id.lock);
    const State before = id.state.Read();
    const Transition* row = RowFor(id, Input::kCallSendMra);
    const LapTransition* lapRow = LapRowFor(id, Input::kCallSendMra);
    if (row == nullptr && lapRow == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    // The RTU of an established connection is still kept for a REP that comes again.
    std::unique_ptr<LastReply>& kept =
        row != nullptr ? id.lastReply.Write() : id.alternate.Write()->mra;
    std::swap(kept, reply);
    if (!parameters.onDuplicateOnly)
    {
        const Status sent = SendReply(id, before, row != nullptr ? row->reply : lapRow->reply);
        if (!sent)
        {
            std::swap(kept, reply);
            return sent;
        }
    }
    if (row != nullptr)
    {
        Apply(id, *row);
    }
    else
    {
        Apply(id, *lapRow);
    }
    return {};
}

void Core::OnMra(const Received& rx, const ibwire::CmMra& mra)
{
    if (mra.messageMraed > ibwire::MessageMraed::kLap)
    {
        Discarded(rx, Discard::kReservedCode);
        return;
    }
    IdRef ref = m_table.FindByCommId(mra.remoteCommId);
    if (!ref)
    {
        Discarded(rx, Discard::kUnknownId);
        return;
    }
    EventPtr event = NewEvent();
    event->event.parameters = MraReceived{mra.messageMraed, mra.serviceTimeout};
    event->event.privateData.Assign(mra.privateData);
    const Input input = InputOf(mra.messageMraed);
    CmId& id = *ref;
    id.lock.Lock();
    // Before the REP the peer's id is unknown here.
    const std::uint32_t known = id.connection.Read().remoteCommId;
    const bool ours = known == 0 || known == mra.localCommId;
    const Transition* row = RowFor(id, input);
    const LapTransition* lapRow = LapRowFor(id, input);
    const bool due = row != nullptr || lapRow != nullptr;
    // One that comes late may be for an earlier REQ or LAP of this id, which sends one REP at most.
    // Of ports that number their transactions themselves only the lower half is the peer's echo.
    const std::uint64_t asked =
        lapRow != nullptr ? id.alternate.Read()->lapId : id.connection.Read().requestId;
    const bool answers =
        !due || !Strict() || input == Input::kMraRep ||
        static_cast<std::uint32_t>(asked) == static_cast<std::uint32_t>(rx.transactionId);
    if (!ours || !due || !answers)
    {
        const State state = id.state.Read(); // first, whatever the compiler does with arguments
        const LapState lap = id.lapState.Read();
        const bool repeated = ours && KnowsAlready(state, lap);
        NoteMessage(id, TimelineEntry::Kind::kDropped, ibwire::CmAttribute::kMra);
        id.lock.Unlock();
        if (repeated)
        {
            Duplicate(rx, ibwire::CmAttribute::kMra);
        }
        else
        {
            Discarded(rx,
                      !ours      ? Discard::kUnknownId
                      : !answers ? Discard::kTransactionId
                                 : Discard::kUnexpected);
        }
        return;
    }
    NoteMessage(id, TimelineEntry::Kind::kReceived, ibwire::CmAttribute::kMra);
    ExtendWait(id, mra.serviceTimeout);
    if (row != nullptr)
    {
        Apply(id, *row);
        event->event.type = row->event;
    }
    else
    {
        Apply(id, *lapRow);
        event->event.type = lapRow->event;
    }
    Deliver(id, std::move(ref), std::move(event));
}

} // namespace ibcm
