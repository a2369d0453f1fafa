// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The state tables against second ones (matrix-table.h), written from the protocol's description
// and not from the code: each of the (state, input) pairs must agree, for both behaviours, and
// where Linux does otherwise the difference stands there with its reason.
#include "ibcm/model/protocol.h"

#include "matrix-table.h"
#include "pair.h"

#include <set>
#include <string>

namespace ibcm::test
{
namespace
{

using matrix::Contains;
using matrix::Difference;
using matrix::ExpectedDifferences;
using matrix::ExpectedLapDifferences;
using matrix::ExpectedLapRows;
using matrix::ExpectedRows;
using matrix::ExpectedStep;
using matrix::ExpectRejForm;
using matrix::ExpectRejIgnored;

constexpr Behaviour kBehaviours[] = {Behaviour::kStrict, Behaviour::kLinux61};

template <class S, class Actual>
void CompareCell(S state, Input input, Behaviour behaviour, const Actual* actual)
{
    SCOPED_TRACE(std::string(ToString(behaviour)) + ": " + ToString(state) + " + " +
                 ToString(input));
    const auto expected = ExpectedStep(state, input, behaviour);
    ASSERT_EQ(actual != nullptr, expected.has_value());
    if (actual == nullptr)
    {
        return;
    }
    EXPECT_EQ(actual->from, state);
    EXPECT_EQ(actual->input, input);
    EXPECT_EQ(actual->to, expected->to);
    EXPECT_EQ(actual->reply, expected->reply);
    EXPECT_EQ(actual->event, expected->event);
    EXPECT_EQ(actual->actions, expected->actions);
}

template <class S>
std::size_t CompareAll(std::size_t states)
{
    std::size_t cells = 0;
    for (const Behaviour behaviour : kBehaviours)
    {
        for (std::size_t s = 0; s < states; ++s)
        {
            for (std::size_t i = 0; i < kInputCount; ++i, ++cells)
            {
                const auto state = static_cast<S>(s);
                const auto input = static_cast<Input>(i);
                CompareCell(state, input, behaviour, FindTransition(state, input, behaviour));
            }
        }
    }
    return cells;
}

TEST(Protocol, EveryPairOfStateAndInputAgreesWithTheDescription)
{
    EXPECT_EQ(CompareAll<State>(kStateCount), 2 * 16U * kInputCount);
}

TEST(Protocol, EveryPairOfLapStateAndInputAgreesWithTheDescription)
{
    EXPECT_EQ(CompareAll<LapState>(kLapStateCount), 2 * 6U * kInputCount);
}

TEST(Protocol, LapStatesKeepLinuxFromHearingARejAndFromNothingElse)
{
    for (const Behaviour behaviour : kBehaviours)
    {
        for (std::size_t s = 0; s < kLapStateCount; ++s)
        {
            const auto state = static_cast<LapState>(s);
            SCOPED_TRACE(std::string(ToString(behaviour)) + ": " + ToString(state));
            const bool ignored = ExpectRejIgnored(state, behaviour);
            for (std::size_t i = 0; i < kInputCount; ++i)
            {
                const auto input = static_cast<Input>(i);
                const bool rej = input == Input::kRej || input == Input::kRejStale;
                EXPECT_EQ(LapStateDrops(state, input, behaviour), rej && ignored)
                    << ToString(input);
            }
        }
    }
}

/** Whether a Linux row does anything else than the strict one in one of its states. */
template <class S>
bool Differs(const Difference<S>& one, std::size_t s)
{
    const auto state = static_cast<S>(s);
    const auto strict = ExpectedStep(state, one.linux61.input, Behaviour::kStrict);
    const auto other = ExpectedStep(state, one.linux61.input, Behaviour::kLinux61);
    if (!strict || !other)
    {
        return strict.has_value() != other.has_value();
    }
    return strict->to != other->to || strict->reply != other->reply ||
           strict->event != other->event || strict->actions != other->actions;
}

TEST(Protocol, EachDifferenceOfLinuxDiffersAndHasAReason)
{
    for (const auto& one : ExpectedDifferences())
    {
        SCOPED_TRACE(ToString(one.linux61.input));
        EXPECT_STRNE(one.reason, "");
        for (std::size_t s = 0; s < kStateCount; ++s)
        {
            EXPECT_TRUE(!Contains(one.linux61.from, s) || Differs(one, s))
                << ToString(static_cast<State>(s));
        }
    }
    for (const auto& one : ExpectedLapDifferences())
    {
        SCOPED_TRACE(ToString(one.linux61.input));
        EXPECT_STRNE(one.reason, "");
        for (std::size_t s = 0; s < kLapStateCount; ++s)
        {
            // That a REJ is dropped is a matter of the state table, not of the lap states' rows.
            const bool differs =
                one.linux61.input == Input::kRej
                    ? ExpectRejIgnored(static_cast<LapState>(s), Behaviour::kLinux61)
                    : Differs(one, s);
            EXPECT_TRUE(!Contains(one.linux61.from, s) || differs)
                << ToString(static_cast<LapState>(s));
        }
    }
}

TEST(Protocol, NoCellIsDescribedTwice)
{
    std::set<std::pair<std::size_t, Input>> cells;
    for (const auto& row : ExpectedRows())
    {
        for (std::size_t s = 0; s < kStateCount; ++s)
        {
            EXPECT_TRUE(!Contains(row.from, s) || cells.emplace(s, row.input).second)
                << ToString(static_cast<State>(s)) << " + " << ToString(row.input);
        }
    }
    cells.clear();
    for (const auto& row : ExpectedLapRows())
    {
        for (std::size_t s = 0; s < kLapStateCount; ++s)
        {
            EXPECT_TRUE(!Contains(row.from, s) || cells.emplace(s, row.input).second)
                << ToString(static_cast<LapState>(s)) << " + " << ToString(row.input);
        }
    }
}

TEST(Protocol, RowsAreOrderedByState)
{
    // A reader, and doc/states.md, find all rows of a state in one place.
    std::set<State> closed;
    State present = State::kIdle;
    for (const Transition& row : Transitions())
    {
        if (row.from != present)
        {
            EXPECT_TRUE(closed.insert(present).second) << ToString(present) << " comes twice";
            present = row.from;
        }
    }
    EXPECT_EQ(closed.count(present), 0U) << ToString(present) << " comes twice";
}

TEST(Protocol, DestroyLeadsFromEveryStateToIdle)
{
    for (const Transition& first : Transitions())
    {
        State state = first.from;
        unsigned steps = 0;
        for (; state != State::kIdle && steps < 4; ++steps)
        {
            const Transition* row = FindTransition(state, Input::kCallDestroy, Behaviour::kStrict);
            ASSERT_NE(row, nullptr) << ToString(state) << " cannot be destroyed";
            state = row->to;
        }
        EXPECT_EQ(state, State::kIdle) << "from " << ToString(first.from);
    }
}

TEST(Protocol, ARejNamesWhatTheStateBeforeItSays)
{
    for (std::size_t s = 0; s < kStateCount; ++s)
    {
        const auto state = static_cast<State>(s);
        const RejForm form = RejFormFor(state);
        EXPECT_EQ(form.messageRejected, ExpectRejForm(state).rejected) << ToString(state);
        EXPECT_EQ(form.hasLocalId, ExpectRejForm(state).hasLocalId) << ToString(state);
    }
}

TEST(Protocol, NamesAreCompleteAndDistinct)
{
    std::set<std::string> states;
    for (std::size_t i = 0; i < kStateCount; ++i)
    {
        states.insert(ToString(static_cast<State>(i)));
    }
    EXPECT_EQ(states.size(), kStateCount);
    std::set<std::string> inputs;
    for (std::size_t i = 0; i < kInputCount; ++i)
    {
        inputs.insert(ToString(static_cast<Input>(i)));
    }
    EXPECT_EQ(inputs.size(), kInputCount);
    std::set<std::string> events;
    for (unsigned i = 0; i < 18; ++i)
    {
        events.insert(ToString(static_cast<EventType>(i)));
    }
    EXPECT_EQ(events.size(), 18U);
    EXPECT_STREQ(ToString(EventType::kNone), "NONE");
}

} // namespace
} // namespace ibcm::test
