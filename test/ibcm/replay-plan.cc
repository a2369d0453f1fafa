// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "replay-plan.h"

#include "ibcm/model/timeouts.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ibcm::test
{

namespace
{

using ibwire::CmAttribute;
using What = ReplayStep::What;

/** A peer's id, or one of ours towards that peer. */
using PeerId = std::pair<std::size_t, std::uint32_t>;

/** The CA GUID that the sender of a message names as its own; 0: none. */
std::uint64_t GuidOf(const ibwire::CmMessage& message)
{
    if (const auto* req = std::get_if<ibwire::CmReq>(&message))
    {
        return req->localCaGuid;
    }
    if (const auto* rep = std::get_if<ibwire::CmRep>(&message))
    {
        return rep->localCaGuid;
    }
    return 0;
}

std::optional<ibwire::CmMessage> Decoded(const ibwire::MadBytes& bytes)
{
    const auto message = ibwire::DecodeCm(bytes);
    return message ? std::optional(*message) : std::nullopt;
}

std::optional<CmAttribute> KindOf(const ReplayStep& step)
{
    return step.message ? std::optional(ibwire::AttributeOf(*step.message)) : std::nullopt;
}

bool Is(const ReplayStep& step, CmAttribute kind)
{
    return KindOf(step) == kind;
}

bool IsOurs(const ReplayStep& step)
{
    return step.what == What::kExpect || step.what == What::kExpectAgain ||
           step.what == What::kUnknown;
}

/** Whether a message of kind @p answer ends the wait of the sender of a @p request. */
bool Answers(CmAttribute answer, CmAttribute request)
{
    switch (request)
    {
    case CmAttribute::kReq:
        return answer == CmAttribute::kRep || answer == CmAttribute::kRej;
    case CmAttribute::kRep:
        return answer == CmAttribute::kRtu || answer == CmAttribute::kRej ||
               answer == CmAttribute::kDreq;
    case CmAttribute::kDreq:
        return answer == CmAttribute::kDrep || answer == CmAttribute::kDreq;
    case CmAttribute::kSidrReq:
        return answer == CmAttribute::kSidrRep;
    case CmAttribute::kLap:
        return answer == CmAttribute::kApr;
    default:
        return false;
    }
}

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

/** What the host answered first to the request of a step, if it did. */
const ReplayStep* AnswerTo(const std::vector<ReplayStep>& steps, std::size_t request)
{
    const ReplayStep& asked = steps[request];
    for (std::size_t i = request + 1; i < steps.size(); ++i)
    {
        if (IsOurs(steps[i]) && steps[i].message && steps[i].peer == asked.peer &&
            Answers(*KindOf(steps[i]), *KindOf(asked)) &&
            RemoteIdOf(*steps[i].message) == LocalIdOf(*asked.message))
        {
            return &steps[i];
        }
    }
    return nullptr;
}

void FindListeners(ReplayPlan& plan)
{
    for (std::size_t i = 0; i < plan.steps.size(); ++i)
    {
        const ReplayStep& step = plan.steps[i];
        if (step.what != What::kFeed ||
            !(Is(step, CmAttribute::kReq) || Is(step, CmAttribute::kSidrReq)))
        {
            continue;
        }
        const ReplayStep* answer = AnswerTo(plan.steps, i);
        if (answer == nullptr)
        {
            continue;
        }
        const auto* rej = std::get_if<ibwire::CmRej>(&*answer->message);
        const auto* sidr = std::get_if<ibwire::CmSidrRep>(&*answer->message);
        if ((rej != nullptr && rej->reason == ibwire::RejReason::kInvalidServiceId) ||
            (sidr != nullptr && sidr->status == ibwire::SidrStatus::kServiceNotSupported))
        {
            plan.noListener.insert(i);
        }
    }
}

/** The shortest time that passed between two copies of the same bytes. */
std::optional<Duration> WaitOf(const ReplayPlan& plan, std::size_t first)
{
    std::optional<Duration> wait;
    Instant last = plan.steps[first].mad.time;
    for (const ReplayStep& step : plan.steps)
    {
        if (step.what == What::kExpectAgain && step.first == first)
        {
            wait = std::min(wait.value_or(Duration::max()), step.mad.time - last);
            last = step.mad.time;
        }
    }
    return wait;
}

/** A lifetime, and how far the waits that follow from it are from those in the capture. */
struct LifeTime
{
    std::uint8_t exponent{0};
    Duration error{0};
};

/** The lifetime with which a CA of this delay writes the REQ's ACK timeout. */
std::optional<LifeTime> LifeTimeFor(const ibwire::CmReq& req,
                                    std::uint8_t caAckDelay,
                                    std::optional<Duration> wait)
{
    std::optional<LifeTime> best;
    for (std::uint8_t life = 0; life < 32; ++life)
    {
        if (AckTimeout(caAckDelay, life) != req.primaryLocalAckTimeout)
        {
            continue;
        }
        const Duration expected = ReqResponseTimeout(life, req.remoteCmResponseTimeout);
        const Duration error = wait ? std::chrono::abs(expected - *wait) : Duration{0};
        if (!best || error < best->error)
        {
            best = LifeTime{life, error};
        }
    }
    return best;
}

/** The lifetimes of all paths if the CA had this delay, and the sum of their errors. */
std::optional<std::pair<TimingGuess, Duration>> GuessWith(const ReplayPlan& plan,
                                                          std::uint8_t caAckDelay)
{
    TimingGuess guess{caAckDelay, {}};
    Duration error{0};
    for (std::size_t i = 0; i < plan.steps.size(); ++i)
    {
        const ReplayStep& step = plan.steps[i];
        if (step.what != What::kExpect || !Is(step, CmAttribute::kReq))
        {
            continue;
        }
        const auto& req = std::get<ibwire::CmReq>(*step.message);
        const auto life = LifeTimeFor(req, caAckDelay, WaitOf(plan, i));
        if (!life)
        {
            return std::nullopt;
        }
        guess.packetLifeTime[req.localCommId] = life->exponent;
        error += life->error;
    }
    return std::pair(guess, error);
}

/** An ACK timeout is made of the CA's delay and the path's lifetime, which nobody tells. */
void GuessTiming(ReplayPlan& plan)
{
    // What fits equally well: the delay in the host's own REPs, soft-RoCE's and others' usual one,
    // any.
    std::vector<std::uint8_t> delays;
    for (const ReplayStep& step : plan.steps)
    {
        if (IsOurs(step) && Is(step, CmAttribute::kRep))
        {
            delays.push_back(std::get<ibwire::CmRep>(*step.message).targetAckDelay);
            break;
        }
    }
    constexpr std::uint8_t kUsual = 15;
    delays.push_back(kUsual);
    for (std::uint8_t delay = 0; delay < 32; ++delay)
    {
        delays.push_back(delay);
    }
    std::optional<Duration> best;
    for (const std::uint8_t delay : delays)
    {
        const auto guess = GuessWith(plan, delay);
        if (guess && (!best || guess->second < *best))
        {
            plan.timing = guess->first;
            best = guess->second;
        }
    }
}

/** For how long the host waits at least before it repeats a DREQ. */
void FindPatience(ReplayPlan& plan)
{
    std::map<PeerId, std::uint8_t> asked;
    for (const ReplayStep& step : plan.steps)
    {
        const auto* req = step.message ? std::get_if<ibwire::CmReq>(&*step.message) : nullptr;
        const auto* rep = step.message ? std::get_if<ibwire::CmRep>(&*step.message) : nullptr;
        if (req != nullptr && IsOurs(step))
        {
            plan.patience[req->localCommId] = TimeoutFromExponent(req->remoteCmResponseTimeout);
        }
        else if (req != nullptr)
        {
            asked[{step.peer, req->localCommId}] = req->localCmResponseTimeout;
        }
        else if (rep != nullptr && IsOurs(step))
        {
            plan.patience[rep->localCommId] =
                TimeoutFromExponent(asked[{step.peer, rep->remoteCommId}]);
        }
    }
}

template <class T>
void AddOnce(std::vector<T>& list, const T& value)
{
    if (std::find(list.begin(), list.end(), value) == list.end())
    {
        list.push_back(value);
    }
}

/** The host's GIDs, LID and P_Keys, from packets and from REQs. */
void FillTables(ReplayPlan& plan)
{
    for (const NetAddress& address : plan.host.addresses)
    {
        if (!address.gid.IsZero())
        {
            AddOnce(plan.gids, address.gid);
        }
        plan.lid = plan.lid == 0 ? address.lid : plan.lid;
    }
    for (const ReplayStep& step : plan.steps)
    {
        AddOnce(plan.pkeys, step.mad.pkey);
        if (!Is(step, CmAttribute::kReq))
        {
            continue;
        }
        const auto& req = std::get<ibwire::CmReq>(*step.message);
        AddOnce(plan.gids, IsOurs(step) ? req.primaryLocalGid : req.primaryRemoteGid);
        AddOnce(plan.pkeys, req.pkey);
        if (req.alternateLocalLid != 0)
        {
            AddOnce(plan.gids, IsOurs(step) ? req.alternateLocalGid : req.alternateRemoteGid);
        }
    }
}

std::size_t HostOf(const std::vector<CapturedHost>& hosts, const NetAddress& address)
{
    for (std::size_t i = 0; i < hosts.size(); ++i)
    {
        if (std::binary_search(hosts[i].addresses.begin(), hosts[i].addresses.end(), address))
        {
            return i;
        }
    }
    return hosts.size();
}

template <class M>
concept HasLocalCommId = requires(M message)
{
    message.localCommId;
};
template <class M>
concept HasRemoteCommId = requires(M message)
{
    message.remoteCommId;
};

} // namespace

std::string CapturedHost::Name() const
{
    return ToString(addresses.front());
}

std::vector<CapturedHost> HostsOf(const std::vector<CapturedMad>& mads)
{
    std::map<NetAddress, std::pair<std::uint64_t, std::size_t>> seen; // -> GUID, MADs sent
    for (const CapturedMad& mad : mads)
    {
        auto& [guid, sent] = seen[mad.source];
        ++sent;
        seen.try_emplace(mad.destination);
        const auto message = Decoded(mad.bytes);
        guid = guid == 0 && message ? GuidOf(*message) : guid;
    }
    std::vector<CapturedHost> hosts;
    for (const auto& [address, about] : seen)
    {
        auto host = std::find_if(hosts.begin(),
                                 hosts.end(),
                                 [guid = about.first](const CapturedHost& other)
                                 { return guid != 0 && other.caGuid == guid; });
        if (host == hosts.end())
        {
            hosts.push_back({{}, about.first, 0});
            host = hosts.end() - 1;
        }
        host->addresses.push_back(address);
        host->sent += about.second;
    }
    return hosts;
}

ReplayPlan MakePlan(const std::vector<CapturedMad>& mads, std::size_t host)
{
    const std::vector<CapturedHost> hosts = HostsOf(mads);
    ReplayPlan plan;
    plan.host = hosts.at(host);
    for (const CapturedMad& mad : mads)
    {
        const std::size_t from = HostOf(hosts, mad.source);
        const std::size_t to = HostOf(hosts, mad.destination);
        if ((from == host) == (to == host))
        {
            continue; // others', or of the host with itself, which has one CM for both
        }
        ReplayStep step;
        step.what = from == host ? What::kExpect : What::kFeed;
        step.mad = mad;
        step.message = Decoded(mad.bytes);
        step.peer = from == host ? to : from;
        plan.steps.push_back(std::move(step));
    }
    FindRepetitions(plan.steps);
    FindUnknown(plan.steps);
    DelayUnseen(plan.steps);
    FindLostRequests(plan.steps);
    FindListeners(plan);
    FindPatience(plan);
    GuessTiming(plan);
    FillTables(plan);
    return plan;
}

bool IsReliable(ibwire::CmAttribute kind)
{
    switch (kind)
    {
    case CmAttribute::kReq:
    case CmAttribute::kRep:
    case CmAttribute::kDreq:
    case CmAttribute::kSidrReq:
    case CmAttribute::kLap:
        return true;
    default:
        return false;
    }
}

std::uint32_t LocalIdOf(const ibwire::CmMessage& message)
{
    return std::visit(
        [](const auto& m) -> std::uint32_t
        {
            using M = std::decay_t<decltype(m)>;
            if constexpr (HasLocalCommId<M>)
            {
                return m.localCommId;
            }
            else if constexpr (std::is_same_v<M, ibwire::CmSidrReq>)
            {
                return m.requestId;
            }
            return 0;
        },
        message);
}

std::uint32_t RemoteIdOf(const ibwire::CmMessage& message)
{
    return std::visit(
        [](const auto& m) -> std::uint32_t
        {
            using M = std::decay_t<decltype(m)>;
            if constexpr (HasRemoteCommId<M>)
            {
                return m.remoteCommId;
            }
            else if constexpr (std::is_same_v<M, ibwire::CmSidrRep>)
            {
                return m.requestId;
            }
            return 0;
        },
        message);
}

void SetLocalId(ibwire::CmMessage& message, std::uint32_t id)
{
    std::visit(
        [id](auto& m)
        {
            using M = std::decay_t<decltype(m)>;
            if constexpr (HasLocalCommId<M>)
            {
                m.localCommId = id;
            }
            else if constexpr (std::is_same_v<M, ibwire::CmSidrReq>)
            {
                m.requestId = id;
            }
        },
        message);
}

void SetRemoteId(ibwire::CmMessage& message, std::uint32_t id)
{
    std::visit(
        [id](auto& m)
        {
            using M = std::decay_t<decltype(m)>;
            if constexpr (HasRemoteCommId<M>)
            {
                m.remoteCommId = id;
            }
            else if constexpr (std::is_same_v<M, ibwire::CmSidrRep>)
            {
                m.requestId = id;
            }
        },
        message);
}

} // namespace ibcm::test
