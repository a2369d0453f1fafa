// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// From the captured host's ids to the core's: the only values that a replay may choose afresh.
#ifndef WEFT_TEST_IBCM_REPLAY_NAMES_H
#define WEFT_TEST_IBCM_REPLAY_NAMES_H

#include "replay-plan.h"

#include <cstdint>
#include <map>
#include <string>

namespace ibcm::test
{

/** Communication ids and transaction ids, captured and ours, one for one. */
class ReplayNames
{
  public:
    /** The core's id in the place of a captured one; the same if that is not of the host's. */
    std::uint32_t OurId(std::uint32_t captured) const;
    std::uint64_t OurTransaction(std::uint64_t captured) const;

    /** Whether the core may have sent @p ours where the host had sent @p captured. */
    bool MayStandFor(std::uint32_t captured, std::uint32_t ours) const;

    /**
     * Learns from the first copy of a message of the host's which ids the core has chosen: the
     * sender's, and the transaction of a request.
     * @return what is wrong with the choice, "" if nothing is
     */
    std::string Learn(const ReplayStep& step, const ibwire::MadBytes& sent);

    /** The captured MAD of the host's as the core must send it. */
    ibwire::MadBytes Expected(const ReplayStep& step) const;
    /** The captured MAD of a peer's as it must reach the core. */
    ibwire::MadBytes Incoming(const ReplayStep& step) const;

  private:
    std::map<std::uint32_t, std::uint32_t> m_ids;     ///< captured -> ours
    std::map<std::uint32_t, std::uint32_t> m_reverse; ///< ours -> captured
    std::map<std::uint64_t, std::uint64_t> m_transactions;
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_REPLAY_NAMES_H
