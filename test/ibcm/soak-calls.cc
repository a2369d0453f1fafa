// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the soak's consumers call, with parameters by chance, and what they may be answered.
#include "soak-host.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ibcm::test
{
namespace
{

constexpr std::uint64_t kFirstService = 0x1000000000005000;

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
    static const std::vector<Call> s_calls = {
        {"SendReq", State::kIdle, 7, &SoakHost::Connect},
        {"Listen", State::kIdle, 1, &SoakHost::Listen},
        {"SendRep", State::kReqRcvd, 6, &SoakHost::SendRep},
        {"SendRej", State::kReqRcvd, 2, &SoakHost::SendRej},
        {"SendRtu", State::kRepRcvd, 7, &SoakHost::SendRtu},
        {"SendRej", State::kRepRcvd, 1, &SoakHost::SendRej},
        {"NotifyEstablished", State::kRepSent, 1, &SoakHost::Notify},
        {"SendRej", State::kRepSent, 1, &SoakHost::SendRej},
        {"none", State::kRepSent, 4, &SoakHost::Wait},
        {"SendRej", State::kReqSent, 1, &SoakHost::SendRej},
        {"none", State::kReqSent, 9, &SoakHost::Wait},
        {"SendDreq", State::kEstablished, 1, &SoakHost::SendDreq},
        {"none", State::kEstablished, 2, &SoakHost::Wait},
        {"SendDrep", State::kDreqRcvd, 1, &SoakHost::SendDrep},
    };
    return s_calls;
}

void SoakHost::NextStep(SoakId& id, Draws& draws)
{
    const auto state = cm.StateOf(id.handle);
    if (!state)
    {
        return;
    }
    std::uint64_t sum = 0;
    for (const Call& call : Calls())
    {
        sum += call.state == *state ? call.weight : 0;
    }
    if (sum == 0)
    {
        return;
    }
    std::uint64_t left = draws.Below(sum);
    for (const Call& call : Calls())
    {
        if (call.state != *state)
        {
            continue;
        }
        if (left < call.weight)
        {
            (this->*call.make)(id, draws);
            return;
        }
        left -= call.weight;
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
    EXPECT_TRUE(error == CmError::kInvalidState ||
                std::find(allowed.begin(), allowed.end(), error) != allowed.end())
        << call << " is refused with " << ToString(error);
}

void SoakHost::Connect(SoakId& id, Draws& draws)
{
    const SoakHost& peer = *m_peers[draws.Below(m_peers.size())];
    ReqParameters req;
    req.serviceId = kFirstService + draws.Below(kServices + 1); // seldom one that nobody serves
    req.primaryPath.sgid = gid;
    req.primaryPath.dgid = peer.gid;
    req.primaryPath.slid = lid;
    req.primaryPath.dlid = draws.OneIn(50) ? 0xbfff : peer.lid; // nobody: the REQ times out
    req.primaryPath.packetLifeTime = static_cast<std::uint8_t>(draws.Below(4)); // 4 to 33 us
    req.localQpn = AnyQpn(draws);
    req.startingPsn = static_cast<std::uint32_t>(draws.Below(1U << 24));
    // 1 to 67 ms, and few retries: some run out, and under a sanitizer not all.
    req.remoteCmResponseTimeout = static_cast<std::uint8_t>(8 + draws.Below(7));
    req.localCmResponseTimeout = static_cast<std::uint8_t>(8 + draws.Below(7));
    req.maxCmRetries = static_cast<std::uint8_t>(draws.Below(5));
    ++id.requests;
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
