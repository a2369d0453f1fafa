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
// connection may come right after REQ_RECEIVED or REP_RECEIVED (rejected), and TIMEWAIT_EXIT right
// after REQ_RECEIVED (rejected after the REP).
const std::vector<Order>& Orders()
{
    static const std::vector<E> s_atRest = {E::kNone,
                                            E::kReqReceived,
                                            E::kRepReceived,
                                            E::kRejReceived,
                                            E::kReqError,
                                            E::kRepError,
                                            E::kTimewaitExit};
    static const std::vector<E> s_connected = {
        E::kRepReceived, E::kRtuReceived, E::kUserEstablished};
    static const std::vector<Order> s_orders = {
        {E::kReqReceived, {E::kNone}},
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
          E::kUserEstablished}},
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

} // namespace

SoakId::SoakId(SoakHost& owner, std::uint64_t ordinal)
    : host(owner),
      number(ordinal)
{
}

Disposition SoakId::OnCmEvent(ConnectionManager&, Handle id, const Event& event)
{
    return host.OnEvent(*this, id, event);
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
    if (!MayFollow(event, m_last))
    {
        return what + " after " + (m_last == E::kNone ? "nothing" : ToString(m_last));
    }
    m_last = event;
    const std::string calls = CheckCalls(event);
    return calls.empty() ? calls : what + calls;
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
