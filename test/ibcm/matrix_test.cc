// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The matrix: every state, on every message, call and timer, over the wire, for both behaviours.
#include "matrix-table.h"
#include "matrix-world.h"

#include <array>
#include <iostream>
#include <set>
#include <utility>

namespace ibcm::test::matrix
{
namespace
{

/** Where either side of a connection can be. */
constexpr StateSet kBothSides = In(State::kDreqSent, State::kDreqRcvd, State::kTimewait);
constexpr LapStateSet kBothSidesLap = In(LapState::kUninit, LapState::kIdle);

/** Runs one cell in a world of its own. */
void RunCell(const Place& place, Stimulus stimulus, Behaviour behaviour)
{
    SCOPED_TRACE(std::string(ToString(behaviour)) + ": " + place.Name() + " + " +
                 FactsOf(stimulus).name);
    MatrixWorld world(behaviour);
    world.Reach(place);
    world.Apply(stimulus);
    Outcome actual = world.Observe();
    const Outcome expected = Expect(place, stimulus, behaviour);
    if (expected.gone || expected.state != State::kEstablished)
    {
        actual.lap = expected.lap; // means nothing outside
    }
    if (expected.gone)
    {
        actual.state = expected.state;
    }
    EXPECT_EQ(ToText(actual), ToText(expected));
    world.Finish();
}

using Cells = std::set<std::pair<std::string, std::size_t>>;

Cells RunAll(Behaviour behaviour)
{
    Cells cells;
    for (const Place& place : Places())
    {
        if (place.linuxOnly && behaviour == Behaviour::kStrict)
        {
            continue;
        }
        for (std::size_t i = 0; i < kStimulusCount; ++i)
        {
            RunCell(place, static_cast<Stimulus>(i), behaviour);
            EXPECT_TRUE(cells.emplace(place.Name(), i).second) << "run twice: " << place.Name();
        }
    }
    return cells;
}

/** All states with these sides must be among the places that the cells were run for. */
void CheckStates(const Cells& cells, Behaviour behaviour)
{
    constexpr std::array kAll{", active", ", passive"};
    for (std::size_t s = 0; s < kStateCount; ++s)
    {
        const auto state = static_cast<State>(s);
        const std::string name = ToString(state);
        for (std::size_t i = 0; i < kStimulusCount; ++i)
        {
            if (state != State::kEstablished)
            {
                EXPECT_EQ(cells.count({name + kAll[0], i}) + cells.count({name + kAll[1], i}),
                          Contains(kBothSides, state) ? 2U : 1U)
                    << name;
                continue;
            }
            for (std::size_t l = 0; l < kLapStateCount; ++l)
            {
                const auto lap = static_cast<LapState>(l);
                const std::string full = name + " " + ToString(lap);
                const bool both = behaviour == Behaviour::kLinux61 || Contains(kBothSidesLap, lap);
                EXPECT_EQ(cells.count({full + kAll[0], i}) + cells.count({full + kAll[1], i}),
                          both ? 2U : 1U)
                    << full;
            }
        }
    }
}

TEST(Matrix, EveryCellStrictly)
{
    const Cells cells = RunAll(Behaviour::kStrict);
    CheckStates(cells, Behaviour::kStrict);
    EXPECT_EQ(cells.size(), 30 * kStimulusCount);
    std::cout << "matrix, strict: " << cells.size() << " cells\n";
}

TEST(Matrix, EveryCellAsLinux61)
{
    const Cells cells = RunAll(Behaviour::kLinux61);
    CheckStates(cells, Behaviour::kLinux61);
    EXPECT_EQ(cells.size(), 34 * kStimulusCount);
    std::cout << "matrix, linux61: " << cells.size() << " cells\n";
}

TEST(Matrix, StimuliAreAllMessagesCallsAndTimers)
{
    std::set<unsigned> attributes;
    // Not the first thing that a stimulus means: the first three come about by "new REQ", "new
    // SIDR_REQ" and "REP without QPN", the others have tests below.
    std::set<Input> inputs{Input::kReqAccepted,
                           Input::kSidrReqAccepted,
                           Input::kRepRefused,
                           Input::kReqYielded,
                           Input::kCallDestroyNoMemory,
                           Input::kCallDestroyXrcTarget};
    for (std::size_t i = 0; i < kStimulusCount; ++i)
    {
        const StimulusFacts& facts = FactsOf(static_cast<Stimulus>(i));
        attributes.insert(facts.attribute);
        if (facts.input)
        {
            inputs.insert(*facts.input);
        }
    }
    for (unsigned attribute = 0x10; attribute <= 0x1c; ++attribute)
    {
        EXPECT_EQ(attributes.count(attribute), 1U) << attribute;
    }
    for (std::size_t i = 0; i < kInputCount; ++i)
    {
        EXPECT_EQ(inputs.count(static_cast<Input>(i)), 1U) << ToString(static_cast<Input>(i));
    }
}

/** The rows that need another connection than the matrix makes. */
class MatrixRows : public Pair, public ::testing::WithParamInterface<Behaviour>
{
  protected:
    MatrixRows()
        : Pair(
              []
              {
                  Options options;
                  options.behaviour = GetParam();
                  return options;
              }())
    {
    }

    /** A's REQ is out, and B asks for the same connection. */
    void ReachBothAsking(bool mra)
    {
        ListenB();
        ReqParameters parameters = Req();
        parameters.peerToPeer = true;
        a = Connect(parameters);
        Settle();
        b = Accepted();
        if (mra)
        {
            ASSERT_TRUE(hostB->cm.SendMra(b, {}));
        }
        Settle();
        ASSERT_EQ(StateA(), mra ? State::kMraReqRcvd : State::kReqSent);
        ForgetRecords();
    }

    /** B's REQ, for which it has the greater GUID unless said otherwise. */
    ibwire::CmReq ReqOfB(std::uint64_t guid = kGuidB) const
    {
        ibwire::CmReq req = std::get<ibwire::CmReq>(history.front().message);
        std::swap(req.primaryLocalGid, req.primaryRemoteGid);
        std::swap(req.primaryLocalLid, req.primaryRemoteLid);
        req.localCommId = 0x0b0b0b0b;
        req.localCaGuid = guid;
        req.localQpn = kQpnB;
        return req;
    }
};

TEST_P(MatrixRows, AnXrcTargetThatIsDestroyedSaysNothing)
{
    ListenB();
    ReqParameters parameters = Req();
    parameters.qpType = QpType::kXrcInitiator;
    a = Connect(parameters);
    Settle();
    b = Accepted();
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    Settle();
    ASSERT_TRUE(hostA->cm.SendRtu(a));
    Settle();
    ASSERT_EQ(StateB(), State::kEstablished);
    ForgetRecords();
    DestroyB(b);
    EXPECT_EQ(TakeSent(), "");
    EXPECT_EQ(hostB->cm.PeerRecords(), 0U) << "and has no TIMEWAIT";
    DestroyA(a);
    EXPECT_EQ(TakeSent(), "A>DREQ") << "the initiator disconnects as others do";
}

TEST_P(MatrixRows, WithoutMemoryAReqIsForgotten)
{
    hostB->consumer.react = [](ConnectionManager&, Handle, const Event&)
    { return Disposition::kDestroyNoMemory; };
    ListenB();
    a = Connect();
    Settle();
    EXPECT_EQ(TakeSent(), "A>REQ");
    EXPECT_EQ(hostB->cm.PeerRecords(), 0U);
}

TEST_P(MatrixRows, OfTwoThatAskTheLesserGuidYields)
{
    ReachBothAsking(false);
    InjectToA(ReqOfB());
    EXPECT_EQ(StateA(), State::kReqRcvd);
    EXPECT_EQ(hostA->consumer.TakeNames(), "REQ_RECEIVED");
    EXPECT_EQ(hostA->port.Outstanding(), 0U);
    EXPECT_EQ(TakeSent(), "");
}

TEST_P(MatrixRows, OfTwoThatAskTheGreaterGuidGoesOn)
{
    ReachBothAsking(false);
    InjectToA(ReqOfB(kGuidA - 1));
    EXPECT_EQ(StateA(), State::kReqSent);
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
    EXPECT_EQ(hostA->port.Outstanding(), 1U);
    EXPECT_EQ(TakeSent(), "");
}

TEST_P(MatrixRows, NobodyYieldsToAPeerThatServesItsReq)
{
    ReachBothAsking(true);
    InjectToA(ReqOfB());
    EXPECT_EQ(StateA(), State::kMraReqRcvd);
    EXPECT_EQ(hostA->consumer.TakeNames(), "");
    EXPECT_EQ(hostA->port.Outstanding(), 1U);
    EXPECT_EQ(TakeSent(), "");
}

INSTANTIATE_TEST_SUITE_P(Both,
                         MatrixRows,
                         ::testing::Values(Behaviour::kStrict, Behaviour::kLinux61),
                         [](const auto& info) { return std::string(ToString(info.param)); });

} // namespace
} // namespace ibcm::test::matrix
