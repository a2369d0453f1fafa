// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_LAB_CM_CHECKS_FIXTURE_H
#define TEST_LAB_CM_CHECKS_FIXTURE_H

#include "ib-wire/model/cm-messages.h"
#include "ibcm/model/protocol.h"
#include "interleave/model/virtual-time.h"
#include "lab/model/cm-checks.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

namespace lab
{

/** Two hosts under all checks; the hooks are called as a core, good or defective, would call them.
 */
class CmChecksFixture : public testing::Test
{
  protected:
    using I = ibcm::Input;
    using S = ibcm::State;

    static constexpr ibcm::Handle kClientId{11};
    static constexpr ibcm::Handle kServerId{22};
    static constexpr std::uint32_t kClient = 0xc1;
    static constexpr std::uint32_t kServer = 0x5e;

    /** What was found, if anything: kind and subject. */
    std::optional<std::string> Found()
    {
        const auto result = engine.Run();
        return result.violation ? std::optional(result.violation->Signature()) : std::nullopt;
    }

    /** A step, and what the consumer is told of it unless that is what the test is about. */
    void Step(HostChecks& host, ibcm::Handle id, std::uint32_t local, S from, I input, S to)
    {
        const bool client = local == kClient;
        const bool remoteKnown = !client || to == S::kRepRcvd || from != S::kReqSent;
        const std::uint32_t remote = client ? kServer : kClient;
        host.OnTransition({id,
                           local,
                           from == S::kIdle && client ? 0
                           : remoteKnown              ? remote
                                                      : 0,
                           from,
                           to,
                           input});
        const ibcm::EventType event = CallbackCheck::EventOf(input);
        if (tells && event != ibcm::EventType::kNone)
        {
            host.EventBegins(id, event);
            host.EventEnds(id, ibcm::Disposition::kKeep);
        }
    }

    void ClientStep(S from, I input, S to)
    {
        Step(client, kClientId, kClient, from, input, to);
    }

    void ServerStep(S from, I input, S to)
    {
        Step(server, kServerId, kServer, from, input, to);
    }

    /** From one host to the other. */
    template <class M>
    void Send(HostChecks& from, HostChecks& to, const M& message, bool lost = false)
    {
        const ibwire::MadBytes mad = Mad(message);
        from.Sent(mad);
        if (!lost)
        {
            to.Received(mad);
        }
    }

    template <class M>
    static ibwire::MadBytes Mad(const M& message)
    {
        return ibwire::EncodeCm({}, message).value();
    }

    template <class M>
    static M FromClient()
    {
        M message;
        message.localCommId = kClient;
        message.remoteCommId = kServer;
        return message;
    }

    template <class M>
    static M FromServer()
    {
        M message;
        message.localCommId = kServer;
        message.remoteCommId = kClient;
        return message;
    }

    static ibwire::CmReq Req()
    {
        ibwire::CmReq req;
        req.localCommId = kClient;
        return req;
    }

    void Ask()
    {
        ClientStep(S::kIdle, I::kCallSendReq, S::kReqSent);
        Send(client, server, Req());
        ServerStep(S::kIdle, I::kReqAccepted, S::kReqRcvd);
    }

    void Connect()
    {
        Ask();
        ServerStep(S::kReqRcvd, I::kCallSendRep, S::kRepSent);
        Send(server, client, FromServer<ibwire::CmRep>());
        ClientStep(S::kReqSent, I::kRep, S::kRepRcvd);
        ClientStep(S::kRepRcvd, I::kCallSendRtu, S::kEstablished);
        Send(client, server, FromClient<ibwire::CmRtu>());
        ServerStep(S::kRepSent, I::kRtu, S::kEstablished);
    }

    void Tell(ibcm::EventType type, ibcm::Disposition answer = ibcm::Disposition::kKeep)
    {
        client.EventBegins(kClientId, type);
        client.EventEnds(kClientId, answer);
    }

    bool tells{true};
    interleave::VirtualTime time;
    interleave::Engine engine{time};
    CmChecks checks{engine};
    HostChecks& client = checks.Host("client");
    HostChecks& server = checks.Host("server");
};

} // namespace lab

#endif // TEST_LAB_CM_CHECKS_FIXTURE_H
