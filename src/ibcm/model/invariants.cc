// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm/model/invariants.h"

#include "ibcm/model/cm-id.h"

#include <cstdio>
#include <cstdlib>

namespace ibcm
{

const char* ToString(Invariant invariant)
{
    static constexpr const char* kNames[] = {
        "I1 locked",
        "I2 published",
        "I3 peer attached",
        "I4 peer indexed",
        "I5 listening",
        "I6 SIDR attached",
        "I7 ends idle",
        "I8 outstanding",
        "I9 one handler",
    };
    return kNames[static_cast<std::size_t>(invariant)];
}

#if IBCM_INVARIANTS

void ReportViolation(const Runtime& runtime,
                     Invariant invariant,
                     const void* object,
                     const char* what)
{
    if (Observer* checker = runtime.GetChecker(); checker != nullptr)
    {
        checker->OnViolation(ToString(invariant), object, what);
        return;
    }
    std::fprintf(stderr, "ibcm: invariant %s violated: %s\n", ToString(invariant), what);
    std::abort();
}

namespace
{

/** Which message a state waits to have answered; kNone for those that wait for none. */
struct Awaited
{
    bool any;
    Input timeout;
};

Awaited AwaitedIn(State state, LapState lap)
{
    switch (state)
    {
    case State::kReqSent:
    case State::kMraReqRcvd:
        return {true, Input::kReqTimeout};
    case State::kRepSent:
    case State::kMraRepRcvd:
        return {true, Input::kRepTimeout};
    case State::kDreqSent:
        return {true, Input::kDreqTimeout};
    case State::kSidrReqSent:
        return {true, Input::kSidrReqTimeout};
    case State::kEstablished:
        return {lap == LapState::kLapSent || lap == LapState::kMraLapRcvd, Input::kLapTimeout};
    default:
        return {false, Input::kReqTimeout};
    }
}

bool HasPeer(State state)
{
    return state >= State::kReqSent && state <= State::kTimewait;
}

} // namespace

// Looks at the fields without telling the observer: a check is not an access of the core.
void CheckInvariants(const Runtime& runtime, const CmId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    const State state = id.state.Peek();
    const LapState lap = id.lapState.Peek();
    const Delivery& delivery = id.delivery.Peek();
    const Awaited awaited = AwaitedIn(state, lap);
    const Outstanding& outstanding = id.outstanding.Peek();
    const bool out = outstanding.token != SendToken::kNone;

    IBCM_CHECK(runtime, Invariant::kLocked, &id, id.lock.Held());
    IBCM_CHECK(runtime, Invariant::kPublished, &id, id.references.Value() >= 1);
    IBCM_CHECK(
        runtime, Invariant::kPeerAttached, &id, (id.peer.Peek() != nullptr) == HasPeer(state));
    IBCM_CHECK(runtime,
               Invariant::kListening,
               &id,
               (id.listener.Peek() != nullptr) == (state == State::kListen));
    IBCM_CHECK(runtime,
               Invariant::kSidrAttached,
               &id,
               (id.sidr.Peek() != nullptr) == (state == State::kSidrReqRcvd));
    IBCM_CHECK(runtime, Invariant::kOutstanding, &id, !out || awaited.any);
    IBCM_CHECK(
        runtime, Invariant::kOutstanding, &id, !out || outstanding.timeout == awaited.timeout);
    IBCM_CHECK(runtime,
               Invariant::kOutstanding,
               &id,
               lap == LapState::kUninit || state == State::kEstablished);
    IBCM_CHECK(runtime, Invariant::kOneHandler, &id, !delivery.inside || delivery.busy);
    IBCM_CHECK(runtime,
               Invariant::kOneHandler,
               &id,
               (delivery.waiting == nullptr) == (delivery.waitingCount == 0));
}

// Nobody else has the id any more, so there is nothing that the lock could keep out.
void CheckBeforeDelete(const Runtime& runtime, const CmId& id) IBCM_NO_THREAD_SAFETY_ANALYSIS
{
    IBCM_CHECK(runtime,
               Invariant::kEndsIdle,
               &id,
               id.state.Peek() == State::kIdle && id.peer.Peek() == nullptr);
}

#endif

} // namespace ibcm
