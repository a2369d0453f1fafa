// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Random calls, losses, copies, damage and delays on a few ids with few QPNs, so that they meet: no
// call may hang or abort, each id must come to rest, and nothing may be left at the end.
#include "pair.h"

#include <algorithm>
#include <array>

namespace ibcm::test
{
namespace
{

class RandomWalk : public Pair, public ::testing::WithParamInterface<std::uint64_t>
{
  protected:
    RandomWalk()
        : m_draws(GetParam())
    {
    }

    std::uint64_t Draw(std::uint64_t below)
    {
        return m_draws.Random() % below;
    }

    Host& AnyHost()
    {
        return Draw(2) == 0 ? *hostA : *hostB;
    }

    std::vector<Handle>& IdsOf(Host& host)
    {
        return &host == hostA.get() ? m_ids[0] : m_ids[1];
    }

    /** Any id that this host has had; it may be gone. */
    Handle AnyId(Host& host)
    {
        const auto& ids = IdsOf(host);
        return ids.empty() ? Handle::kNone : ids[Draw(ids.size())];
    }

    Disposition React(ConnectionManager& manager, Handle id, const Event& event)
    {
        Host& host = &manager == &hostA->cm ? *hostA : *hostB;
        if (event.type == EventType::kReqReceived)
        {
            IdsOf(host).push_back(id);
        }
        if (Draw(3) != 0)
        {
            Call(host, id, Draw(8) != 0);
        }
        if (Draw(4) == 0)
        {
            (void)wire.Deliver(Draw(4)); // as another thread would
        }
        const std::uint64_t answer = Draw(30);
        return answer == 0   ? Disposition::kDestroy
               : answer == 1 ? Disposition::kDestroyNoMemory
                             : Disposition::kKeep;
    }

    /** One call on @p id, any one or the one that its state asks for next. */
    void Call(Host& host, Handle id, bool sensible)
    {
        const auto state = host.cm.StateOf(id);
        std::uint64_t which = Draw(8);
        if (sensible && state)
        {
            which = *state == State::kIdle          ? 0
                    : *state == State::kReqRcvd     ? 1
                    : *state == State::kRepRcvd     ? 2
                    : *state == State::kEstablished ? 4
                    : *state == State::kDreqRcvd    ? 5
                                                    : 6;
        }
        switch (which)
        {
        case 0:
        {
            ReqParameters req = Req();
            req.localQpn = 1 + static_cast<std::uint32_t>(Draw(12));
            req.serviceId = kService + Draw(9) / 8; // seldom one that nobody serves
            Host& peer = Draw(8) == 0 ? host : &host == hostA.get() ? *hostB : *hostA;
            req.primaryPath.sgid = host.gid;
            req.primaryPath.dgid = peer.gid;
            req.primaryPath.slid = host.end.Lid();
            req.primaryPath.dlid = peer.end.Lid();
            (void)host.cm.SendReq(id, req);
            break;
        }
        case 1:
        {
            RepParameters rep = Rep();
            rep.localQpn = 1 + static_cast<std::uint32_t>(Draw(12));
            (void)host.cm.SendRep(id, rep);
            break;
        }
        case 2:
            (void)host.cm.SendRtu(id);
            break;
        case 3:
            (void)host.cm.SendRej(id, static_cast<ibwire::RejReason>(1 + Draw(35)));
            break;
        case 4:
            (void)host.cm.SendDreq(id);
            break;
        case 5:
            (void)host.cm.SendDrep(id);
            break;
        case 6:
            (void)host.cm.NotifyEstablished(id);
            break;
        default:
            (void)host.cm.Listen(id, kService + 2 + Draw(2));
            break;
        }
    }

    /** A MAD that is under way arrives damaged, besides arriving whole. */
    void Damage()
    {
        if (wire.InFlight() == 0)
        {
            return;
        }
        const Flight& flight = wire.At(Draw(wire.InFlight()));
        ReceivedMad mad;
        mad.bytes = flight.bytes;
        mad.replyAddress.dlid = flight.from == 0 ? kLidA : kLidB;
        for (std::uint64_t i = 1 + Draw(3); i > 0; --i)
        {
            // The fields that matter most are at the front.
            const std::uint64_t place = Draw(2) == 0 ? 24 + Draw(12) : Draw(256);
            mad.bytes[place] ^= static_cast<std::uint8_t>(1U << Draw(8));
        }
        (flight.to == 0 ? hostA : hostB)->port.Received(mad);
    }

    void Step()
    {
        Host& host = AnyHost();
        switch (Draw(14))
        {
        case 0:
        {
            const auto id = host.cm.Create(host.consumer);
            ASSERT_TRUE(id);
            IdsOf(host).push_back(*id);
            created.emplace_back(&host, *id);
            break;
        }
        case 1:
            if (Draw(2) == 0)
            {
                (void)host.cm.Destroy(AnyId(host));
            }
            break;
        case 2:
            Call(host, AnyId(host), false);
            break;
        case 4:
        case 5:
        case 6:
            Call(host, AnyId(host), true);
            break;
        case 3:
        case 7:
        case 8:
        case 9:
            (void)wire.Deliver(Draw(3));
            break;
        case 10:
            (void)wire.Drop(Draw(3));
            break;
        case 11:
            (void)(Draw(2) == 0 ? wire.Duplicate(Draw(3)) : wire.Delay(Draw(3)));
            break;
        case 12:
            Damage();
            break;
        default:
            Draw(6) == 0 ? host.end.SetDown(Draw(2) == 0) : host.end.SetDown(false);
            runtime.Advance(std::chrono::milliseconds(Draw(Draw(4) == 0 ? 3000 : 100)));
            break;
        }
    }

    /** Nothing is sent any more unless a consumer asks for it. */
    void CheckAtRest(Host& host)
    {
        constexpr State kRest[] = {State::kIdle,
                                   State::kListen,
                                   State::kReqRcvd,
                                   State::kRepRcvd,
                                   State::kEstablished,
                                   State::kDreqRcvd};
        EXPECT_EQ(host.port.Outstanding(), 0U);
        for (const Handle id : IdsOf(host))
        {
            if (const auto state = host.cm.StateOf(id))
            {
                EXPECT_NE(std::find(std::begin(kRest), std::end(kRest), *state), std::end(kRest))
                    << "an id stays in " << ToString(*state) << " for ever";
            }
        }
    }

  private:
    StepRuntime m_draws; ///< for its numbers only
    std::array<std::vector<Handle>, 2> m_ids;
};

TEST_P(RandomWalk, ComesToRest)
{
    for (Host* host : {hostA.get(), hostB.get()})
    {
        host->consumer.react = [this](ConnectionManager& manager, Handle id, const Event& event)
        { return React(manager, id, event); };
        const auto id = host->cm.Create(host->consumer);
        created.emplace_back(host, id.value());
        ASSERT_TRUE(host->cm.Listen(*id, kService));
    }
    for (unsigned i = 0; i < 2000 && !HasFatalFailure(); ++i)
    {
        Step();
    }
    for (Host* host : {hostA.get(), hostB.get()})
    {
        host->end.SetDown(false);
        host->consumer.react = {};
    }
    // All MADs arrive, all retries run out, all peers age.
    for (unsigned i = 0; i < 20; ++i)
    {
        Settle();
        runtime.Advance(std::chrono::seconds(2));
    }
    runtime.RunUntilIdle();
    Settle();
    CheckAtRest(*hostA);
    CheckAtRest(*hostB);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomWalk, ::testing::Range<std::uint64_t>(1, 101));

} // namespace
} // namespace ibcm::test
