// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/check-callbacks.h"

#include "lab/model/check-transitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lab
{

namespace
{

using E = ibcm::EventType;

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
    const Change change{input, m_engine.CurrentContext()->Ordinal(), m_engine.NowNs()};
    const Change before = std::exchange(changed.change, change);
    changed.dying = changed.dying || Destroys(input);
    // An id that its handler has given up hears no more, though its end may be yet to come.
    if (changed.destroyed || changed.dying)
    {
        return;
    }
    // Whoever asks for a DREQ that cannot be sent has that for an answer; of one that the core has
    // sent of its own accord the consumer is told.
    const bool answered = input == ibcm::Input::kDreqTimeout &&
                          before == Change{ibcm::Input::kCallSendDreq, change.task, change.atNs};
    if (const E event = EventOf(input); event != E::kNone)
    {
        m_untold.push_back({host, id, event, answered});
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
    // What was under way to an id when its destruction began may be told or not.
    std::erase_if(m_untold,
                  [this](const Untold& due)
                  { return due.answered || m_ids.At(HandleKey(due.host, due.id)).dying; });
    for (const Untold& due : m_untold)
    {
        Violated(fmt::format("{}: nobody tells {} of an id, with nothing under way that could",
                             nameOf(due.host),
                             ToString(due.event)),
                 fmt::format("{} is never told", ToString(due.event)));
    }
    return !m_untold.empty();
}

E CallbackCheck::TakeDue(std::uint32_t host, ibcm::Handle id, E told)
{
    for (auto due = m_untold.begin(); due != m_untold.end();)
    {
        if (due->host != host || due->id != id)
        {
            ++due;
            continue;
        }
        const E event = due->event;
        const bool skipped = due->answered && event != told;
        if (skipped || event == told)
        {
            due = m_untold.erase(due);
        }
        if (!skipped)
        {
            return event;
        }
    }
    return E::kNone;
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
    const E expected = TakeDue(host, handle, type);
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
    else if (expected == E::kNone)
    {
        Violated(
            fmt::format("{}: {} tells {} of an id, which nothing has caused", name, task, event),
            fmt::format("{} without a cause", event));
    }
    else if (expected != type)
    {
        const char* before = ToString(expected);
        Violated(
            fmt::format(
                "{}: {} tells {} of an id that was to be told {} first", name, task, event, before),
            fmt::format("{} before {}", event, before));
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

} // namespace lab
