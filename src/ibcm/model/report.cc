// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the core knows at one moment: gathered id by id, and as text.
#include "ibcm/model/report.h"

#include "ibcm/model/core.h"

#include <algorithm>
#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <tuple>

namespace ibcm
{

namespace
{

/** Formats like printf, and appends. */
[[gnu::format(printf, 2, 3)]] void Append(std::string& text, const char* format, ...)
{
    char line[256];
    va_list values;
    va_start(values, format);
    const int length = std::vsnprintf(line, sizeof line, format, values);
    va_end(values);
    text.append(line, static_cast<std::size_t>(std::clamp(length, 0, 255)));
}

double Milliseconds(Duration time)
{
    return std::chrono::duration<double, std::milli>(time).count();
}

ibwire::CmAttribute AttributeOf(Input timeout)
{
    switch (timeout)
    {
    case Input::kRepTimeout:
        return ibwire::CmAttribute::kRep;
    case Input::kDreqTimeout:
        return ibwire::CmAttribute::kDreq;
    case Input::kLapTimeout:
        return ibwire::CmAttribute::kLap;
    case Input::kSidrReqTimeout:
        return ibwire::CmAttribute::kSidrReq;
    default:
        return ibwire::CmAttribute::kReq;
    }
}

std::string Name(ibwire::CmAttribute attribute)
{
    return std::string(ibwire::ToString(attribute));
}

void AppendId(std::string& text, const IdReport& id, Instant now)
{
    Append(text,
           "id %" PRIu64 " %s",
           static_cast<std::uint64_t>(id.id),
           id.destroying ? "being destroyed" : ToString(id.state));
    if (id.lapState != LapState::kUninit)
    {
        Append(text, "/%s", ToString(id.lapState));
    }
    Append(text, " for %.3f ms, comm id 0x%08x", Milliseconds(id.inState), id.localCommId);
    if (id.remoteCommId != 0)
    {
        Append(text,
               ", peer 0x%08x of 0x%016" PRIx64 " QPN 0x%06x",
               id.remoteCommId,
               id.remoteCaGuid,
               id.remoteQpn);
    }
    if (id.outstanding)
    {
        const SendProgress& progress = id.outstanding->progress;
        Append(text,
               progress.waiting ? ", %s waits to be sent"
                                : ", %s sent %u times, %u left, next in %.3f ms",
               Name(id.outstanding->attribute).c_str(),
               progress.transmissions,
               progress.retriesLeft,
               Milliseconds(progress.untilNext));
    }
    Append(text, ", references %u", id.references);
    if (id.inHandler)
    {
        text += ", in its handler";
    }
    if (id.eventsWaiting != 0)
    {
        Append(text, ", events waiting %zu", id.eventsWaiting);
    }
    text += '\n';
    for (const TimelineEntry& entry : id.timeline)
    {
        text += "  " + ToText(entry, now) + '\n';
    }
}

void AppendPeer(std::string& text, const PeerReport& peer)
{
    Append(text,
           "peer 0x%016" PRIx64 " QPN 0x%06x comm id 0x%08x held by id %" PRIu64,
           peer.caGuid,
           peer.qpn,
           peer.commId,
           static_cast<std::uint64_t>(peer.owner));
    Append(text, " for %.3f ms", Milliseconds(peer.age));
    if (peer.aging)
    {
        Append(text, ", TIMEWAIT ends in %.3f ms", Milliseconds(peer.remaining));
    }
    text += '\n';
}

void AppendCounters(std::string& text, const MessageCounters& counters)
{
    for (std::size_t kind = 0; kind < MessageCounters::kKinds; ++kind)
    {
        const auto attribute = static_cast<ibwire::CmAttribute>(
            static_cast<std::size_t>(ibwire::CmAttribute::kReq) + kind);
        if (counters.sent[kind] + counters.retried[kind] + counters.received[kind] == 0)
        {
            continue;
        }
        Append(text,
               "counter %s sent %" PRIu64 " retried %" PRIu64 " received %" PRIu64
               " duplicate %" PRIu64 "\n",
               Name(attribute).c_str(),
               counters.sent[kind],
               counters.retried[kind],
               counters.received[kind],
               counters.duplicates[kind]);
    }
    for (std::size_t cause = 0; cause < kDiscardCount; ++cause)
    {
        if (counters.discarded[cause] != 0)
        {
            Append(text,
                   "counter discarded, %s %" PRIu64 "\n",
                   ToString(static_cast<Discard>(cause)),
                   counters.discarded[cause]);
        }
    }
}

} // namespace

void Timeline::AppendTo(std::vector<TimelineEntry>& entries, Instant now) const
{
    constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << (64 - kTimeShift)) - 1;
    const unsigned used = m_full ? m_depth : m_next;
    for (unsigned i = 0; i < used; ++i)
    {
        const std::uint64_t packed = m_ring[(m_next + m_depth - used + i) % m_depth];
        const std::uint64_t ago = (Ticks(now) - (packed >> kTimeShift)) & kTimeMask;
        TimelineEntry entry;
        entry.when = now - Duration{static_cast<std::int64_t>(ago << kTickBits)};
        entry.kind = static_cast<TimelineEntry::Kind>(packed >> 16 & 0xff);
        entry.what = static_cast<std::uint8_t>(packed >> 8);
        entry.from = packed >> 4 & 0xf;
        entry.to = packed & 0xf;
        entries.push_back(entry);
    }
}

std::string ToText(const TimelineEntry& entry, Instant now)
{
    std::string text;
    Append(text, "%.3f ms ago ", Milliseconds(now - entry.when));
    using Kind = TimelineEntry::Kind;
    const std::string message = Name(static_cast<ibwire::CmAttribute>(entry.what));
    switch (entry.kind)
    {
    case Kind::kStep:
        Append(text,
               "%s -> %s by %s",
               ToString(static_cast<State>(entry.from)),
               ToString(static_cast<State>(entry.to)),
               ToString(static_cast<Input>(entry.what)));
        break;
    case Kind::kLapStep:
        Append(text,
               "alternate path %s -> %s by %s",
               ToString(static_cast<LapState>(entry.from)),
               ToString(static_cast<LapState>(entry.to)),
               ToString(static_cast<Input>(entry.what)));
        break;
    case Kind::kSent:
        text += "sent " + message;
        break;
    case Kind::kResent:
        text += "sent " + message + " again";
        break;
    case Kind::kReceived:
        text += "received " + message;
        break;
    case Kind::kDropped:
        text += "dropped " + message;
        break;
    case Kind::kEvent:
        Append(text, "told %s", ToString(static_cast<EventType>(entry.what)));
        break;
    case Kind::kReturned:
        Append(text, "handler of %s returned", ToString(static_cast<EventType>(entry.what)));
        break;
    }
    return text;
}

std::string ToText(const Report& report)
{
    std::string text;
    for (const IdReport& id : report.ids)
    {
        AppendId(text, id, report.when);
    }
    for (const PeerReport& peer : report.peers)
    {
        AppendPeer(text, peer);
    }
    for (const ListenerReport& listener : report.listeners)
    {
        Append(text,
               "listener 0x%016" PRIx64 "/0x%016" PRIx64 " by id %" PRIu64
               ", sharers %u, open %u\n",
               listener.serviceId,
               listener.serviceMask,
               static_cast<std::uint64_t>(listener.id),
               listener.sharers,
               listener.open);
    }
    AppendCounters(text, report.counters);
    return text;
}

Result<std::vector<TimelineEntry>> Core::TimelineOf(Handle handle)
{
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    std::vector<TimelineEntry> entries;
    entries.reserve(m_options.timelineDepth);
    MutexLock hold(id.lock);
    id.timeline.Read().AppendTo(entries, m_runtime.Now());
    return entries;
}

IdReport Core::Describe(CmId& id, Instant now)
{
    IdReport report;
    report.timeline.reserve(m_options.timelineDepth);
    MutexLock hold(id.lock);
    const Connection& connection = id.connection.Read();
    report.id = id.handle;
    report.state = id.state.Read();
    report.lapState = id.lapState.Read();
    report.localCommId = id.localCommId;
    report.remoteCommId = connection.remoteCommId;
    report.remoteCaGuid = connection.remoteCaGuid;
    report.localQpn = connection.localQpn;
    report.remoteQpn = connection.remoteQpn;
    report.serviceId = connection.serviceId;
    report.inState = now - connection.since;
    report.references = id.references.Value() - 1; // but for the one that asks
    report.inHandler = id.delivery.Read().busy;
    report.eventsWaiting = id.delivery.Read().waitingCount;
    const Outstanding outstanding = id.outstanding.Read();
    MadPort* port = connection.route.slot == nullptr ? nullptr : connection.route.slot->port.load();
    if (outstanding.token != SendToken::kNone && port != nullptr)
    {
        if (const auto progress = port->Progress(outstanding.token))
        {
            report.outstanding = OutstandingReport{AttributeOf(outstanding.timeout), *progress};
        }
    }
    id.timeline.Read().AppendTo(report.timeline, now);
    return report;
}

Report Core::Inspect()
{
    Report report;
    report.when = m_runtime.Now();
    for (IdRef& ref : m_table.AllIds())
    {
        report.ids.push_back(Describe(*ref, report.when));
        ref.Drop();
    }
    m_table.Describe(report);
    std::sort(report.peers.begin(),
              report.peers.end(),
              [](const PeerReport& a, const PeerReport& b) {
                  return std::tie(a.caGuid, a.qpn, a.commId) < std::tie(b.caGuid, b.qpn, b.commId);
              });
    std::sort(
        report.listeners.begin(),
        report.listeners.end(),
        [](const ListenerReport& a, const ListenerReport& b)
        { return std::tie(a.serviceId, a.serviceMask) < std::tie(b.serviceId, b.serviceMask); });
    report.counters = Counters();
    return report;
}

} // namespace ibcm
