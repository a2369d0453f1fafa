// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Captures of many connections over a wire that loses, delays and reorders: whatever the replay
// infers from them must be right, or it would blame a core that does what the host did.
#include "own-capture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace ibcm::test
{

namespace
{

using std::chrono::milliseconds;

class RandomCapture : public OwnCapture, public ::testing::WithParamInterface<std::uint64_t>
{
  protected:
    RandomCapture()
        : m_draws(GetParam())
    {
    }

    std::uint64_t Draw(std::uint64_t below)
    {
        return m_draws.Random() % below;
    }

    /** A consumer's call, a while from now: mostly soon, at times when the peer has given up. */
    void Later(std::function<void()> call)
    {
        const std::uint64_t delay = Draw(8) == 0 ? Draw(4000) : Draw(40);
        m_calls.push_back({runtime.Now() + milliseconds(delay), std::move(call)});
    }

    Disposition React(ConnectionManager& cm, Handle id, const Event& event)
    {
        switch (event.type)
        {
        case EventType::kReqReceived:
            created.emplace_back(hostB.get(), id);
            AskForTime(cm, id);
            Later([this, &cm, id] { Accept(cm, id); });
            break;
        case EventType::kRepReceived:
            AskForTime(cm, id);
            Later([this, &cm, id] { Complete(cm, id); });
            break;
        case EventType::kRtuReceived:
            if (Draw(2) == 0)
            {
                Later([this, &cm, id] { (void)cm.SendDreq(id, Bytes(Draw(30))); });
            }
            break;
        case EventType::kDreqReceived:
            Later([&cm, id] { (void)cm.SendDrep(id); });
            break;
        case EventType::kSidrReqReceived:
            created.emplace_back(hostB.get(), id);
            Later([this, &cm, id] { Resolve(cm, id); });
            break;
        default:
            break;
        }
        return Disposition::kKeep;
    }

    /** As rdma_cm does, or at once, or not at all. */
    void AskForTime(ConnectionManager& cm, Handle id)
    {
        const std::uint64_t how = Draw(4);
        if (how != 0)
        {
            (void)cm.SendMra(id, {20, how != 1, {}});
        }
    }

    void Resolve(ConnectionManager& cm, Handle id)
    {
        SidrRepParameters rep;
        rep.status = Draw(4) == 0 ? ibwire::SidrStatus::kRejected : ibwire::SidrStatus::kSuccess;
        rep.qpn = ++m_lastQpn;
        rep.qkey = 0x1234567;
        rep.ece = {0x2c9, 7};
        const std::vector<std::uint8_t> data = Bytes(Draw(30));
        rep.privateData = data;
        (void)cm.SendSidrRep(id, rep);
    }

    void Accept(ConnectionManager& cm, Handle id)
    {
        if (Draw(6) == 0)
        {
            (void)cm.SendRej(id, ibwire::RejReason::kConsumer, Bytes(2), Bytes(Draw(30)));
            (void)cm.Destroy(id);
            return;
        }
        RepParameters rep = Rep();
        rep.localQpn = ++m_lastQpn;
        (void)cm.SendRep(id, rep);
    }

    void Complete(ConnectionManager& cm, Handle id)
    {
        if (Draw(8) == 0)
        {
            (void)cm.Destroy(id);
            return;
        }
        (void)cm.SendRtu(id, Bytes(Draw(30)));
        if (Draw(2) == 0)
        {
            Later([this, &cm, id] { (void)cm.SendDreq(id, Bytes(Draw(30))); });
        }
    }

    void AskForQp()
    {
        SidrReqParameters req;
        req.serviceId = kService + (Draw(8) == 0 ? 1 : 0);
        req.path = PathToB();
        req.timeout = milliseconds(900);
        req.maxCmRetries = 3;
        (void)hostA->cm.SendSidrReq(CreateA(), req);
    }

    void StartOne()
    {
        if (Draw(5) == 0)
        {
            AskForQp();
            return;
        }
        ReqParameters req = Req();
        req.localQpn = ++m_lastQpn;
        req.serviceId += Draw(8) == 0 ? 1 : 0; // nobody listens there
        const Handle id = Connect(req);
        if (Draw(6) == 0)
        {
            Later([this, id] { (void)hostA->cm.Destroy(id); });
        }
    }

    void MakeDueCalls()
    {
        for (std::size_t i = 0; i < m_calls.size();)
        {
            if (m_calls[i].when > runtime.Now())
            {
                ++i;
                continue;
            }
            const auto call = std::move(m_calls[i].call);
            m_calls.erase(m_calls.begin() + static_cast<std::ptrdiff_t>(i));
            call();
        }
    }

    void MoveSomeMads()
    {
        while (wire.InFlight() != 0 && Draw(4) != 0)
        {
            const std::size_t which = Draw(std::min<std::size_t>(wire.InFlight(), 3));
            (void)(Draw(6) == 0 ? wire.Drop(which) : wire.Deliver(which));
        }
    }

  private:
    struct Call
    {
        Instant when;
        std::function<void()> call;
    };

    StepRuntime m_draws;
    std::vector<Call> m_calls;
    std::uint32_t m_lastQpn{0x100};
};

TEST_P(RandomCapture, CanBeReplayed)
{
    const auto react = [this](ConnectionManager& cm, Handle id, const Event& event)
    { return React(cm, id, event); };
    hostA->consumer.react = react;
    hostB->consumer.react = react;
    listener = ListenB();
    for (unsigned step = 0; step < 4000; ++step)
    {
        if (step < 400 && Draw(40) == 0)
        {
            StartOne();
        }
        runtime.Advance(milliseconds(1 + Draw(9)));
        MakeDueCalls();
        MoveSomeMads();
    }
    ExpectFaithful(Captured());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomCapture, ::testing::Range<std::uint64_t>(1, 3001));

} // namespace

} // namespace ibcm::test
