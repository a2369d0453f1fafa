// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fuzz/cm-oracle.h"

#include "fuzz/fuzz-input.h"

#include <algorithm>

namespace weft::fuzz
{

namespace
{

using ibcm::EventType;
using ibcm::Input;
using ibcm::State;

template <class... States>
constexpr std::uint32_t Set(States... states)
{
    return ((1U << static_cast<unsigned>(states)) | ... | 0U);
}

/**
 * Which states may follow which (InfiniBand Architecture vol. 1, figures of 12.9.7), written
 * without a look at the core's table: it says less than that, and says it twice.
 */
constexpr std::array<std::uint32_t, ibcm::kStateCount> kFollowers = {
    // IDLE
    Set(State::kListen, State::kReqSent, State::kReqRcvd, State::kSidrReqSent, State::kSidrReqRcvd),
    // LISTEN
    Set(State::kIdle),
    // REQ_SENT: REQ_RCVD is the side of a pair that yields
    Set(State::kRepRcvd, State::kMraReqRcvd, State::kReqRcvd, State::kIdle, State::kTimewait),
    // REQ_RCVD
    Set(State::kRepSent, State::kMraReqSent, State::kIdle, State::kTimewait),
    // MRA_REQ_SENT
    Set(State::kRepSent, State::kIdle, State::kTimewait),
    // MRA_REQ_RCVD: REQ_SENT is where a redirection leads
    Set(State::kRepRcvd, State::kReqSent, State::kIdle, State::kTimewait),
    // REP_SENT
    Set(State::kEstablished, State::kMraRepRcvd, State::kDreqRcvd, State::kIdle, State::kTimewait),
    // REP_RCVD
    Set(State::kEstablished, State::kMraRepSent, State::kIdle, State::kTimewait),
    // MRA_REP_SENT
    Set(State::kEstablished, State::kIdle, State::kTimewait),
    // MRA_REP_RCVD
    Set(State::kEstablished, State::kDreqRcvd, State::kIdle, State::kTimewait),
    // ESTABLISHED: IDLE is an XRC target whose creator goes
    Set(State::kDreqSent, State::kDreqRcvd, State::kTimewait, State::kIdle),
    // DREQ_SENT: DREQ_RCVD is where two DREQs cross
    Set(State::kTimewait, State::kDreqRcvd),
    // DREQ_RCVD
    Set(State::kTimewait),
    // TIMEWAIT
    Set(State::kIdle),
    // SIDR_REQ_SENT, SIDR_REQ_RCVD
    Set(State::kIdle),
    Set(State::kIdle),
};

/** What the consumer is told of a step that this input has caused. */
EventType EventOf(Input input)
{
    switch (input)
    {
    case Input::kCallNotifyEstablished:
        return EventType::kUserEstablished;
    case Input::kReqAccepted:
    case Input::kReqYielded:
        return EventType::kReqReceived;
    case Input::kMraReq:
    case Input::kMraRep:
    case Input::kMraLap:
        return EventType::kMraReceived;
    case Input::kRep:
        return EventType::kRepReceived;
    case Input::kRepRefused:
    case Input::kReqTimeout:
        return EventType::kReqError;
    case Input::kRtu:
        return EventType::kRtuReceived;
    case Input::kRej:
    case Input::kRejStale:
        return EventType::kRejReceived;
    case Input::kDreq:
        return EventType::kDreqReceived;
    case Input::kDrep:
        return EventType::kDrepReceived;
    case Input::kLap:
        return EventType::kLapReceived;
    case Input::kApr:
        return EventType::kAprReceived;
    case Input::kSidrReqAccepted:
        return EventType::kSidrReqReceived;
    case Input::kSidrRep:
        return EventType::kSidrRepReceived;
    case Input::kRepTimeout:
        return EventType::kRepError;
    case Input::kDreqTimeout:
        return EventType::kDreqError;
    case Input::kLapTimeout:
        return EventType::kLapError;
    case Input::kSidrReqTimeout:
        return EventType::kSidrReqError;
    case Input::kTimewaitExit:
        return EventType::kTimewaitExit;
    default:
        return EventType::kNone;
    }
}

constexpr std::size_t kMaxInfoBytes = 72;
constexpr std::uint32_t kMax24Bits = 0xffffff;

/** The parameters that go with a type of event, with values in their ranges. */
struct CheckParameters
{
    EventType type;

    bool operator()(const std::monostate&) const
    {
        return type == EventType::kRtuReceived || type == EventType::kUserEstablished ||
               type == EventType::kDreqReceived || type == EventType::kDrepReceived ||
               type == EventType::kTimewaitExit;
    }
    bool operator()(const ibcm::ReqReceived& given) const
    {
        return type == EventType::kReqReceived && given.remoteQpn <= kMax24Bits &&
               given.startingPsn <= kMax24Bits && given.port != 0;
    }
    bool operator()(const ibcm::RepReceived& given) const
    {
        return type == EventType::kRepReceived && given.remoteQpn <= kMax24Bits &&
               given.startingPsn <= kMax24Bits;
    }
    bool operator()(const ibcm::RejReceived& given) const
    {
        return type == EventType::kRejReceived && given.infoLength <= kMaxInfoBytes;
    }
    bool operator()(const ibcm::SendFailed&) const
    {
        return type == EventType::kReqError || type == EventType::kRepError ||
               type == EventType::kDreqError || type == EventType::kLapError ||
               type == EventType::kSidrReqError;
    }
    bool operator()(const ibcm::MraReceived& given) const
    {
        return type == EventType::kMraReceived && given.serviceTimeout < 32 &&
               given.message <= ibwire::MessageMraed::kLap;
    }
    bool operator()(const ibcm::LapReceived&) const
    {
        return type == EventType::kLapReceived;
    }
    bool operator()(const ibcm::AprReceived& given) const
    {
        return type == EventType::kAprReceived && given.infoLength <= kMaxInfoBytes;
    }
    bool operator()(const ibcm::SidrReqReceived&) const
    {
        return type == EventType::kSidrReqReceived;
    }
    bool operator()(const ibcm::SidrRepReceived& given) const
    {
        return type == EventType::kSidrRepReceived && given.infoLength <= kMaxInfoBytes &&
               given.qpn <= kMax24Bits;
    }
};

/** The ids that a message names: its sender's own one. */
std::uint32_t LocalIdOf(const ibwire::CmMessage& message)
{
    return std::visit(
        []<class M>(const M& one) -> std::uint32_t
        {
            if constexpr (std::is_same_v<M, ibwire::CmSidrReq> ||
                          std::is_same_v<M, ibwire::CmSidrRep>)
            {
                return one.requestId;
            }
            else
            {
                return one.localCommId;
            }
        },
        message);
}

} // namespace

IdRecord& Oracle::Made(std::size_t host, ibcm::Handle id)
{
    if (id == ibcm::Handle::kNone || Find(host, id) != nullptr)
    {
        Die("host %zu: a handle comes twice", host);
    }
    IdRecord& record = m_records.emplace_back();
    record.host = host;
    record.id = id;
    return record;
}

IdRecord* Oracle::Find(std::size_t host, ibcm::Handle id)
{
    const auto found =
        std::find_if(m_records.rbegin(),
                     m_records.rend(),
                     [&](const IdRecord& one) { return one.host == host && one.id == id; });
    return found == m_records.rend() ? nullptr : &*found;
}

std::size_t Oracle::Living(std::size_t host) const
{
    return static_cast<std::size_t>(std::count_if(m_records.begin(),
                                                  m_records.end(),
                                                  [&](const IdRecord& one)
                                                  { return one.host == host && !one.dead; }));
}

std::size_t Oracle::InState(std::size_t host, State state) const
{
    return static_cast<std::size_t>(std::count_if(
        m_records.begin(),
        m_records.end(),
        [&](const IdRecord& one) { return one.host == host && !one.dead && one.state == state; }));
}

IdRecord* Oracle::Choose(std::size_t host, unsigned number)
{
    const auto fits = [&](const IdRecord& one) { return one.host == host && !one.dying; };
    const auto count =
        static_cast<std::size_t>(std::count_if(m_records.begin(), m_records.end(), fits));
    if (count == 0)
    {
        return nullptr;
    }
    auto left = number % count;
    for (IdRecord& record : m_records)
    {
        if (fits(record) && left-- == 0)
        {
            return &record;
        }
    }
    return nullptr;
}

void Oracle::HostTrace::OnTransition(const ibcm::TransitionTrace& step)
{
    IdRecord* record = m_oracle.Find(m_host, step.id);
    if (record == nullptr)
    {
        // ListenShared makes its id itself.
        if (step.input != Input::kReqAccepted && step.input != Input::kSidrReqAccepted &&
            step.input != Input::kCallListen)
        {
            Die("host %zu: %s on an id that nobody has made", m_host, ToString(step.input));
        }
        record = &m_oracle.Made(m_host, step.id);
    }
    const auto followers = kFollowers[static_cast<std::size_t>(step.from)];
    if (record->dead || record->state != step.from || (followers & Set(step.to)) == 0)
    {
        Die("host %zu: illegal transition %s -> %s by %s of an id in %s%s",
            m_host,
            ToString(step.from),
            ToString(step.to),
            ToString(step.input),
            ToString(record->state),
            record->dead ? " that is dead" : "");
    }
    record->state = step.to;
    record->lapState = ibcm::LapState::kUninit;
    record->localCommId = step.localCommId;
    record->remoteCommId = step.remoteCommId;
    if (const EventType event = EventOf(step.input); event != EventType::kNone)
    {
        record->due.push_back(event);
    }
}

void Oracle::HostTrace::OnLapTransition(const ibcm::LapTransitionTrace& step)
{
    IdRecord* record = m_oracle.Find(m_host, step.id);
    if (record == nullptr || record->dead || record->state != State::kEstablished ||
        record->lapState != step.from)
    {
        Die("host %zu: LAP state %s -> %s by %s does not follow from %s",
            m_host,
            ToString(step.from),
            ToString(step.to),
            ToString(step.input),
            record == nullptr ? "anything" : ToString(record->lapState));
    }
    record->lapState = step.to;
    if (const EventType event = EventOf(step.input); event != EventType::kNone)
    {
        record->due.push_back(event);
    }
}

void Oracle::EventBegins(std::size_t host, ibcm::Handle id, const ibcm::Event& event)
{
    IdRecord* record = Find(host, id);
    const char* const name = ToString(event.type);
    if (record == nullptr || record->dying || record->dead)
    {
        Die("host %zu: %s for an id that %s",
            host,
            name,
            record == nullptr ? "nobody has made" : "is destroyed");
    }
    if (record->inside)
    {
        Die("host %zu: %s while the handler of the same id runs", host, name);
    }
    if (record->due.empty() || record->due.front() != event.type)
    {
        Die("host %zu: %s is told where %s is due",
            host,
            name,
            record->due.empty() ? "nothing" : ToString(record->due.front()));
    }
    if (!std::visit(CheckParameters{event.type}, event.parameters))
    {
        Die("host %zu: %s with parameters that do not fit it", host, name);
    }
    record->due.pop_front();
    record->inside = true;
}

void Oracle::EventEnds(std::size_t host, ibcm::Handle id, ibcm::Disposition answer)
{
    IdRecord& record = *Find(host, id);
    record.inside = false;
    if (answer != ibcm::Disposition::kKeep)
    {
        record.dying = true;
        record.due.clear();
    }
}

void Oracle::Transmitted(std::size_t host, const ibwire::MadBytes& bytes)
{
    const ibwire::MadHeader header = ibwire::DecodeHeader(bytes);
    const auto message = ibwire::DecodeCm(bytes);
    if (!message)
    {
        if (header.mgmtClass != ibwire::MgmtClass::kCm ||
            header.method != ibwire::MadMethod::kGetResp)
        {
            Die("host %zu: sends a MAD that is neither a CM message nor an answer", host);
        }
        return;
    }
    ++m_transmissions[host];
    const auto again = ibwire::EncodeCm(header, *message);
    if (!again || *again != bytes)
    {
        Die("host %zu: sends reserved bits that are not zero", host);
    }
    const std::uint32_t localId = LocalIdOf(*message);
    for (IdRecord& record : m_records)
    {
        if (record.host == host && !record.dead && record.localCommId == localId)
        {
            record.transactionId = header.transactionId;
        }
    }
}

void Oracle::CheckAllTold() const
{
    for (const IdRecord& record : m_records)
    {
        if (!record.dying && !record.due.empty())
        {
            Die("host %zu: %s was never told to an id in %s",
                record.host,
                ToString(record.due.front()),
                ToString(record.state));
        }
    }
}

void Oracle::CheckAllFreed() const
{
    if (!m_objects.empty())
    {
        Die("%zu objects were made and not freed", m_objects.size());
    }
}

void Oracle::OnSync(ibcm::SyncKind, const void*, const char*)
{
}

void Oracle::OnAccess(const void*, const char*, bool)
{
}

void Oracle::OnMade(const char* objectClass, std::uint64_t, const void* object, std::size_t)
{
    if (!m_objects.insert(object).second)
    {
        Die("a %s is made where another object lives", objectClass);
    }
}

void Oracle::OnFreed(const void* object)
{
    if (m_objects.erase(object) != 1)
    {
        Die("something is freed that does not live");
    }
}

void Oracle::OnViolation(const char* invariant, const void*, const char* what)
{
    Die("invariant %s violated: %s", invariant, what);
}

} // namespace weft::fuzz
