// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_REPORT_H
#define IBCM_REPORT_H

#include "ibcm/model/counters.h"
#include "ibcm/model/mad-port.h"
#include "ibcm/model/parameters.h"
#include "ibcm/model/timeline.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/**
 * @file
 * What a ConnectionManager knows at one moment, for people who ask why: who blocks my reconnect
 * (peers), what does destroy wait for (ids that are being destroyed), where did the time go (the
 * timelines).
 */

namespace ibcm
{

/** The reliable message that an id waits to have answered. */
struct OutstandingReport
{
    ibwire::CmAttribute attribute{};
    SendProgress progress;
};

struct IdReport
{
    Handle id{Handle::kNone};
    State state{State::kIdle};
    LapState lapState{LapState::kUninit};
    std::uint32_t localCommId{0};
    std::uint32_t remoteCommId{0};
    std::uint64_t remoteCaGuid{0};
    std::uint32_t localQpn{0};
    std::uint32_t remoteQpn{0};
    std::uint64_t serviceId{0};
    Duration inState{0};
    std::uint32_t references{0}; ///< the creator's with them
    bool destroying{false};      ///< in IDLE already; waits for the references of others
    bool inHandler{false};       ///< a thread is in the consumer's handler, or about to enter it
    std::size_t eventsWaiting{0};
    std::optional<OutstandingReport> outstanding;
    std::vector<TimelineEntry> timeline; ///< oldest first
};

/** A peer's QP that a new connection cannot use while this is here (REJ 10). */
struct PeerReport
{
    std::uint64_t caGuid{0};
    std::uint32_t commId{0};
    std::uint32_t qpn{0};
    Handle owner{Handle::kNone}; ///< may be destroyed already, if aging
    bool aging{false};           ///< in TIMEWAIT
    Duration age{0};             ///< since the peer became known
    Duration remaining{0};       ///< of TIMEWAIT
};

struct ListenerReport
{
    Handle id{Handle::kNone};
    std::uint64_t serviceId{0};
    std::uint64_t serviceMask{0};
    std::uint32_t sharers{0};
    std::uint32_t open{0}; ///< requests in its backlog
};

struct Report
{
    Instant when{0};
    std::vector<IdReport> ids;             ///< in the order of their places in the table
    std::vector<PeerReport> peers;         ///< by (CA GUID, QPN)
    std::vector<ListenerReport> listeners; ///< by service id
    MessageCounters counters;
};

/** One line an id, peer, listener and counter that is not 0, each with a word that says which. */
std::string ToText(const Report& report);

} // namespace ibcm

#endif /* IBCM_REPORT_H */
