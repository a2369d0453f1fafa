// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "replay-requests.h"

#include "replay-order.h"

#include <set>
#include <utility>

namespace ibcm::test
{

namespace
{

using ibwire::CmAttribute;
using What = ReplayStep::What;
using PeerId = std::pair<std::size_t, std::uint32_t>;

/** How an answer of the host's treats the copies of a request. */
enum class Treatment : std::uint8_t
{
    kNone,      ///< it is about something else
    kExtends,   ///< MRA: from now on each copy has an MRA for answer
    kEnds,      ///< each further copy has the same answer: RTU, DREP
    kDecides,   ///< a consumer's decision: a further copy begins anew
    kAccepts,   ///< REP: further copies are dropped
    kStateless, ///< by the host itself, to each copy one
};

Treatment TreatmentOfRej(const ibwire::CmRej& rej, CmAttribute request)
{
    if (request != CmAttribute::kReq || rej.messageRejected != ibwire::MessageRejected::kReq)
    {
        return Treatment::kNone;
    }
    const bool consumer = rej.localCommId != 0 || rej.reason == ibwire::RejReason::kConsumer;
    return consumer ? Treatment::kDecides : Treatment::kStateless;
}

Treatment TreatmentOf(const ReplayStep& answer, CmAttribute request)
{
    switch (*KindOf(answer))
    {
    case CmAttribute::kMra:
        return MraedBy(std::get<ibwire::CmMra>(*answer.message)) == request ? Treatment::kExtends
                                                                            : Treatment::kNone;
    case CmAttribute::kRej:
        return TreatmentOfRej(std::get<ibwire::CmRej>(*answer.message), request);
    case CmAttribute::kRep:
        // A repetition of the REP is its timer's.
        return request == CmAttribute::kReq && answer.what == What::kExpect ? Treatment::kAccepts
                                                                            : Treatment::kNone;
    case CmAttribute::kRtu:
        return request == CmAttribute::kRep ? Treatment::kEnds : Treatment::kNone;
    case CmAttribute::kDrep:
        return request == CmAttribute::kDreq ? Treatment::kEnds : Treatment::kNone;
    case CmAttribute::kApr:
        return request == CmAttribute::kLap ? Treatment::kDecides : Treatment::kNone;
    case CmAttribute::kSidrRep:
        if (request != CmAttribute::kSidrReq)
        {
            return Treatment::kNone;
        }
        return std::get<ibwire::CmSidrRep>(*answer.message).status ==
                       ibwire::SidrStatus::kServiceNotSupported
                   ? Treatment::kStateless
                   : Treatment::kDecides;
    default:
        return Treatment::kNone;
    }
}

/** All copies of one request. */
struct Talk
{
    std::vector<std::size_t> open;      ///< that came since the latest answer
    std::vector<std::size_t> spare;     ///< of earlier ones, those that no answer needed
    Treatment before{Treatment::kNone}; ///< the latest answer's
};

/** Follows the requests of one kind. */
class Matcher
{
  public:
    Matcher(std::vector<ReplayStep>& steps, ReplayOrder& order, CmAttribute request)
        : m_steps(steps),
          m_order(order),
          m_request(request)
    {
    }

    void Run();

  private:
    /** The answer at a step belongs to one copy: the latest, or one that arrived late. */
    void Take(Talk& talk, std::size_t answer);
    /** What is open has had no answer of its own. */
    void Leave(Talk& talk, bool lost);
    void Answer(Talk& talk, std::size_t answer, Treatment treatment);

    std::vector<ReplayStep>& m_steps;
    ReplayOrder& m_order;
    CmAttribute m_request;
};

void Matcher::Take(Talk& talk, std::size_t answer)
{
    if (!talk.open.empty())
    {
        talk.open.pop_back();
    }
    else if (!talk.spare.empty())
    {
        const std::size_t late = talk.spare.back();
        talk.spare.pop_back();
        m_steps[late].what = What::kFeed;
        m_order.MoveBefore(late, answer);
    }
}

void Matcher::Leave(Talk& talk, bool lost)
{
    for (const std::size_t copy : talk.open)
    {
        if (lost)
        {
            m_steps[copy].what = What::kLost;
        }
        talk.spare.push_back(copy);
    }
    talk.open.clear();
}

void Matcher::Answer(Talk& talk, std::size_t answer, Treatment treatment)
{
    const bool repeated = talk.before == treatment &&
                          (treatment == Treatment::kExtends || treatment == Treatment::kEnds);
    if (repeated || treatment == Treatment::kStateless)
    {
        Take(talk, answer);
        Leave(talk, true);
    }
    else if (talk.before == Treatment::kAccepts)
    {
        // Of another id: a copy that came when the first one's was over.
        talk.spare.insert(talk.spare.end(), talk.open.begin(), talk.open.end());
        talk.open.clear();
        Take(talk, answer);
    }
    else if (talk.before == Treatment::kExtends)
    {
        // Each of these would have had another MRA.
        Leave(talk, true);
    }
    else
    {
        // The first began it; the host has dropped those behind, if they came.
        if (talk.open.empty())
        {
            Take(talk, answer);
        }
        else
        {
            talk.open.erase(talk.open.begin());
        }
        Leave(talk, false);
    }
    talk.before = treatment;
}

void Matcher::Run()
{
    std::map<PeerId, Talk> talks;
    for (std::size_t i = 0; i < m_steps.size(); ++i)
    {
        const ReplayStep& step = m_steps[i];
        if (step.what == What::kFeed && Is(step, m_request))
        {
            talks[{step.peer, LocalIdOf(*step.message)}].open.push_back(i);
        }
        if (!IsOurs(step) || !step.message)
        {
            continue;
        }
        const auto talk = talks.find({step.peer, RemoteIdOf(*step.message)});
        const Treatment treatment = TreatmentOf(step, m_request);
        if (talk != talks.end() && treatment != Treatment::kNone)
        {
            Answer(talk->second, i, treatment);
        }
    }
    for (auto& [id, talk] : talks)
    {
        // A request may stay unanswered as its consumer has not decided, or as it is a copy.
        Leave(talk,
              talk.before == Treatment::kExtends || talk.before == Treatment::kEnds ||
                  talk.before == Treatment::kStateless);
    }
}

} // namespace

void MatchRequests(std::vector<ReplayStep>& steps)
{
    ReplayOrder order(steps.size());
    for (const CmAttribute request : {CmAttribute::kReq,
                                      CmAttribute::kRep,
                                      CmAttribute::kDreq,
                                      CmAttribute::kSidrReq,
                                      CmAttribute::kLap})
    {
        Matcher(steps, order, request).Run();
    }
    order.Apply(steps);
}

std::map<std::size_t, std::size_t> FindDelayedMras(const std::vector<ReplayStep>& steps)
{
    using TalkId = std::pair<CmAttribute, PeerId>;
    std::map<std::size_t, std::size_t> delayed;
    std::map<TalkId, std::vector<std::size_t>> copies;
    std::set<TalkId> extended;
    for (std::size_t i = 0; i < steps.size(); ++i)
    {
        const ReplayStep& step = steps[i];
        if (!step.message)
        {
            continue;
        }
        if (step.what == What::kFeed)
        {
            copies[{*KindOf(step), {step.peer, LocalIdOf(*step.message)}}].push_back(i);
            continue;
        }
        const PeerId remote{step.peer, RemoteIdOf(*step.message)};
        if (const auto* mra = std::get_if<ibwire::CmMra>(&*step.message))
        {
            const TalkId talk{MraedBy(*mra), remote};
            const std::vector<std::size_t>& seen = copies[talk];
            if (extended.insert(talk).second && seen.size() > 1)
            {
                delayed[seen.back()] = i;
            }
            continue;
        }
        for (const CmAttribute request : {CmAttribute::kReq, CmAttribute::kRep, CmAttribute::kLap})
        {
            if (IsOurs(step) && TreatmentOf(step, request) != Treatment::kNone)
            {
                copies.erase({request, remote});
                extended.erase({request, remote});
            }
        }
    }
    return delayed;
}

} // namespace ibcm::test
