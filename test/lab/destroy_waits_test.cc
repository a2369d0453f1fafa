// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Destroy against a second thread that stands still in the midst of a call, at each of its visible
// operations in turn: destroy must wait for it, and say so, and nothing may come to the consumer
// afterwards. One thread cannot play this (test/ibcm/moment.h), as destroy blocks: these are tasks.
#include "hand-port.h"
#include "ibcm/model/compose.h"
#include "ibcm/model/connection-manager.h"
#include "interleave/model/completion.h"
#include "interleave/model/schedule-point.h"
#include "interleave/model/virtual-time.h"
#include "lab/model/sim-runtime.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace
{

using ibcm::EventType;
using ibcm::Handle;
using ibcm::State;
using labtest::GidOf;
using labtest::HandPort;
using labtest::kGuid;
using labtest::kLid;

constexpr std::uint64_t kPeerGuid = 0x0002c903000b0001;
constexpr std::uint64_t kService = 0x1000000000004242;
constexpr std::uint32_t kQpn = 0x202;
constexpr std::uint32_t kPeerId = 0x77;
constexpr std::uint32_t kPeerQpn = 0x101;
constexpr std::uint16_t kPeerLid = 20;

/** Lets the task "first" go as far as before its n-th operation, and then all others before it. */
class StandStill final : public interleave::Chooser
{
  public:
    explicit StandStill(unsigned nth)
        : m_left(nth)
    {
    }

    bool Happened() const
    {
        return m_left == 0;
    }

    /** The operation that it stood before. */
    const std::string& Where() const
    {
        return m_where;
    }

    std::uint32_t Choose(interleave::ChoicePoint& point) override
    {
        if (point.Kind() != interleave::ChoiceKind::kSchedule)
        {
            return 0;
        }
        auto& schedule = static_cast<interleave::SchedulePoint&>(point);
        const interleave::Task* running = schedule.Running();
        if (IsFirst(running) && m_left != 0 && --m_left == 0)
        {
            m_where = point.Place().Name();
        }
        if (!Happened() || (running != nullptr && !IsFirst(running)))
        {
            return 0;
        }
        for (std::uint32_t option = 0; option < point.Count(); ++option)
        {
            const interleave::Task* task = schedule.Candidate(option);
            if (task != nullptr && !IsFirst(task))
            {
                return option;
            }
        }
        return 0;
    }

  private:
    static bool IsFirst(const interleave::Task* task)
    {
        return task != nullptr && task->Name() == "first";
    }

    unsigned m_left;
    std::string m_where;
};

/** A manager, a consumer, and one connection of it. */
class Lone final : public ibcm::EventHandler
{
  public:
    explicit Lone(unsigned nth)
        : chooser(nth),
          engine(time),
          m_runtime(engine, "host", 1, true)
    {
        engine.SetChooser(chooser);
    }

    ibcm::Disposition OnCmEvent(ibcm::ConnectionManager&, Handle, const ibcm::Event& event) override
    {
        EXPECT_FALSE(destroyed) << "told after destroy: " << ibcm::ToString(event.type);
        told += (told.empty() ? "" : " ") + std::string(ibcm::ToString(event.type));
        return ibcm::Disposition::kKeep;
    }

    /**
     * Makes an id in @p state, runs @p first in one task and @p second in another, ends all that
     * is left.
     */
    void Run(State state,
             const std::function<void(Lone&)>& first,
             const std::function<void(Lone&)>& second,
             const std::function<void(Lone&)>& third = {})
    {
        engine.Spawn("main", [&] { Main(state, first, second, third); });
        const auto result = engine.Run();
        EXPECT_TRUE(result.Passed()) << (result.violation ? result.violation->text : "");
        EXPECT_EQ(m_runtime.LiveObjects(), 0U) << "made and not freed, " << chooser.Where();
    }

    void Destroy()
    {
        EXPECT_TRUE(cm->Destroy(id));
        destroyed = true;
    }

    static ibcm::Path PathToPeer()
    {
        ibcm::Path path;
        path.sgid = GidOf(kGuid);
        path.dgid = GidOf(kPeerGuid);
        path.slid = kLid;
        path.dlid = kPeerLid;
        return path;
    }

    ibcm::Status SendReq()
    {
        ibcm::ReqParameters parameters;
        parameters.serviceId = kService;
        parameters.primaryPath = PathToPeer();
        parameters.localQpn = kQpn;
        return cm->SendReq(id, parameters);
    }

    ibcm::Status SendSidrReq()
    {
        ibcm::SidrReqParameters parameters;
        parameters.serviceId = kService;
        parameters.path = PathToPeer();
        return cm->SendSidrReq(id, parameters);
    }

    void TimeOut()
    {
        port.sink->OnSendDone(m_context, m_token, ibcm::SendStatus::kTimeout);
    }

    void Receive(const ibwire::CmMessage& message)
    {
        ibcm::ReceivedMad mad;
        mad.bytes = ibcm::ComposeMad(message, 78).value();
        mad.replyAddress.dlid = kPeerLid;
        port.sink->OnReceive(1, mad);
    }

    std::uint32_t Number() const
    {
        return m_number;
    }

    StandStill chooser;
    interleave::VirtualTime time;
    interleave::Engine engine;
    HandPort port;
    std::unique_ptr<ibcm::ConnectionManager> cm;
    Handle id{Handle::kNone};
    std::string told;
    bool destroyed{false};

  private:
    void Main(State state,
              const std::function<void(Lone&)>& first,
              const std::function<void(Lone&)>& second,
              const std::function<void(Lone&)>& third)
    {
        cm = std::make_unique<ibcm::ConnectionManager>(m_runtime, ibcm::DeviceInfo{kGuid, 10});
        ASSERT_TRUE(cm->AddPort(1, port));
        const Handle listener = cm->Create(*this).value();
        ASSERT_TRUE(cm->Listen(listener, kService));
        Reach(state);
        ASSERT_EQ(cm->StateOf(id), state);
        m_number = cm->CommIdOf(id).value();
        m_token = port.last;
        m_context = port.lastContext;
        told.clear();
        port.names.clear();
        {
            interleave::Completion ends[3] = {interleave::Completion(engine),
                                              interleave::Completion(engine),
                                              interleave::Completion(engine)};
            const std::function<void(Lone&)>* bodies[] = {&first, &second, &third};
            const char* const names[] = {"first", "second", "third"};
            for (unsigned i = 0; i < 3; ++i)
            {
                engine.Spawn(names[i],
                             [this, body = bodies[i], &end = ends[i]]
                             {
                                 if (*body)
                                 {
                                     (*body)(*this);
                                 }
                                 end.CompleteAll();
                             });
            }
            for (auto& end : ends)
            {
                end.Wait();
            }
        }
        destroyed = true;
        (void)cm->Destroy(id);
        EXPECT_TRUE(cm->Destroy(listener));
        EXPECT_EQ(cm->LiveIds(), 0U);
        cm.reset();
    }

    void Reach(State state)
    {
        if (state == State::kIdle)
        {
            id = cm->Create(*this).value();
            return;
        }
        if (state == State::kReqSent || state == State::kSidrReqSent)
        {
            id = cm->Create(*this).value();
            ASSERT_TRUE(state == State::kReqSent ? SendReq() : SendSidrReq());
            return;
        }
        ibwire::CmReq req;
        req.localCommId = kPeerId;
        req.serviceId = kService;
        req.localCaGuid = kPeerGuid;
        req.localQpn = kPeerQpn;
        req.pathMtu = ibwire::Mtu::k1024;
        req.pkey = 0xffff;
        req.primaryLocalLid = kPeerLid;
        req.primaryRemoteLid = kLid;
        req.primaryLocalGid = GidOf(kPeerGuid);
        req.primaryRemoteGid = GidOf(kGuid);
        req.primarySubnetLocal = true;
        req.primaryPacketRate = static_cast<ibwire::Rate>(3);
        Receive(req);
        for (const ibcm::IdReport& report : cm->Inspect().ids)
        {
            id = report.state == State::kReqRcvd ? report.id : id;
        }
        ibcm::RepParameters rep;
        rep.localQpn = kQpn;
        ASSERT_TRUE(cm->SendRep(id, rep));
        if (state == State::kRepSent)
        {
            return;
        }
        ibwire::CmRtu rtu;
        rtu.localCommId = kPeerId;
        rtu.remoteCommId = cm->CommIdOf(id).value();
        Receive(rtu);
        if (state == State::kDreqSent)
        {
            ASSERT_TRUE(cm->SendDreq(id));
        }
    }

    lab::SimRuntime m_runtime;
    std::uint32_t m_number{0};
    ibcm::SendToken m_token{ibcm::SendToken::kNone};
    std::uint64_t m_context{0};
};

/** Runs @p attempt with the first task standing before its 1st, 2nd, … operation. */
unsigned ForEachOperation(const std::function<void(Lone&)>& attempt)
{
    unsigned nth = 0;
    bool happened = true;
    while (happened && nth < 1000)
    {
        Lone lone(++nth);
        attempt(lone);
        happened = lone.chooser.Happened();
    }
    EXPECT_LT(nth, 1000U);
    return nth - 1;
}

struct TimeoutCase
{
    State state;
    const char* event;
    const char* sent;        ///< by destroy alone
    const char* sentInstead; ///< if the time-out came first
};

void PrintTo(const TimeoutCase& one, std::ostream* out)
{
    *out << ibcm::ToString(one.state);
}

class LatentScenarioTimeout : public ::testing::TestWithParam<TimeoutCase>
{
};

// L1. A time-out let go of its id before it called the handler: destroy, in between, freed the id,
// and the handler was called for nothing that was. Wherever the thread of the time-out stands, it
// is told before destroy returns or not at all.
TEST_P(LatentScenarioTimeout, L01IsToldBeforeDestroyReturnsOrNotAtAll)
{
    const TimeoutCase& one = GetParam();
    unsigned told = 0;
    const unsigned operations = ForEachOperation(
        [&](Lone& lone)
        {
            lone.Run(
                one.state, [](Lone& self) { self.TimeOut(); }, [](Lone& self) { self.Destroy(); });
            EXPECT_TRUE(lone.told.empty() || lone.told == one.event) << lone.told;
            // With the state goes what the peer hears: by one of both.
            EXPECT_TRUE(lone.port.names == one.sent || lone.port.names == one.sentInstead)
                << lone.port.names << " at " << lone.chooser.Where();
            told += lone.told.empty() ? 0 : 1;
        });
    EXPECT_GE(operations, 6U);
    EXPECT_GE(told, 2U);
    EXPECT_LT(told, operations) << "told although destroy came first";
}

INSTANTIATE_TEST_SUITE_P(
    States,
    LatentScenarioTimeout,
    ::testing::Values(TimeoutCase{State::kReqSent, "REQ_ERROR", "REJ", "REJ"},
                      TimeoutCase{State::kRepSent, "REP_ERROR", "REJ", "REJ"},
                      TimeoutCase{State::kDreqSent, "DREQ_ERROR", "", ""},
                      TimeoutCase{State::kSidrReqSent, "SIDR_REQ_ERROR", "", ""}),
    [](const auto& info) { return std::string(ibcm::ToString(info.param.state)); });

// S13b and S11 with threads that block: the message's thread holds its reference wherever it
// stands, destroy walks to IDLE under the lock and then waits for that reference.
TEST(SeedScenarioTasks, S13bAnRtuThatStandsStillWhileDestroyRuns)
{
    unsigned rejected = 0;
    unsigned connected = 0;
    ForEachOperation(
        [&](Lone& lone)
        {
            lone.Run(
                State::kRepSent,
                [](Lone& self)
                {
                    ibwire::CmRtu rtu;
                    rtu.localCommId = kPeerId;
                    rtu.remoteCommId = self.Number();
                    self.Receive(rtu);
                },
                [](Lone& self) { self.Destroy(); });
            rejected += lone.port.names == "REJ" ? 1 : 0;
            connected += lone.port.names == "DREQ" ? 1 : 0;
            EXPECT_TRUE(lone.port.names == "REJ" || lone.port.names == "DREQ")
                << lone.port.names << " at " << lone.chooser.Where();
            EXPECT_TRUE(lone.told.empty() || lone.told == "RTU_RECEIVED") << lone.told;
        });
    EXPECT_GE(rejected, 3U);
    EXPECT_GE(connected, 3U);
}

TEST(SeedScenarioTasks, S11ADreqThatStandsStillWhileDestroyRuns)
{
    unsigned told = 0;
    const unsigned operations = ForEachOperation(
        [&](Lone& lone)
        {
            lone.Run(
                State::kEstablished,
                [](Lone& self)
                {
                    ibwire::CmDreq dreq;
                    dreq.localCommId = kPeerId;
                    dreq.remoteCommId = self.Number();
                    dreq.remoteQpn = kQpn;
                    self.Receive(dreq);
                },
                [](Lone& self) { self.Destroy(); });
            // One DREP: of destroy in DREQ_RCVD, or for nobody after destroy's own DREQ.
            EXPECT_TRUE(lone.port.names == "DREP" || lone.port.names == "DREQ DREP")
                << lone.port.names << " at " << lone.chooser.Where();
            EXPECT_TRUE(lone.told.empty() || lone.told == "DREQ_RECEIVED") << lone.told;
            told += lone.told.empty() ? 0 : 1;
        });
    EXPECT_GE(told, 1U);
    EXPECT_LT(told, operations);
}

// A call that begins something finds its id and stands still; destroy runs to its end, which is the
// wait for that call's reference. The id is in IDLE again, but what begins there now would never
// end: a REQ of nobody, and a peer record that nobody frees.
TEST(FollowUpTasks, WhatWouldBeginOnADestroyedIdIsRefused)
{
    using Begin = ibcm::Status (*)(Lone&);
    constexpr Begin kCalls[] = {
        [](Lone& self) { return self.SendReq(); },
        [](Lone& self) { return self.SendSidrReq(); },
        [](Lone& self) -> ibcm::Status
        {
            const auto listening = self.cm->Listen(self.id, 0x4711);
            return listening ? ibcm::Status() : tl::unexpected(listening.error());
        },
    };
    for (const Begin call : kCalls)
    {
        unsigned refused = 0;
        const unsigned operations = ForEachOperation(
            [&](Lone& lone)
            {
                lone.Run(
                    State::kIdle,
                    [&](Lone& self)
                    {
                        const ibcm::Status begun = call(self);
                        EXPECT_TRUE(begun || begun.error() == ibcm::CmError::kInvalidHandle);
                        refused += begun ? 0 : 1;
                    },
                    [](Lone& self) { self.Destroy(); });
            });
        EXPECT_GE(operations, 4U);
        EXPECT_GE(refused, 2U) << "before it finds the id, and before it has its lock";
    }
}

// A device was removed while an id was being destroyed (2026): the removal stands still, and then
// destroy does.
TEST(FollowUpTasks, RemovingAPortAndDestroyingStandInEachOthersMidst)
{
    for (const State state : {State::kReqSent, State::kRepSent, State::kDreqSent})
    {
        for (const bool removalFirst : {true, false})
        {
            const unsigned operations = ForEachOperation(
                [&](Lone& lone)
                {
                    const auto remove = [](Lone& self) { EXPECT_TRUE(self.cm->RemovePort(1)); };
                    const auto destroy = [](Lone& self) { self.Destroy(); };
                    removalFirst ? lone.Run(state, remove, destroy)
                                 : lone.Run(state, destroy, remove);
                });
            EXPECT_GE(operations, 8U);
        }
    }
}

// Destroy could hang without a word; since 2024 it says for whom it waits. Here the report names
// the id, that it is being destroyed, and how many references are left, while a thread is in its
// handler.
TEST(FollowUpTasks, DestroyThatWaitsIsSeenInTheReport)
{
    bool seen = false;
    ForEachOperation(
        [&](Lone& lone)
        {
            std::optional<ibcm::IdReport> dying;
            std::string dump;
            lone.Run(
                State::kReqSent,
                [](Lone& self) { self.TimeOut(); },
                [](Lone& self) { self.Destroy(); },
                [&](Lone& self)
                {
                    if (self.destroyed)
                    {
                        return;
                    }
                    for (const ibcm::IdReport& report : self.cm->Inspect().ids)
                    {
                        if (report.id == self.id && report.destroying)
                        {
                            dying = report;
                        }
                    }
                    dump = self.cm->Dump();
                });
            if (lone.chooser.Where().find("sync") == std::string::npos)
            {
                return;
            }
            ASSERT_TRUE(dying) << "at " << lone.chooser.Where();
            EXPECT_GE(dying->references, 1U);
            EXPECT_NE(dump.find("destroy"), std::string::npos) << dump;
            seen = true;
        });
    EXPECT_TRUE(seen) << "the handler's moment has not come";
}

} // namespace
