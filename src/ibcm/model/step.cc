// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Taking a row of the state tables: everything that it asks for but sending and telling.
#include "ibcm/model/core.h"

namespace ibcm
{

namespace
{

/** States in which a listener's consumer has not made up its mind, or the peer has not heard. */
constexpr bool StandsInBacklog(State state)
{
    constexpr auto bit = [](State one) { return 1U << static_cast<unsigned>(one); };
    constexpr unsigned kOpen = bit(State::kReqRcvd) | bit(State::kMraReqSent) |
                               bit(State::kRepSent) | bit(State::kMraRepRcvd) |
                               bit(State::kSidrReqRcvd);
    return (kOpen >> static_cast<unsigned>(state) & 1U) != 0;
}

} // namespace

const Transition* Core::RowFor(CmId& id, Input input)
{
    const State state = id.state.Read();
    if (state == State::kEstablished &&
        LapStateDrops(id.lapState.Read(), input, m_options.behaviour))
    {
        return nullptr;
    }
    return FindTransition(state, input, m_options.behaviour);
}

const LapTransition* Core::LapRowFor(CmId& id, Input input)
{
    if (id.state.Read() != State::kEstablished)
    {
        return nullptr;
    }
    return FindTransition(id.lapState.Read(), input, m_options.behaviour);
}

void Core::Act(CmId& id, std::uint8_t actions)
{
    if ((actions & kCancelSend) != 0)
    {
        CancelSend(id);
    }
    if ((actions & kForgetPeer) != 0)
    {
        ForgetPeer(id);
    }
    if ((actions & kEnterTimewait) != 0)
    {
        EnterTimewait(id);
    }
    if ((actions & kLeavePeer) != 0)
    {
        id.peer.Write() = nullptr;
    }
    if ((actions & kUnlisten) != 0)
    {
        m_table.Unlisten(*id.listener.Read());
        id.listener.Write().reset();
    }
    if ((actions & kForgetSidr) != 0)
    {
        m_table.RemoveSidr(*id.sidr.Read());
        id.sidr.Write().reset();
    }
}

void Core::Apply(CmId& id, const Transition& row)
{
    if (row.actions != 0)
    {
        Act(id, row.actions);
    }
    if (row.to == row.from)
    {
        if (m_options.trace != nullptr)
        {
            m_options.trace->OnStay({id.handle,
                                     id.localCommId,
                                     id.connection.Read().remoteCommId,
                                     row.from,
                                     row.to,
                                     row.input});
        }
        return;
    }
    if (row.from == State::kEstablished)
    {
        // What was agreed on alternate paths ends with the connection.
        id.lapState.Write() = LapState::kUninit;
        id.alternate.Write().reset();
    }
    const bool asking = row.to == State::kReqSent || row.to == State::kMraReqRcvd;
    if (!asking && id.peerToPeer.Read() != nullptr)
    {
        m_table.LeavePeerToPeer(*id.peerToPeer.Read());
        id.peerToPeer.Write().reset();
    }
    if (!asking && row.to != State::kSidrReqSent && id.request.Read() != nullptr)
    {
        id.request.Write().reset();
    }
    if (!StandsInBacklog(row.to))
    {
        id.backlog.Write().Leave();
    }
    id.state.Write() = row.to;
    id.connection.Write().since = m_runtime.Now();
    Note(id,
         TimelineEntry::Kind::kStep,
         static_cast<std::uint8_t>(row.input),
         static_cast<std::uint8_t>(row.from),
         static_cast<std::uint8_t>(row.to));
    if (m_options.trace != nullptr)
    {
        m_options.trace->OnTransition({id.handle,
                                       id.localCommId,
                                       id.connection.Read().remoteCommId,
                                       row.from,
                                       row.to,
                                       row.input});
    }
}

void Core::Apply(CmId& id, const LapTransition& row)
{
    if ((row.actions & kCancelSend) != 0)
    {
        CancelSend(id);
    }
    if (row.to == row.from)
    {
        return;
    }
    id.lapState.Write() = row.to;
    Note(id,
         TimelineEntry::Kind::kLapStep,
         static_cast<std::uint8_t>(row.input),
         static_cast<std::uint8_t>(row.from),
         static_cast<std::uint8_t>(row.to));
    if (m_options.trace != nullptr)
    {
        m_options.trace->OnLapTransition({id.handle,
                                          id.localCommId,
                                          id.connection.Read().remoteCommId,
                                          row.from,
                                          row.to,
                                          row.input});
    }
}

void Core::NoteMessage(CmId& id, TimelineEntry::Kind kind, ibwire::CmAttribute attribute)
{
    Note(id, kind, static_cast<std::uint8_t>(attribute));
}

} // namespace ibcm
