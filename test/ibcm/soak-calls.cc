// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the soak's consumers call, with parameters by chance, and what they may be answered.
#include "soak-host.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ibcm::test
{
namespace
{

// So few that connections meet others' QPs now and then, which makes stale ones.
constexpr std::uint64_t kQpns = 3000;

std::uint32_t AnyQpn(Draws& draws)
{
    return 1 + static_cast<std::uint32_t>(draws.Below(kQpns));
}

} // namespace

const std::vector<SoakHost::Call>& SoakHost::Calls()
{
    // A new call of the manager is a new row here, and a function below.
    // clang-format off
    constexpr auto kAnyLap = std::nullopt;
    static const std::vector<Call> s_calls = {
        {"SendReq",           State::kIdle,        kAnyLap,               7, &SoakHost::Connect},
        {"Listen",            State::kIdle,        kAnyLap,               1, &SoakHost::Listen},
        {"SendSidrReq",       State::kIdle,        kAnyLap,               2, &SoakHost::AskService},
        {"SendRep",           State::kReqRcvd,     kAnyLap,               7, &SoakHost::SendRep},
        {"SendRej",           State::kReqRcvd,     kAnyLap,               1, &SoakHost::SendRej},
        {"SendMra",           State::kReqRcvd,     kAnyLap,               1, &SoakHost::SendMra},
        {"SendRep",           State::kMraReqSent,  kAnyLap,               7, &SoakHost::SendRep},
        {"SendRej",           State::kMraReqSent,  kAnyLap,               1, &SoakHost::SendRej},
        {"none",              State::kMraReqRcvd,  kAnyLap,               9, &SoakHost::Wait},
        {"SendRej",           State::kMraReqRcvd,  kAnyLap,               1, &SoakHost::SendRej},
        {"SendRtu",           State::kRepRcvd,     kAnyLap,               9, &SoakHost::SendRtu},
        {"SendMra",           State::kRepRcvd,     kAnyLap,               1, &SoakHost::SendMra},
        {"SendRej",           State::kRepRcvd,     kAnyLap,               1, &SoakHost::SendRej},
        {"SendRtu",           State::kMraRepSent,  kAnyLap,               9, &SoakHost::SendRtu},
        {"SendRej",           State::kMraRepSent,  kAnyLap,               1, &SoakHost::SendRej},
        {"NotifyEstablished", State::kRepSent,     kAnyLap,               1, &SoakHost::Notify},
        {"SendRej",           State::kRepSent,     kAnyLap,               1, &SoakHost::SendRej},
        {"none",              State::kRepSent,     kAnyLap,               6, &SoakHost::Wait},
        {"NotifyEstablished", State::kMraRepRcvd,  kAnyLap,               1, &SoakHost::Notify},
        {"SendRej",           State::kMraRepRcvd,  kAnyLap,               1, &SoakHost::SendRej},
        {"none",              State::kMraRepRcvd,  kAnyLap,               6, &SoakHost::Wait},
        {"SendRej",           State::kReqSent,     kAnyLap,               1, &SoakHost::SendRej},
        {"none",              State::kReqSent,     kAnyLap,               9, &SoakHost::Wait},
        {"SendDreq",          State::kEstablished, kAnyLap,               1, &SoakHost::SendDreq},
        {"none",              State::kEstablished, kAnyLap,               2, &SoakHost::Wait},
        {"SendLap",           State::kEstablished, LapState::kUninit,     3, &SoakHost::SendLap},
        {"SendLap",           State::kEstablished, LapState::kIdle,       3, &SoakHost::SendLap},
        {"NotifyMigrated",    State::kEstablished, LapState::kUninit,     1, &SoakHost::Migrate},
        {"NotifyMigrated",    State::kEstablished, LapState::kIdle,       1, &SoakHost::Migrate},
        {"SendApr",           State::kEstablished, LapState::kLapRcvd,    9, &SoakHost::SendApr},
        {"SendMra",           State::kEstablished, LapState::kLapRcvd,    4, &SoakHost::SendMra},
        {"SendApr",           State::kEstablished, LapState::kMraLapSent, 9, &SoakHost::SendApr},
        {"SendDrep",          State::kDreqRcvd,    kAnyLap,               1, &SoakHost::SendDrep},
        {"SendSidrRep",       State::kSidrReqRcvd, kAnyLap,               9, &SoakHost::Answer},
        {"none",              State::kSidrReqRcvd, kAnyLap,               1, &SoakHost::Wait},
    };
    // clang-format on
    return s_calls;
}

std::vector<const SoakHost::Call*> SoakHost::CallsIn(State state, LapState lap)
{
    std::vector<const Call*> calls;
    for (const Call& call : Calls())
    {
        if (call.state == state && call.lap.value_or(lap) == lap)
        {
            calls.insert(calls.end(), call.weight, &call);
        }
    }
    return calls;
}

void SoakHost::NextStep(SoakId& id, Draws& draws)
{
    const auto state = cm.StateOf(id.handle);
    const auto lap = cm.LapStateOf(id.handle);
    if (!state || !lap)
    {
        return;
    }
    if (const std::vector<const Call*> calls = CallsIn(*state, *lap); !calls.empty())
    {
        (this->*calls[draws.Below(calls.size())]->make)(id, draws);
    }
}

void SoakHost::AnyCall(SoakId& id, Draws& draws)
{
    (this->*Calls()[draws.Below(Calls().size())].make)(id, draws);
}

void SoakHost::Judge(const char* call,
                     SoakId& id,
                     const Status& status,
                     std::vector<CmError> allowed)
{
    ++counts.calls;
    if (status)
    {
        return;
    }
    ++counts.refused;
    const CmError error = status.error();
    if (error == CmError::kInvalidHandle)
    {
        EXPECT_TRUE(id.dying) << call << " does not find id " << id.number
                              << ", which nobody destroys";
        return;
    }
    // The last two: while the port is being replaced, and ever after for its connections.
    EXPECT_TRUE(error == CmError::kInvalidState || error == CmError::kNoPort ||
                error == CmError::kSendFailed ||
                std::find(allowed.begin(), allowed.end(), error) != allowed.end())
        << call << " is refused with " << ToString(error);
}

void SoakHost::Connect(SoakId& id, Draws& draws)
{
    const SoakHost& peer = *m_peers[draws.Below(m_peers.size())];
    ReqParameters req;
    // Seldom one that nobody serves.
    req.serviceId = kFirstService + draws.Below(kServices + kSharedServices + 1);
    req.primaryPath = PathTo(peer, draws);
    if (draws.OneIn(2))
    {
        req.alternatePath = PathTo(peer, draws);
        req.alternatePath->slid = req.primaryPath.slid ^ 1;
    }
    if (draws.OneIn(50))
    {
        req.primaryPath.dlid = 0xbfff; // nobody: the REQ times out
    }
    req.localQpn = AnyQpn(draws);
    req.startingPsn = static_cast<std::uint32_t>(draws.Below(1U << 24));
    // 1 to 67 ms, and few retries: some run out, and under a sanitizer not all.
    req.remoteCmResponseTimeout = static_cast<std::uint8_t>(8 + draws.Below(7));
    req.localCmResponseTimeout = static_cast<std::uint8_t>(8 + draws.Below(7));
    req.maxCmRetries = static_cast<std::uint8_t>(draws.Below(5));
    ++id.requests;
    id.peer = &peer;
    Judge("SendReq", id, cm.SendReq(id.handle, req));
}

void SoakHost::Listen(SoakId& id, Draws& draws)
{
    id.listener = true; // before it is one, and from now on, even if it does not become one
    const auto listening = cm.Listen(id.handle, kFirstService + draws.Below(kServices));
    Judge("Listen",
          id,
          listening ? Status() : tl::unexpected(listening.error()),
          {CmError::kAddressInUse});
}

void SoakHost::SendRep(SoakId& id, Draws& draws)
{
    RepParameters rep;
    rep.localQpn = AnyQpn(draws);
    rep.startingPsn = static_cast<std::uint32_t>(draws.Below(1U << 24));
    rep.targetAckDelay = static_cast<std::uint8_t>(7 + draws.Below(5)); // 0.5 to 8 ms of TIMEWAIT
    ++id.replies;
    Judge("SendRep", id, cm.SendRep(id.handle, rep));
}

void SoakHost::SendRtu(SoakId& id, Draws&)
{
    Judge("SendRtu", id, cm.SendRtu(id.handle));
}

void SoakHost::SendRej(SoakId& id, Draws& draws)
{
    constexpr ibwire::RejReason kReasons[] = {ibwire::RejReason::kConsumer,
                                              ibwire::RejReason::kNoResources,
                                              ibwire::RejReason::kStaleConnection};
    Judge("SendRej", id, cm.SendRej(id.handle, kReasons[draws.Below(std::size(kReasons))]));
}

void SoakHost::SendDreq(SoakId& id, Draws&)
{
    ++id.closings;
    Judge("SendDreq", id, cm.SendDreq(id.handle));
}

void SoakHost::SendDrep(SoakId& id, Draws&)
{
    Judge("SendDrep", id, cm.SendDrep(id.handle));
}

void SoakHost::Notify(SoakId& id, Draws&)
{
    ++id.notices;
    Judge("NotifyEstablished", id, cm.NotifyEstablished(id.handle), {CmError::kAlreadyConnected});
}

void SoakHost::Wait(SoakId&, Draws&)
{
}

void SoakHost::Query(SoakId& id, Draws& draws)
{
    constexpr QpTarget kTargets[] = {QpTarget::kInit, QpTarget::kRtr, QpTarget::kRts};
    if (const auto attributes =
            cm.InitQpAttributes(id.handle, kTargets[draws.Below(std::size(kTargets))]);
        !attributes)
    {
        Judge("InitQpAttributes", id, tl::unexpected(attributes.error()));
    }
    if (const auto commId = cm.CommIdOf(id.handle))
    {
        EXPECT_NE(*commId, 0U);
    }
}

} // namespace ibcm::test
