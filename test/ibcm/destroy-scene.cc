// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The scenes, and how an id is brought into each. The messages stand in destroy-scene-messages.cc.
#include "destroy-scene.h"

#include <ostream>

namespace ibcm::test
{

namespace
{

using S = State;
using L = LapState;
using F = Flavour;

constexpr Scene kScenes[] = {
    {true, S::kIdle},
    {true, S::kListen},
    {true, S::kReqSent},
    {true, S::kMraReqRcvd},
    {true, S::kRepRcvd},
    {true, S::kMraRepSent},
    {true, S::kEstablished, L::kUninit},
    {true, S::kEstablished, L::kIdle},
    {true, S::kEstablished, L::kLapSent},
    {true, S::kEstablished, L::kMraLapRcvd},
    {true, S::kEstablished, L::kUninit, F::kXrc},
    {true, S::kDreqSent},
    {true, S::kDreqRcvd},
    {true, S::kDreqRcvd, L::kUninit, F::kCrossed},
    {true, S::kTimewait},
    {true, S::kSidrReqSent},
    {false, S::kIdle},
    {false, S::kReqRcvd},
    {false, S::kMraReqSent},
    {false, S::kRepSent},
    {false, S::kMraRepRcvd},
    {false, S::kEstablished, L::kUninit},
    {false, S::kEstablished, L::kIdle},
    {false, S::kEstablished, L::kLapRcvd},
    {false, S::kEstablished, L::kMraLapSent},
    {false, S::kEstablished, L::kUninit, F::kXrc},
    {false, S::kDreqSent},
    {false, S::kDreqSent, L::kUninit, F::kXrc},
    {false, S::kDreqRcvd},
    {false, S::kDreqRcvd, L::kUninit, F::kCrossed},
    {false, S::kTimewait},
    {false, S::kSidrReqRcvd},
};

Options Traced(Trace& trace)
{
    Options options;
    options.trace = &trace;
    return options;
}

} // namespace

std::string NameOf(const Scene& scene)
{
    std::string name = scene.active ? "active " : "passive ";
    name += ToString(scene.state);
    if (scene.state == S::kEstablished)
    {
        name += std::string(" ") + ToString(scene.lap);
    }
    if (scene.flavour == F::kXrc)
    {
        name += " XRC";
    }
    if (scene.flavour == F::kCrossed)
    {
        name += " crossed";
    }
    return name;
}

void PrintTo(const Scene& scene, std::ostream* out)
{
    *out << NameOf(scene);
}

std::span<const Scene> Scenes()
{
    return kScenes;
}

SceneStage::SceneStage(const Scene& which)
    : Pair(Traced(steps)),
      scene(which)
{
}

ReqParameters SceneStage::SceneReq() const
{
    ReqParameters parameters = Req();
    if (scene.flavour == F::kXrc)
    {
        parameters.qpType = QpType::kXrcInitiator;
    }
    return parameters;
}

RepParameters SceneStage::SceneRep() const
{
    return Rep();
}

LapParameters SceneStage::Lap() const
{
    LapParameters parameters;
    parameters.alternatePath = PathToB();
    parameters.alternatePath.slid = kLidA + 1; // another way to the same port
    return parameters;
}

void SceneStage::Note()
{
    m_history.insert(m_history.end(), sent.begin(), sent.end());
}

bool SceneStage::Reach()
{
    own = scene.active ? hostA.get() : hostB.get();
    peer = scene.active ? hostB.get() : hostA.get();
    const bool sidr = scene.state == S::kSidrReqSent || scene.state == S::kSidrReqRcvd;
    if (scene.active && (scene.state == S::kIdle || scene.state == S::kListen))
    {
        ReachA(scene.state);
    }
    else if (sidr)
    {
        ReachSidr();
    }
    else
    {
        ReachAsking();
    }
    id = scene.active ? a : b;
    ownCommId = own->cm.CommIdOf(id).value();
    const bool connected = !sidr && scene.state != S::kListen && b != Handle::kNone;
    if (connected)
    {
        peerCommId = peer->cm.CommIdOf(scene.active ? b : a).value();
    }
    Note();
    ForgetRecords();
    wire.DropAll();
    EXPECT_EQ(own->cm.StateOf(id), scene.state);
    EXPECT_EQ(own->cm.LapStateOf(id), scene.lap);
    return !HasFailure();
}

void SceneStage::ReachSidr()
{
    listener = ListenB();
    a = CreateA();
    SidrReqParameters parameters;
    parameters.serviceId = kService;
    parameters.path = PathToB();
    EXPECT_TRUE(hostA->cm.SendSidrReq(a, parameters));
    if (scene.active)
    {
        wire.DropAll();
        return;
    }
    Settle();
    b = hostB->consumer.Last().id;
    created.emplace_back(hostB.get(), b);
}

void SceneStage::ReachAsking()
{
    listener = ListenB();
    a = Connect(SceneReq());
    Settle();
    b = Accepted();
    switch (scene.state)
    {
    case S::kReqSent:
    case S::kReqRcvd:
        return;
    case S::kMraReqRcvd:
    case S::kMraReqSent:
        EXPECT_TRUE(hostB->cm.SendMra(b, {}));
        Settle();
        return;
    case S::kIdle:
        // Refused: the id lives on until its consumer destroys it.
        EXPECT_TRUE(hostB->cm.SendRej(b, ibwire::RejReason::kConsumer));
        Settle();
        return;
    default:
        ReachConnecting();
        return;
    }
}

void SceneStage::ReachConnecting()
{
    EXPECT_TRUE(hostB->cm.SendRep(b, SceneRep()));
    Settle();
    switch (scene.state)
    {
    case S::kRepRcvd:
    case S::kRepSent:
        return;
    case S::kMraRepSent:
    case S::kMraRepRcvd:
        EXPECT_TRUE(hostA->cm.SendMra(a, {}));
        Settle();
        return;
    default:
        EXPECT_TRUE(hostA->cm.SendRtu(a));
        Settle();
        ReachConnected();
        return;
    }
}

void SceneStage::ReachConnected()
{
    const Handle peerId = scene.active ? b : a;
    const Handle ownId = scene.active ? a : b;
    switch (scene.state)
    {
    case S::kDreqSent:
        EXPECT_TRUE(own->cm.SendDreq(ownId));
        return;
    case S::kDreqRcvd:
        if (scene.flavour == F::kCrossed)
        {
            EXPECT_TRUE(own->cm.SendDreq(ownId));
            Note();
            sent.clear();
            wire.DropAll();
        }
        EXPECT_TRUE(peer->cm.SendDreq(peerId));
        Settle();
        return;
    case S::kTimewait:
        EXPECT_TRUE(own->cm.SendDreq(ownId));
        Settle();
        EXPECT_TRUE(peer->cm.SendDrep(peerId));
        Settle();
        return;
    default:
        ReachLap();
        return;
    }
}

void SceneStage::ReachLap()
{
    if (scene.lap == L::kUninit)
    {
        return;
    }
    EXPECT_TRUE(hostA->cm.SendLap(a, Lap()));
    Settle();
    switch (scene.lap)
    {
    case L::kMraLapSent:
    case L::kMraLapRcvd:
        EXPECT_TRUE(hostB->cm.SendMra(b, {}));
        Settle();
        return;
    case L::kIdle:
        EXPECT_TRUE(hostB->cm.SendApr(b, {}));
        Settle();
        return;
    default:
        return;
    }
}

void SceneStage::Finish()
{
    wire.DropAll();
    for (Host* host : {hostA.get(), hostB.get()})
    {
        for (const Told& one : std::vector<Told>(host->consumer.told))
        {
            if (one.event.type == EventType::kSidrReqReceived)
            {
                (void)host->cm.Destroy(one.id); // gone already, if it is the scene's
            }
        }
    }
    TearDown();
}

std::size_t SceneStage::EventsOfId() const
{
    std::size_t events = 0;
    for (const Told& one : own->consumer.told)
    {
        events += one.id == id ? 1 : 0;
    }
    return events;
}

} // namespace ibcm::test
