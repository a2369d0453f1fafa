// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/check-callbacks.h"

#include "lab/model/check-transitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace lab
{

namespace
{

using E = ibcm::EventType;

using Events = std::uint32_t; // bits

template <class... T>
constexpr Events Of(T... events)
{
    return ((1U << static_cast<unsigned>(events)) | ...);
}

constexpr std::size_t kEventCount = static_cast<std::size_t>(E::kSidrRepReceived) + 1;

// What an id may be told when it asks, is connected, and is coming to its end.
constexpr Events kAsking = Of(E::kReqError, E::kRepReceived, E::kMraReceived, E::kRejReceived);
constexpr Events kEnding =
    Of(E::kDreqError, E::kDreqReceived, E::kDrepReceived, E::kRejReceived, E::kTimewaitExit);
constexpr Events kConnected =
    kEnding | Of(E::kMraReceived, E::kLapError, E::kLapReceived, E::kAprReceived);
constexpr Events kAnswering = kConnected | Of(E::kRepError, E::kRtuReceived, E::kUserEstablished);

/** By event: what may come after it, until the id is used anew. */
constexpr std::array<Events, kEventCount> kAfter{
    0,                                      // REQ_ERROR
    kAnswering,                             // REQ_RECEIVED
    0,                                      // REP_ERROR
    kConnected,                             // REP_RECEIVED
    kConnected,                             // RTU_RECEIVED
    kConnected,                             // USER_ESTABLISHED
    Of(E::kTimewaitExit),                   // DREQ_ERROR
    Of(E::kDrepReceived, E::kTimewaitExit), // DREQ_RECEIVED: the other's DREP, if both asked
    Of(E::kTimewaitExit),                   // DREP_RECEIVED
    0,                                      // TIMEWAIT_EXIT
    kAsking | kAnswering,                   // MRA_RECEIVED: of a REQ, a REP or a LAP
    Of(E::kTimewaitExit),                   // REJ_RECEIVED
    kConnected,                             // LAP_ERROR
    kConnected,                             // LAP_RECEIVED
    kConnected,                             // APR_RECEIVED
    0,                                      // SIDR_REQ_ERROR
    0,                                      // SIDR_REQ_RECEIVED
    0,                                      // SIDR_REP_RECEIVED
};

constexpr Events kFirst = kAsking | Of(E::kReqReceived,
                                       E::kSidrReqError,
                                       E::kSidrReqReceived,
                                       E::kSidrRepReceived,
                                       // An id that has refused a REP ages without a word.
                                       E::kTimewaitExit);

/** Whether the id is going: its consumer, or a core that has never told of it, has given it up. */
bool Destroys(ibcm::Input input)
{
    using I = ibcm::Input;
    return input == I::kCallDestroy || input == I::kCallDestroyNoMemory ||
           input == I::kCallDestroyXrcTarget;
}

} // namespace

E CallbackCheck::EventOf(ibcm::Input input)
{
    using I = ibcm::Input;
    switch (input)
    {
    case I::kReqAccepted:
    case I::kReqYielded:
        return E::kReqReceived;
    case I::kMraReq:
    case I::kMraRep:
    case I::kMraLap:
        return E::kMraReceived;
    case I::kRep:
        return E::kRepReceived;
    case I::kRtu:
        return E::kRtuReceived;
    case I::kRej:
    case I::kRejStale:
        return E::kRejReceived;
    case I::kDreq:
        return E::kDreqReceived;
    case I::kDrep:
        return E::kDrepReceived;
    case I::kLap:
        return E::kLapReceived;
    case I::kApr:
        return E::kAprReceived;
    case I::kSidrReqAccepted:
        return E::kSidrReqReceived;
    case I::kSidrRep:
        return E::kSidrRepReceived;
    case I::kReqTimeout:
    case I::kRepRefused: // this side has refused, and its consumer hears that it came to nothing
        return E::kReqError;
    case I::kRepTimeout:
        return E::kRepError;
    case I::kDreqTimeout:
        return E::kDreqError;
    case I::kLapTimeout:
        return E::kLapError;
    case I::kSidrReqTimeout:
        return E::kSidrReqError;
    case I::kTimewaitExit:
        return E::kTimewaitExit;
    case I::kCallNotifyEstablished:
        return E::kUserEstablished;
    default: // the consumer's own calls, and what is nobody's business
        return E::kNone;
    }
}

void CallbackCheck::Changed(std::uint32_t host, ibcm::Handle id, ibcm::Input input)
{
    Id& changed = m_ids.At(HandleKey(host, id));
    if (Destroys(input))
    {
        changed.dying = true;
        Forget(host, id);
        return;
    }
    // An id that its handler has given up hears no more, though its end may be yet to come.
    if (const E event = EventOf(input); event != E::kNone && !changed.destroyed && !changed.dying)
    {
        m_untold.push_back({host, id, event});
    }
}

void CallbackCheck::Forget(std::uint32_t host, ibcm::Handle id)
{
    std::erase_if(m_untold, [=](const Untold& due) { return due.host == host && due.id == id; });
}

void CallbackCheck::Restarted(std::uint32_t host)
{
    std::erase_if(m_untold, [=](const Untold& due) { return due.host == host; });
}

bool CallbackCheck::CheckTold(const std::function<const std::string&(std::uint32_t host)>& nameOf)
{
    for (const Untold& due : m_untold)
    {
        Violated(fmt::format("{}: nobody tells {} of an id, with nothing under way that could",
                             nameOf(due.host),
                             ToString(due.event)),
                 fmt::format("{} is never told", ToString(due.event)));
    }
    return !m_untold.empty();
}

bool CallbackCheck::MayFollow(E before, E next)
{
    const Events allowed =
        before == E::kNone ? kFirst : kAfter.at(static_cast<std::size_t>(before));
    return next != E::kNone && (allowed & Of(next)) != 0;
}

bool CallbackCheck::MayFollowAny(Events before, E next)
{
    for (; before != 0; before &= before - 1)
    {
        const Events one = before & -before;
        const E event = one == kNothing ? E::kNone : static_cast<E>(std::countr_zero(one));
        if (MayFollow(event, next))
        {
            return true;
        }
    }
    return false;
}

bool CallbackCheck::Tell(Id& id, E type)
{
    // The same event may be thinkable in both lives; then both remain thinkable.
    const bool late = MayFollowAny(id.former, type);
    const bool inTime = MayFollowAny(id.present, type);
    const bool skipped = late && MayFollowAny(id.former & ~kNothing, type);
    id.former = late ? Of(type) | (skipped ? id.former & kNothing : 0) : 0;
    id.present = (inTime || !late ? Of(type) : 0) | (late ? id.present & kNothing : 0);
    return late || inTime;
}

void CallbackCheck::Violated(std::string text, std::string subject)
{
    m_engine.Report(interleave::ViolationKind::kCallback, std::move(text), std::move(subject));
}

void CallbackCheck::Enters(std::uint32_t host, const std::string& name, ibcm::Handle handle, E type)
{
    Id& id = m_ids.At(HandleKey(host, handle));
    const char* event = ToString(type);
    const std::string& task = m_engine.CurrentContext()->Name();
    const bool fits = Tell(id, type);
    const auto due =
        std::ranges::find_if(m_untold,
                             [&](const Untold& one)
                             { return one.host == host && one.id == handle && one.event == type; });
    if (due != m_untold.end())
    {
        m_untold.erase(due);
    }
    if (id.destroyed)
    {
        Violated(fmt::format("{}: {} tells {} of an id that was destroyed", name, task, event),
                 fmt::format("{} after destruction", event));
    }
    else if (id.inside != 0)
    {
        Violated(fmt::format("{}: {} calls the handler of an id with {} while {} is in it with {}",
                             name,
                             task,
                             event,
                             m_engine.TaskAt(id.task).Name(),
                             ToString(id.latest)),
                 fmt::format("{} during {}", event, ToString(id.latest)));
    }
    else if (!fits)
    {
        const char* before = id.latest == E::kNone ? "nothing" : ToString(id.latest);
        Violated(
            fmt::format(
                "{}: {} tells {} of an id whose latest event is {}", name, task, event, before),
            fmt::format("{} after {}", event, before));
    }
    ++id.inside;
    id.latest = type;
    id.task = m_engine.CurrentContext()->Ordinal();
}

void CallbackCheck::Leaves(std::uint32_t host, ibcm::Handle handle, ibcm::Disposition disposition)
{
    Id& id = m_ids.At(HandleKey(host, handle));
    id.inside -= id.inside > 0 ? 1 : 0;
    if (disposition != ibcm::Disposition::kKeep)
    {
        id.destroyed = true;
        Forget(host, handle);
    }
}

void CallbackCheck::Destroyed(std::uint32_t host, ibcm::Handle handle)
{
    m_ids.At(HandleKey(host, handle)).destroyed = true;
    Forget(host, handle);
}

void CallbackCheck::Begins(std::uint32_t host, ibcm::Handle handle)
{
    Id& id = m_ids.At(HandleKey(host, handle));
    // Whoever is to tell the last event of the life before may have been kept from it.
    id.former |= id.begun ? id.present : id.present & ~kNothing;
    id.present = kNothing;
    id.latest = E::kNone;
    id.begun = true;
}

} // namespace lab
