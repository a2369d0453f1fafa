// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_TRACE_H
#define IBCM_TRACE_H

#include "ibcm/model/protocol.h"

#include <cstdint>

namespace ibcm
{

/** One step of an id's state machine. */
struct TransitionTrace
{
    Handle id;
    std::uint32_t localCommId;  ///< as on the wire
    std::uint32_t remoteCommId; ///< 0 if not known yet
    State from;
    State to;
    Input input;
};

/** One step of the alternate path's state machine, within ESTABLISHED. */
struct LapTransitionTrace
{
    Handle id;
    std::uint32_t localCommId;
    std::uint32_t remoteCommId;
    LapState from;
    LapState to;
    Input input;
};

/** Sees every row of the state tables that is taken; for diagrams, statistics and checks. */
class Trace
{
  public:
    virtual ~Trace() = default;
    /** Called with the id's lock held: must not block nor call the core. */
    virtual void OnTransition(const TransitionTrace& step) = 0;

    /** An input that the state has a row for and that does not change it, as a message that comes
     * again; from == to. By default nothing. */
    virtual void OnStay(const TransitionTrace& /*step*/)
    {
    }

    /** The same for alternate paths; by default nothing. */
    virtual void OnLapTransition(const LapTransitionTrace& /*step*/)
    {
    }
};

} // namespace ibcm

#endif /* IBCM_TRACE_H */
