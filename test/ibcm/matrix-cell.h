// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One cell of the matrix while what must come of it is being put together: for matrix-cells.cc and
// matrix-messages.cc.
#ifndef WEFT_TEST_IBCM_MATRIX_CELL_H
#define WEFT_TEST_IBCM_MATRIX_CELL_H

#include "ibcm/model/counters.h"
#include "matrix-cells.h"
#include "matrix-table.h"

namespace ibcm::test::matrix
{

/** A cell whose outcome is being put together. */
class Cell
{
  public:
    Cell(const Place& where, Stimulus what, Behaviour how)
        : place(where),
          stimulus(what),
          behaviour(how)
    {
        outcome.state = where.state;
        outcome.lap = where.lap;
    }

    bool Strict() const
    {
        return behaviour == Behaviour::kStrict;
    }

    bool InState(StateSet states) const
    {
        return Contains(states, place.state);
    }

    /** ESTABLISHED, and one of these. */
    bool InLap(LapStateSet states) const
    {
        return place.state == State::kEstablished && Contains(states, place.lap);
    }

    bool Active() const
    {
        return place.side == Side::kActive;
    }

    /** Nothing changes; the message is dropped for this cause. */
    Outcome Dropped(Discard cause, const char* sent = "")
    {
        outcome.counted = ToString(cause);
        outcome.sent = sent;
        return outcome;
    }

    /** Nothing changes; the message is known. */
    Outcome Repeated(const char* message, const char* sent = "")
    {
        outcome.counted = std::string("duplicate ") + message;
        outcome.sent = sent;
        return outcome;
    }

    /** Nothing changes here; an answer of no id, or none. */
    Outcome Answered(const char* sent)
    {
        outcome.sent = sent;
        return outcome;
    }

    /** A new id is made; this one has nothing to do with it. */
    Outcome Accepted(const char* event)
    {
        outcome.others = event;
        return outcome;
    }

    Outcome Refused(CmError error)
    {
        outcome.error = error;
        return outcome;
    }

    /** As the tables say for this input; nothing if they have no row. */
    std::optional<Outcome> ByTable(Input input);

    Place place;
    Stimulus stimulus;
    Behaviour behaviour;
    Outcome outcome;
};

/** What must come of a message. */
Outcome OfMessage(Cell& cell);

} // namespace ibcm::test::matrix

#endif // WEFT_TEST_IBCM_MATRIX_CELL_H
