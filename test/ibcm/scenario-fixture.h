// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the replays of known defects share: scenario_*_test.cc and followup_*_test.cc. A reader who
// looks for one of S1 to S15 by its number finds it in the names of the tests.
#ifndef WEFT_TEST_IBCM_SCENARIO_FIXTURE_H
#define WEFT_TEST_IBCM_SCENARIO_FIXTURE_H

#include "pair.h"

#include <cstdint>
#include <string>

namespace ibcm::test
{

/** The REJ of an active side that gives up before it knows the passive side's id. */
ibwire::CmRej GivesUp(const ibwire::CmReq& req);

/** A pair of hosts for many attempts in one test. */
class Scenario : public Pair
{
  protected:
    explicit Scenario(const Options& options = {});

    /** Ends this pair of ids, whatever they are in, and lets all that ages age. */
    void Clear();

    /** Destroys without a moment's wait, with nothing left at the port. */
    void DestroyAtOnce(Host& host, Handle id);

    /** The REQ of a connection of A that exists only on the wire: the @p nth one. */
    ibwire::CmReq ReqOnTheWire(unsigned nth);

  private:
    ibwire::CmReq m_model;
};

/**
 * What went wrong with the locking of a well-known Connection Manager until 2020, replayed against
 * this one: patches 1 to 8 of the series "Fix locking around cm_id.state in the ib_cm". Where two
 * threads must meet, the second one acts in the midst of the first (moment.h).
 */
class SeedScenario : public Scenario
{
  protected:
    explicit SeedScenario(const Options& options = {});

    std::uint64_t DiscardedBy(const Host& host, Discard cause) const;

    /** Whether B serves a REQ for kService; the connection is refused again. */
    bool Serves(unsigned nth);
};

/**
 * Patches 9 to 14 of the same series: what destroying and answering did when a message came in the
 * midst of them. Patch 15, destroy x message x moment, is a matrix of its own:
 * destroy_moments_test.cc.
 */
class SeedScenarioEnds : public Scenario
{
  protected:
    /** Delivers and lets time pass until both sides are at rest; B answers DREQs. */
    void RunToRest();

    /** REP_SENT at B, REQ_SENT at A, the REP on the wire. */
    void ReachRepUnderWay();

    /** The latest message of a side. */
    std::string LastWord(std::size_t side) const;
};

/**
 * What came to light in the years after that series (2020 to 2026) in the same Connection Manager,
 * each named by what must hold. Some have their test elsewhere: the REJ of a state that was reset
 * already: S13c; allocation under a lock: S8d; the tree of SIDR questions: S14; the wrap of
 * numbers: S1b; a reserved service id: S5b. That destroy says for whom it waits, and that no answer
 * meets a freed id, needs two tasks: test/lab/destroy_waits_test.cc. No like of it here: one lock
 * for all sends of a device (bench/cm_bench.cc measures what there is instead), the rate of a
 * warning in a log.
 */
class FollowUp : public Scenario
{
  protected:
    /** The LIDs of hosts' second ports. */
    static constexpr std::uint16_t kLidA2 = 12;
    static constexpr std::uint16_t kLidB2 = 22;

    explicit FollowUp(const Options& options = {});

    static ReceivedMad MadFrom(std::uint16_t lid, const ibwire::CmMessage& message);
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_SCENARIO_FIXTURE_H
