// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "replay-arrivals.h"

#include "ibcm/model/timeouts.h"
#include "replay-order.h"
#include "replay-requests.h"
#include "replay-timing.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace ibcm::test
{

namespace
{

using ibwire::CmAttribute;
using What = ReplayStep::What;

/** A peer's id, or one of ours towards that peer. */
using PeerId = std::pair<std::size_t, std::uint32_t>;

/** Marks what the host sent again. */
void FindRepetitions(std::vector<ReplayStep>& steps)
{
    std::map<ibwire::MadBytes, std::size_t> firsts;
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        ReplayStep& step = steps[i];
        if (step.what != What::kExpect || !step.message || !IsReliable(*KindOf(step)))
        {
            continue;
        }
        const auto [first, isNew] = firsts.try_emplace(step.mad.bytes, i);
        if (!isNew)
        {
            step.what = What::kExpectAgain;
            step.first = first->second;
        }
    }
}

/** Marks messages of the host about connections whose beginning was not captured. */
void FindUnknown(std::vector<ReplayStep>& steps)
{
    std::set<std::uint32_t> ours;
    std::set<PeerId> theirs;  // in REQs and SIDR_REQs
    std::set<PeerId> leaving; // in DREQs
    for (ReplayStep& step : steps)
    {
        if (!step.message)
        {
            continue;
        }
        const CmAttribute kind = *KindOf(step);
        const std::uint32_t local = LocalIdOf(*step.message);
        const PeerId remote{step.peer, RemoteIdOf(*step.message)};
        if (step.what == What::kFeed)
        {
            if (kind == CmAttribute::kReq || kind == CmAttribute::kSidrReq)
            {
                theirs.emplace(step.peer, local);
            }
            if (kind == CmAttribute::kDreq)
            {
                leaving.emplace(step.peer, local);
            }
            continue;
        }
        const bool begins = kind == CmAttribute::kReq || kind == CmAttribute::kSidrReq;
        const bool known = begins || theirs.contains(remote) || ours.contains(local) ||
                           (kind == CmAttribute::kDrep && leaving.contains(remote));
        if (!known)
        {
            step.what = What::kUnknown;
        }
        else if (local != 0)
        {
            ours.insert(local);
        }
    }
}

/** Whether two messages, one of each side, are about the same connection. */
bool SameConnection(const ReplayStep& theirs, const ReplayStep& ours)
{
    const std::uint32_t theirLocal = LocalIdOf(*theirs.message);
    const std::uint32_t theirRemote = RemoteIdOf(*theirs.message);
    return theirs.peer == ours.peer &&
           ((theirRemote != 0 && theirRemote == LocalIdOf(*ours.message)) ||
            (theirLocal != 0 && theirLocal == RemoteIdOf(*ours.message)));
}

/** Whether a message of the peer's ends the wait of a request of the host's. */
bool AnswersTo(const ReplayStep& theirs, const ReplayStep& request)
{
    if (IsOurs(theirs) || !theirs.message || theirs.peer != request.peer ||
        !Answers(*KindOf(theirs), *KindOf(request)))
    {
        return false;
    }
    // Whoever gives up before the REP came does not know the host's id.
    return RemoteIdOf(*theirs.message) != 0
               ? RemoteIdOf(*theirs.message) == LocalIdOf(*request.message)
               : RemoteIdOf(*request.message) == LocalIdOf(*theirs.message);
}

/**
 * Whether the host can have made the call that sent @p ours only before it took in @p theirs,
 * because no state after that allows it: the two crossed.
 */
bool CrossedBy(const ReplayStep& theirs, const ReplayStep& ours)
{
    const CmAttribute call = *KindOf(ours);
    switch (*KindOf(theirs))
    {
    case CmAttribute::kRej:
        return call == CmAttribute::kRep || call == CmAttribute::kRtu ||
               call == CmAttribute::kRej || call == CmAttribute::kDreq ||
               call == CmAttribute::kMra || call == CmAttribute::kLap || call == CmAttribute::kApr;
    case CmAttribute::kDreq:
        return call == CmAttribute::kRtu || call == CmAttribute::kDreq ||
               call == CmAttribute::kRej || call == CmAttribute::kLap || call == CmAttribute::kApr;
    case CmAttribute::kDrep:
        return call == CmAttribute::kDrep;
    case CmAttribute::kRtu:
        return call == CmAttribute::kRej;
    case CmAttribute::kRep:
        // Given up in REQ_SENT; after the REP it would be another reason.
        return call == CmAttribute::kRej &&
               std::get<ibwire::CmRej>(*ours.message).reason == ibwire::RejReason::kTimeout;
    default:
        return false;
    }
}

/** Whether the REP at @p later is another id's than one before @p index, to the same REQ. */
bool IsSecondReply(const std::vector<ReplayStep>& steps, std::size_t index, std::size_t later)
{
    const ReplayStep& rep = steps[later];
    return Is(rep, CmAttribute::kRep) && IsOurs(rep) &&
           std::any_of(steps.begin(),
                       steps.begin() + static_cast<std::ptrdiff_t>(index),
                       [&](const ReplayStep& earlier)
                       {
                           return Is(earlier, CmAttribute::kRep) && IsOurs(earlier) &&
                                  earlier.peer == rep.peer &&
                                  RemoteIdOf(*earlier.message) == RemoteIdOf(*rep.message) &&
                                  LocalIdOf(*earlier.message) != LocalIdOf(*rep.message);
                       });
}

/** The last step before which the host has not taken in the message at @p index; itself if none. */
std::size_t CrossedUntil(const std::vector<ReplayStep>& steps, std::size_t index)
{
    const ReplayStep& theirs = steps[index];
    std::size_t until = index;
    for (std::size_t i = index + 1; i < steps.size(); ++i)
    {
        const ReplayStep& later = steps[i];
        if (!later.message || later.peer != theirs.peer)
        {
            continue;
        }
        const bool isNew = std::none_of(steps.begin(),
                                        steps.begin() + static_cast<std::ptrdiff_t>(index),
                                        [&](const ReplayStep& earlier)
                                        { return earlier.mad.bytes == later.mad.bytes; });
        if (isNew && Is(later, CmAttribute::kReq) &&
            LocalIdOf(*later.message) ==
                (IsOurs(later) ? RemoteIdOf(*theirs.message) : LocalIdOf(*theirs.message)))
        {
            break; // the id begins anew
        }
        if (IsSecondReply(steps, index, i))
        {
            break; // as the first one's id was over
        }
        // Only the first copy was a call; an RTU may come again by itself.
        const bool first = isNew && later.what == What::kExpect;
        if (first && SameConnection(theirs, later) && CrossedBy(theirs, later))
        {
            until = i;
        }
    }
    return until;
}

/** Whether the host can have sent @p ours only after it took in @p theirs. */
bool ShowsArrival(const ReplayStep& theirs, const ReplayStep& ours)
{
    if (!IsOurs(ours) || !ours.message || !SameConnection(theirs, ours))
    {
        return false;
    }
    const bool disconnects = Is(theirs, CmAttribute::kRtu) && Is(ours, CmAttribute::kDreq);
    return disconnects || Answers(*KindOf(ours), *KindOf(theirs));
}

/** Whether the peer sent the message at @p index again, in time, before the host answered it. */
bool ComesAgain(const std::vector<ReplayStep>& steps,
                std::size_t index,
                std::size_t after,
                Instant deadline)
{
    const ReplayStep& theirs = steps[index];
    for (std::size_t i = after + 1; i < steps.size() && steps[i].mad.time <= deadline; ++i)
    {
        if (steps[i].mad.bytes == theirs.mad.bytes)
        {
            return true;
        }
        if (ShowsArrival(theirs, steps[i]))
        {
            return false;
        }
    }
    return false;
}

/**
 * Whether another answer to a request came in time after its last copy, so that the one at @p index
 * never did.
 */
bool IsReplaced(const std::vector<ReplayStep>& steps,
                std::size_t index,
                std::size_t first,
                std::size_t last,
                Instant deadline)
{
    const ReplayStep& theirs = steps[index];
    bool later = false;
    for (std::size_t i = last + 1; i < steps.size(); ++i)
    {
        if (ShowsArrival(theirs, steps[i]) && (!later || Is(theirs, CmAttribute::kDreq)))
        {
            return false; // it came, as it was answered
        }
        later = later || (AnswersTo(steps[i], steps[first]) && steps[i].mad.time <= deadline);
    }
    return later;
}

/** When the host, had it heard nothing, would have sent its request once more. */
Instant DeadlineOf(const std::vector<ReplayStep>& steps, std::size_t first, std::size_t last)
{
    const Duration wait = WaitOf(steps, first).value_or(Duration{0});
    return steps[last].mad.time + wait + wait / 20;
}

/**
 * The last step at which the host repeated a request so soon that it cannot have seen the MRA at
 * @p index, which asks for more time; itself if there is none.
 */
std::size_t UnextendedUntil(const std::vector<ReplayStep>& steps, std::size_t index)
{
    const auto& mra = std::get<ibwire::CmMra>(*steps[index].message);
    // A tenth less, as the host's clock may differ.
    const Duration extended = TimeoutFromExponent(mra.serviceTimeout, Behaviour::kLinux61) * 9 / 10;
    std::size_t until = index;
    std::optional<Instant> before; // the copy before
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        if (!IsOurs(steps[i]) || !Is(steps[i], MraedBy(mra)) ||
            !SameConnection(steps[index], steps[i]))
        {
            continue;
        }
        if (i > index && steps[i].what == What::kExpectAgain && before)
        {
            if (steps[i].mad.time - *before >= extended)
            {
                break;
            }
            until = i;
        }
        before = steps[i].mad.time;
    }
    return until;
}

/**
 * A host that repeats a request has not seen its answer yet, and what it sent after a message that
 * forbids it was sent before it saw that. Such messages were lost, if they came once more after
 * that, or were still on their way into the host: they move behind.
 */
void DelayUnseen(std::vector<ReplayStep>& steps)
{
    std::map<std::size_t, std::size_t> lastOf; // first transmission -> last
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        if (steps[i].what == What::kExpectAgain)
        {
            lastOf[steps[i].first] = i;
        }
    }
    ReplayOrder order(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        if (steps[i].what != What::kFeed || !steps[i].message)
        {
            continue;
        }
        const std::size_t crossed = CrossedUntil(steps, i);
        std::size_t until = crossed;
        bool replaced = false;
        Instant deadline = Instant::max();
        for (const auto& [first, last] : lastOf)
        {
            if (first <= crossed && crossed < last && AnswersTo(steps[i], steps[first]))
            {
                until = std::max(until, last);
                deadline = DeadlineOf(steps, first, last);
                replaced = replaced || IsReplaced(steps, i, first, last, deadline);
            }
        }
        if (Is(steps[i], CmAttribute::kMra))
        {
            until = UnextendedUntil(steps, i);
        }
        if (until != i)
        {
            order.MoveBehind(i, until);
        }
        // A host that gives up has no connection that a DREQ could end.
        const bool tooLate = crossed != i && Is(steps[i], CmAttribute::kDreq) &&
                             Is(steps[crossed], CmAttribute::kRej);
        if (replaced || tooLate || (until != i && ComesAgain(steps, i, until, deadline)))
        {
            steps[i].what = What::kLost;
        }
    }
    order.Apply(steps);
}

} // namespace

void InferArrivals(std::vector<ReplayStep>& steps)
{
    FindRepetitions(steps);
    FindUnknown(steps);
    DelayUnseen(steps);
    MatchRequests(steps);
}

} // namespace ibcm::test
