// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "destroy-stage.h"

#include "interleave/model/completion.h"

#include <gtest/gtest.h>

namespace labtest
{

namespace
{

using L = ibcm::LapState;
using S = ibcm::State;

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
    {true, S::kDreqSent},
    {true, S::kDreqRcvd},
    {true, S::kTimewait},
    {true, S::kSidrReqSent},
    {false, S::kReqRcvd},
    {false, S::kMraReqSent},
    {false, S::kRepSent},
    {false, S::kMraRepRcvd},
    {false, S::kEstablished, L::kUninit},
    {false, S::kEstablished, L::kIdle},
    {false, S::kEstablished, L::kLapRcvd},
    {false, S::kEstablished, L::kMraLapSent},
    {false, S::kEstablished, L::kUninit, true},
    {false, S::kDreqSent},
    {false, S::kDreqRcvd},
    {false, S::kTimewait},
    {false, S::kSidrReqRcvd},
};

std::string TextOf(const ibwire::CmMessage& message)
{
    std::string text(ibwire::ToString(ibwire::AttributeOf(message)));
    if (const auto* rej = std::get_if<ibwire::CmRej>(&message))
    {
        text += " " + std::to_string(static_cast<unsigned>(rej->reason));
    }
    else if (const auto* apr = std::get_if<ibwire::CmApr>(&message))
    {
        text += " " + std::to_string(static_cast<unsigned>(apr->status));
    }
    else if (const auto* rep = std::get_if<ibwire::CmSidrRep>(&message))
    {
        text += " " + std::to_string(static_cast<unsigned>(rep->status));
    }
    return text;
}

} // namespace

std::string NameOf(const Scene& scene)
{
    std::string name = scene.active ? "active_" : "passive_";
    name += ibcm::ToString(scene.state);
    if (scene.lap != L::kUninit)
    {
        name += std::string("_") + ibcm::ToString(scene.lap);
    }
    return name + (scene.xrc ? "_XRC" : "");
}

std::span<const Scene> Scenes()
{
    return kScenes;
}

DestroyStage::DestroyStage(const Scene& scene, Message message, interleave::Chooser& chooser)
    : m_scene(scene),
      m_message(message),
      m_engine(m_time),
      m_runtime(m_engine, "host", 1, true)
{
    m_engine.SetChooser(chooser);
}

ibcm::Disposition DestroyStage::OnCmEvent(ibcm::ConnectionManager&,
                                          ibcm::Handle told,
                                          const ibcm::Event& event)
{
    EXPECT_FALSE(m_destroyed && told == m_id)
        << "told after Destroy had returned: " << ibcm::ToString(event.type);
    if (event.type == ibcm::EventType::kReqReceived ||
        event.type == ibcm::EventType::kSidrReqReceived)
    {
        m_others.push_back(told);
    }
    return ibcm::Disposition::kKeep;
}

Sent DestroyStage::Run(const Body& first, const Body& second)
{
    m_engine.Spawn("main", [&] { Main(first, second); });
    const interleave::RunResult result = m_engine.Run();
    EXPECT_TRUE(result.Passed()) << (result.violation ? result.violation->Format() : "");
    EXPECT_EQ(m_runtime.LiveObjects(), 0U) << "made and not freed";
    Sent sent;
    for (const ibwire::CmMessage& message : m_port.messages)
    {
        sent.insert(TextOf(message));
    }
    return sent;
}

void DestroyStage::Receive()
{
    Deliver(m_message);
}

void DestroyStage::Destroy()
{
    EXPECT_TRUE(m_cm->Destroy(m_id));
    m_destroyed = true;
    EXPECT_EQ(m_lastState[m_id], S::kIdle) << "the walk ends in IDLE";
    EXPECT_EQ(m_cm->StateOf(m_id), tl::unexpected(ibcm::CmError::kInvalidHandle));
}

void DestroyStage::Main(const Body& first, const Body& second)
{
    ibcm::Options options;
    options.trace = this;
    m_cm = std::make_unique<ibcm::ConnectionManager>(
        m_runtime, ibcm::DeviceInfo{kGuid, kAckDelay}, options);
    EXPECT_TRUE(m_cm->AddPort(1, m_port));
    Reach();
    EXPECT_EQ(m_cm->StateOf(m_id), m_scene.state);
    EXPECT_EQ(m_cm->LapStateOf(m_id), m_scene.lap);
    m_port.messages.clear();
    RunTasks(first, second);
    End();
}

void DestroyStage::RunTasks(const Body& first, const Body& second)
{
    interleave::Completion firstEnd(m_engine);
    interleave::Completion secondEnd(m_engine);
    m_engine.Spawn("first",
                   [&]
                   {
                       first(*this);
                       firstEnd.CompleteAll();
                   });
    m_engine.Spawn("second",
                   [&]
                   {
                       second(*this);
                       secondEnd.CompleteAll();
                   });
    firstEnd.Wait();
    secondEnd.Wait();
}

void DestroyStage::End()
{
    const std::vector<ibwire::CmMessage> sent = m_port.messages;
    (void)m_cm->Destroy(m_id); // gone already, but for runs that only want to see the message
    for (const ibcm::Handle other : m_others)
    {
        if (other != m_id)
        {
            EXPECT_TRUE(m_cm->Destroy(other));
        }
    }
    EXPECT_EQ(m_cm->LiveIds(), 0U) << "leaked ids";
    m_cm.reset();
    m_port.messages = sent;
}

void DestroyStage::Reach()
{
    if (!m_scene.active)
    {
        ReachAsked();
        return;
    }
    m_id = m_cm->Create(*this).value();
    m_commId = m_cm->CommIdOf(m_id).value();
    if (m_scene.state == S::kListen)
    {
        EXPECT_TRUE(m_cm->Listen(m_id, kService));
    }
    else if (m_scene.state == S::kSidrReqSent)
    {
        ibcm::SidrReqParameters parameters;
        parameters.serviceId = kService;
        parameters.path = PathToPeer();
        EXPECT_TRUE(m_cm->SendSidrReq(m_id, parameters));
    }
    else if (m_scene.state != S::kIdle)
    {
        ReachAsking();
    }
}

void DestroyStage::ReachAsking()
{
    ibcm::ReqParameters parameters;
    parameters.serviceId = kService;
    parameters.primaryPath = PathToPeer();
    parameters.localQpn = kQpn;
    EXPECT_TRUE(m_cm->SendReq(m_id, parameters));
    if (m_scene.state == S::kReqSent)
    {
        return;
    }
    if (m_scene.state == S::kMraReqRcvd)
    {
        Deliver(Message::kMraReq);
        return;
    }
    Deliver(Message::kRep);
    if (m_scene.state == S::kRepRcvd)
    {
        return;
    }
    if (m_scene.state == S::kMraRepSent)
    {
        EXPECT_TRUE(m_cm->SendMra(m_id, {}));
        return;
    }
    EXPECT_TRUE(m_cm->SendRtu(m_id));
    ReachConnected();
}

void DestroyStage::ReachAsked()
{
    m_others.push_back(m_cm->Create(*this).value());
    EXPECT_TRUE(m_cm->Listen(m_others.front(), kService));
    Deliver(m_scene.state == S::kSidrReqRcvd ? Message::kSidrReq : Message::kReq);
    m_id = m_others.back();
    m_commId = m_cm->CommIdOf(m_id).value();
    if (m_scene.state == S::kReqRcvd || m_scene.state == S::kSidrReqRcvd)
    {
        return;
    }
    if (m_scene.state == S::kMraReqSent)
    {
        EXPECT_TRUE(m_cm->SendMra(m_id, {}));
        return;
    }
    ibcm::RepParameters rep;
    rep.localQpn = kQpn;
    EXPECT_TRUE(m_cm->SendRep(m_id, rep));
    if (m_scene.state == S::kRepSent)
    {
        return;
    }
    if (m_scene.state == S::kMraRepRcvd)
    {
        Deliver(Message::kMraRep);
        return;
    }
    Deliver(Message::kRtu);
    ReachConnected();
}

void DestroyStage::ReachConnected()
{
    switch (m_scene.state)
    {
    case S::kDreqSent:
        EXPECT_TRUE(m_cm->SendDreq(m_id));
        return;
    case S::kDreqRcvd:
        Deliver(Message::kDreq);
        return;
    case S::kTimewait:
        Deliver(Message::kDreq);
        EXPECT_TRUE(m_cm->SendDrep(m_id));
        return;
    default:
        ReachAlternate();
        return;
    }
}

void DestroyStage::ReachAlternate()
{
    if (m_scene.lap == L::kUninit)
    {
        return;
    }
    if (!m_scene.active)
    {
        Deliver(Message::kLap);
        if (m_scene.lap == L::kMraLapSent)
        {
            EXPECT_TRUE(m_cm->SendMra(m_id, {}));
        }
        if (m_scene.lap == L::kIdle)
        {
            EXPECT_TRUE(m_cm->SendApr(m_id, {}));
        }
        return;
    }
    ibcm::LapParameters lap;
    lap.alternatePath = PathToPeer();
    lap.alternatePath.dlid = kPeerLid + 1; // another way to the same port
    EXPECT_TRUE(m_cm->SendLap(m_id, lap));
    if (m_scene.lap == L::kMraLapRcvd)
    {
        Deliver(Message::kMraLap);
    }
    if (m_scene.lap == L::kIdle)
    {
        Deliver(Message::kApr);
    }
}

} // namespace labtest
