// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "soak-id.h"

#include "soak-host.h"

#include <algorithm>
#include <vector>

namespace ibcm::test
{
namespace
{

using E = EventType;

/** Which events may come next before one, on one id; kNone: it may be the first. */
struct Order
{
    E event;
    std::vector<E> after;
};

// Where a consumer's own call has led to IDLE or TIMEWAIT no event says so: that is why a new
// connection may come right after REQ_RECEIVED or REP_RECEIVED (rejected) or SIDR_REQ_RECEIVED
// (answered), and TIMEWAIT_EXIT right after REQ_RECEIVED (rejected after the REP). MRAs, LAPs and
// APRs come in between and change nothing of it: see MayCome.
const std::vector<Order>& Orders()
{
    static const std::vector<E> s_atRest = {E::kNone,
                                            E::kReqReceived,
                                            E::kRepReceived,
                                            E::kRejReceived,
                                            E::kReqError,
                                            E::kRepError,
                                            E::kTimewaitExit,
                                            E::kSidrReqError,
                                            E::kSidrReqReceived,
                                            E::kSidrRepReceived};
    static const std::vector<E> s_connected = {
        E::kRepReceived, E::kRtuReceived, E::kUserEstablished};
    static const std::vector<Order> s_orders = {
        {E::kReqReceived, {E::kNone}},
        {E::kSidrReqReceived, {E::kNone}},
        {E::kSidrReqError, s_atRest},
        {E::kSidrRepReceived, s_atRest},
        {E::kReqError, s_atRest},
        {E::kRepReceived, s_atRest},
        {E::kRejReceived,
         {E::kNone,
          E::kReqReceived,
          E::kRepReceived,
          E::kRejReceived,
          E::kReqError,
          E::kRepError,
          E::kTimewaitExit,
          E::kRtuReceived,
          E::kUserEstablished,
          E::kSidrReqError,
          E::kSidrReqReceived,
          E::kSidrRepReceived}},
        {E::kRepError, {E::kReqReceived}},
        {E::kRtuReceived, {E::kReqReceived}},
        {E::kUserEstablished, {E::kReqReceived}},
        // Right after REQ_RECEIVED: the RTU was lost, and the peer is closing already.
        {E::kDreqReceived,
         {E::kReqReceived, E::kRepReceived, E::kRtuReceived, E::kUserEstablished}},
        {E::kDreqError, s_connected},
        {E::kDrepReceived,
         {E::kRepReceived, E::kRtuReceived, E::kUserEstablished, E::kDreqReceived}},
        {E::kTimewaitExit,
         {E::kReqReceived, E::kRejReceived, E::kDreqReceived, E::kDreqError, E::kDrepReceived}},
    };
    return s_orders;
}

bool MayFollow(E event, E last)
{
    for (const Order& order : Orders())
    {
        if (order.event == event)
        {
            return std::find(order.after.begin(), order.after.end(), last) != order.after.end();
        }
    }
    return false;
}

/** An event that comes in between others. */
bool IsAside(E event)
{
    return event == E::kMraReceived || event == E::kLapReceived || event == E::kAprReceived ||
           event == E::kLapError;
}

} // namespace

SoakId::SoakId(SoakHost& owner, std::uint64_t ordinal)
    : host(owner),
      number(ordinal)
{
}

Disposition SoakId::OnCmEvent(ConnectionManager&, Handle id, const Event& event)
{
    return host.OnEvent(this, id, event);
}

std::string SoakId::Enter(EventType event)
{
    const std::string what = std::string(ToString(event)) + " for id " + std::to_string(number);
    if (inside.exchange(true))
    {
        return what + " while its handler is running";
    }
    if (gone)
    {
        return what + ", which is gone";
    }
    if (!MayCome(event))
    {
        return what + " after " + (m_last == E::kNone ? "nothing" : ToString(m_last));
    }
    if (!IsAside(event))
    {
        m_last = event;
    }
    const std::string calls = CheckCalls(event);
    return calls.empty() ? calls : what + calls;
}

bool SoakId::MayCome(EventType event) const
{
    switch (event)
    {
    case E::kMraReceived:
        return requests + replies + proposals > 0;
    case E::kLapReceived:
        return m_last == E::kRtuReceived || m_last == E::kUserEstablished; // the passive side
    case E::kAprReceived:
    case E::kLapError:
        return m_last == E::kRepReceived; // the active one
    case E::kTimewaitExit:
        // A DREQ that could not be sent, as the port had gone.
        return MayFollow(event, m_last) ||
               (closings > 0 && (m_last == E::kRepReceived || m_last == E::kRtuReceived ||
                                 m_last == E::kUserEstablished));
    default:
        return MayFollow(event, m_last);
    }
}

std::string SoakId::CheckCalls(EventType event)
{
    switch (event)
    {
    case E::kReqError:
    case E::kRepReceived:
        if (++m_requestsEnded > requests)
        {
            return ", which has not asked so often";
        }
        return {};
    case E::kAprReceived:
    case E::kLapError:
        if (++m_proposalsEnded > proposals)
        {
            return ", which has not proposed a path so often";
        }
        return {};
    case E::kSidrReqError:
    case E::kSidrRepReceived:
        if (++m_questionsEnded > questions)
        {
            return ", which has not asked for a service so often";
        }
        return {};
    case E::kUserEstablished:
        if (++m_noticesTold > notices)
        {
            return " without a notice";
        }
        [[fallthrough]];
    case E::kRepError:
    case E::kRtuReceived:
        if (++m_repliesEnded > replies)
        {
            return ", which has not accepted";
        }
        return {};
    default:
        return {};
    }
}

void SoakId::Leave(Disposition answer)
{
    if (answer != Disposition::kKeep)
    {
        dying = true;
        gone = true;
    }
    inside = false;
}

} // namespace ibcm::test
