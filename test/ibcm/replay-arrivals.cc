// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "replay-arrivals.h"

#include <algorithm>
#include <map>
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
    return !IsOurs(theirs) && theirs.message && theirs.peer == request.peer &&
           Answers(*KindOf(theirs), *KindOf(request)) &&
           LocalIdOf(*request.message) == RemoteIdOf(*theirs.message);
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
               call == CmAttribute::kRej || call == CmAttribute::kDreq;
    case CmAttribute::kDreq:
        return call == CmAttribute::kRtu || call == CmAttribute::kDreq || call == CmAttribute::kRej;
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
        // Only the first copy was a call; an RTU may come again by itself.
        const bool first = isNew && later.what == What::kExpect;
        if (first && SameConnection(theirs, later) && CrossedBy(theirs, later))
        {
            until = i;
        }
    }
    return until;
}

/** Whether the peer sent the message at @p index again before the host answered it. */
bool ComesAgain(const std::vector<ReplayStep>& steps, std::size_t index, std::size_t after)
{
    const ReplayStep& theirs = steps[index];
    for (std::size_t i = after + 1; i < steps.size(); ++i)
    {
        if (steps[i].mad.bytes == theirs.mad.bytes)
        {
            return true;
        }
        if (IsOurs(steps[i]) && steps[i].message && SameConnection(theirs, steps[i]) &&
            Answers(*KindOf(steps[i]), *KindOf(theirs)))
        {
            return false;
        }
    }
    return false;
}

/** Whether another answer to a request came after its last copy, so that this one never did. */
bool IsReplaced(const std::vector<ReplayStep>& steps,
                std::size_t index,
                std::size_t first,
                std::size_t last)
{
    const ReplayStep& theirs = steps[index];
    bool later = false;
    for (std::size_t i = last + 1; i < steps.size(); ++i)
    {
        if (Is(theirs, CmAttribute::kDreq) && IsOurs(steps[i]) &&
            Is(steps[i], CmAttribute::kDrep) && SameConnection(theirs, steps[i]))
        {
            return false; // it came, as it was answered
        }
        later = later || AnswersTo(steps[i], steps[first]);
    }
    return later;
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
    std::vector<std::pair<std::size_t, std::size_t>> order(steps.size()); // place, original place
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        order[i] = {i, i};
        if (steps[i].what != What::kFeed || !steps[i].message)
        {
            continue;
        }
        const std::size_t crossed = CrossedUntil(steps, i);
        std::size_t until = crossed;
        bool replaced = false;
        for (const auto& [first, last] : lastOf)
        {
            if (first <= crossed && crossed < last && AnswersTo(steps[i], steps[first]))
            {
                until = std::max(until, last);
                replaced = replaced || IsReplaced(steps, i, first, last);
            }
        }
        order[i].first = until;
        // A host that gives up has no connection that a DREQ could end.
        const bool tooLate = crossed != i && Is(steps[i], CmAttribute::kDreq) &&
                             Is(steps[crossed], CmAttribute::kRej);
        if (replaced || tooLate || (until != i && ComesAgain(steps, i, until)))
        {
            steps[i].what = What::kLost;
        }
    }
    std::stable_sort(order.begin(),
                     order.end(),
                     [](const auto& left, const auto& right)
                     {
                         // What was delayed until a step comes behind that step.
                         const auto key = [](const auto& entry)
                         { return std::pair(entry.first, entry.first != entry.second); };
                         return key(left) < key(right);
                     });
    std::vector<ReplayStep> sorted;
    std::vector<std::size_t> placeOf(steps.size());
    for (const auto& [place, original] : order)
    {
        placeOf[original] = sorted.size();
        sorted.push_back(std::move(steps[original]));
    }
    for (ReplayStep& step : sorted)
    {
        step.first = placeOf[step.first];
    }
    steps = std::move(sorted);
}

/** Whether the host answers each such message of the peer's by itself, whatever its consumer. */
bool IsStateless(const ReplayStep& answer)
{
    const auto* rej = std::get_if<ibwire::CmRej>(&*answer.message);
    if (rej != nullptr)
    {
        return rej->localCommId == 0;
    }
    const auto* sidr = std::get_if<ibwire::CmSidrRep>(&*answer.message);
    return sidr != nullptr && sidr->status != ibwire::SidrStatus::kSuccess;
}

/**
 * Pairs what the peer asked with what the host answered. Where the host answers each copy, copies
 * without an answer never reached it.
 */
void FindLostRequests(std::vector<ReplayStep>& steps)
{
    constexpr std::pair<CmAttribute, CmAttribute> kPairs[] = {
        {CmAttribute::kReq, CmAttribute::kRej},
        {CmAttribute::kSidrReq, CmAttribute::kSidrRep},
        {CmAttribute::kDreq, CmAttribute::kDrep},
        {CmAttribute::kRep, CmAttribute::kRtu},
    };
    for (const auto& [requestKind, answerKind] : kPairs)
    {
        struct Talk
        {
            std::vector<std::size_t> open; // not answered yet
            std::vector<std::size_t> lost;
            bool answered{false};
        };

        std::map<PeerId, Talk> talks;
        for (std::size_t i = 0; i < steps.size(); ++i)
        {
            const ReplayStep& step = steps[i];
            if (step.what == What::kFeed && Is(step, requestKind))
            {
                talks[{step.peer, LocalIdOf(*step.message)}].open.push_back(i);
            }
            const bool accepts = requestKind == CmAttribute::kReq && Is(step, CmAttribute::kRep);
            if (!IsOurs(step) || !(Is(step, answerKind) || accepts))
            {
                continue;
            }
            const auto talk = talks.find({step.peer, RemoteIdOf(*step.message)});
            if (talk == talks.end() || talk->second.open.empty())
            {
                continue;
            }
            if (accepts)
            {
                // From here on copies are known, and dropped.
                talk->second.open.clear();
                talk->second.answered = false;
                continue;
            }
            // The latest copy is the one that was answered; a stateful host holds earlier ones.
            std::vector<std::size_t>& open = talk->second.open;
            open.pop_back();
            if (talk->second.answered || IsStateless(step))
            {
                talk->second.lost.insert(talk->second.lost.end(), open.begin(), open.end());
            }
            open.clear();
            talk->second.answered = true;
        }
        for (const auto& [id, talk] : talks)
        {
            for (const std::size_t i : talk.lost)
            {
                steps[i].what = What::kLost;
            }
            for (const std::size_t i : talk.open)
            {
                // A connection request may stay unanswered: its consumer has not decided yet.
                if (talk.answered)
                {
                    steps[i].what = What::kLost;
                }
            }
        }
    }
}

} // namespace

void InferArrivals(std::vector<ReplayStep>& steps)
{
    FindRepetitions(steps);
    FindUnknown(steps);
    DelayUnseen(steps);
    FindLostRequests(steps);
}

} // namespace ibcm::test
