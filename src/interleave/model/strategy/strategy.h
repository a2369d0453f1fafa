// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_STRATEGY_H
#define INTERLEAVE_STRATEGY_H

#include "interleave/model/chooser.h"

#include <cstdint>
#include <string>

namespace interleave
{

class DivisibleSearch;

/**
 * A Chooser for run after run of one program. Its three calls are BeginRun(), Choose() and
 * EndRun(); Seed() says which run comes next.
 *
 * What a run does depends on the seed and, for strategies that learn or search (SURW's counts, a
 * depth-first search), on the runs that the same object has seen before; on nothing else. A
 * campaign that is split over processes therefore gives each run to an object with the same history
 * as in one process: see Learns().
 */
class Strategy : public Chooser
{
  public:
    /** As a user writes it, with its parameters: "random", "pct:3", "dpor". */
    virtual std::string Name() const = 0;

    /** Before each run: the run's seed. Exhaustive strategies ignore it. */
    virtual void Seed(std::uint64_t seed) = 0;

    /** Who decides, or decided last: a member where this is made of several, to be given the
     * credit. */
    virtual const Strategy& Current() const
    {
        return *this;
    }

    /** True when nothing is left to try: every run of an exhaustive search has been made. */
    virtual bool Done() const
    {
        return false;
    }

    /** Whether earlier runs influence later ones. */
    virtual bool Learns() const
    {
        return false;
    }

    /**
     * Before the first run: this object makes batch @p batch of a campaign, from 0. What draws has
     * other seeds there; what searches begins somewhere else, so that nothing is done again.
     */
    virtual void BeginAt(std::uint64_t /*batch*/)
    {
    }

    /** A search that ends by itself and can be dealt out; otherwise null. */
    virtual DivisibleSearch* AsSearch()
    {
        return nullptr;
    }
};

} // namespace interleave

#endif // INTERLEAVE_STRATEGY_H
