// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fuzz/cm-world.h"

namespace weft::fuzz
{

namespace
{

using ibcm::CmError;
using ibcm::State;

constexpr std::uint64_t kGuids[kHosts] = {0x0002c903000a0001, 0x0002c903000b0001};
constexpr std::uint16_t kLids[kHosts] = {10, 20};
/** More MADs under way than a small input can mean. */
constexpr std::size_t kMaxFlights = 256;

ibwire::ClassPortInfo RedirectTo(std::uint16_t lid)
{
    ibwire::ClassPortInfo target;
    target.baseVersion = ibwire::kMadBaseVersion;
    target.classVersion = ibwire::kCmClassVersion;
    target.redirectLid = lid;
    target.redirectPkey = 0xffff;
    target.redirectQpn = 1;
    target.redirectQkey = ibwire::kGsiQkey;
    return target;
}

} // namespace

Settings SettingsFrom(Draws& input)
{
    const std::uint8_t choice = input.Byte();
    Settings settings;
    ibcm::Options& options = settings.options;
    options.behaviour = (choice & 1) == 0 ? ibcm::Behaviour::kStrict : ibcm::Behaviour::kLinux61;
    options.limits = {64, 64, 64, 64, 64};
    switch (choice >> 1 & 3)
    {
    case 1:
        options.limits = {6, 4, 2, 2, 2};
        break;
    case 2:
        options.limits = {12, 3, 4, 1, 1};
        break;
    case 3:
        options.requirements = {4, 3, 0x0003};
        options.timelineDepth = 0;
        break;
    default:
        break;
    }
    settings.port.requestWindow = 0;
    if ((choice >> 3 & 1) != 0)
    {
        settings.port.requestWindow = 1;
        settings.port.maxWaiting = 3;
        settings.port.maxWaitingAtOneDestination = 2;
        settings.port.maxPending = 6;
    }
    if ((choice >> 4 & 1) != 0)
    {
        settings.port.backoff.emplace();
    }
    if ((choice >> 5 & 7) == 7)
    {
        options.redirect = RedirectTo(kLids[1] + 1);
    }
    return settings;
}

World::World(const Settings& settings)
    : m_settings(settings)
{
    runtime.SetObserver(&oracle);
    for (std::size_t number = 0; number < kHosts; ++number)
    {
        Host& host = hosts[number];
        host.guid = kGuids[number];
        for (std::size_t i = 0; i < kPorts; ++i)
        {
            Side& side = host.sides[i];
            side.lid = static_cast<std::uint16_t>(kLids[number] + i);
            side.gid = ibwire::Gid::From(ibwire::kDefaultGidPrefix, host.guid + 1 + i);
            side.end = &wire.AddEnd({side.lid, {side.gid}, {0xffff, 0x8001}});
            side.port = std::make_unique<ibcm::ReliablePort>(
                runtime, *side.end, static_cast<std::uint8_t>(i + 1), settings.port);
            side.end->Attach(side.port.get());
        }
        host.cm = std::make_unique<ibcm::ConnectionManager>(
            runtime, ibcm::DeviceInfo{host.guid, 10}, OptionsOf(number));
        for (std::size_t i = 0; i < kPorts; ++i)
        {
            TogglePort(number, i);
        }
    }
    wire.SetTap([this](const ibcm::Flight& flight) { Tap(flight); });
}

World::~World()
{
    for (Host& host : hosts)
    {
        for (Side& side : host.sides)
        {
            side.end->Attach(nullptr);
        }
        host.cm.reset();
    }
}

ibcm::Options World::OptionsOf(std::size_t host)
{
    ibcm::Options options = m_settings.options;
    options.trace = oracle.TraceOf(host);
    if (host != 0)
    {
        options.redirect.reset(); // one that redirects is enough, and two would play ping-pong
    }
    return options;
}

void World::Tap(const ibcm::Flight& flight)
{
    oracle.Transmitted(flight.from / kPorts, flight.bytes);
    if (sent.size() < kHistory)
    {
        sent.push_back(flight);
        return;
    }
    sent[m_next++ % kHistory] = flight;
}

ibcm::Disposition World::OnCmEvent(ibcm::ConnectionManager& manager,
                                   ibcm::Handle id,
                                   const ibcm::Event& event)
{
    if (runtime.LocksHeld() != 0)
    {
        Die("a handler is called with a lock held");
    }
    const std::size_t host = &manager == hosts[0].cm.get() ? 0 : 1;
    oracle.EventBegins(host, id, event);
    ++handlers;
    const ibcm::Disposition answer = m_react ? m_react(host, id, event) : ibcm::Disposition::kKeep;
    --handlers;
    oracle.EventEnds(host, id, answer);
    return answer;
}

IdRecord* World::Create(std::size_t host)
{
    const auto id = hosts[host].cm->Create(*this);
    if (id)
    {
        return &oracle.Made(host, *id);
    }
    if (id.error() != CmError::kNoResources ||
        oracle.Living(host) < m_settings.options.limits.maxIds)
    {
        Die("host %zu: Create is refused: %s", host, ToString(id.error()));
    }
    return nullptr;
}

void World::Destroy(IdRecord& record)
{
    const bool last = record.shares == 1;
    const auto wereDue = record.due;
    record.dying = last;
    const auto done = hosts[record.host].cm->Destroy(record.id);
    if (done)
    {
        --record.shares;
        record.dead = last;
        return;
    }
    // Only who is inside a handler can be told that it would wait for itself.
    if (done.error() != CmError::kWouldDeadlock || handlers == 0)
    {
        Die("host %zu: Destroy in %s is refused: %s",
            record.host,
            ToString(record.state),
            ToString(done.error()));
    }
    record.dying = false;
    record.due = wereDue;
}

void World::Listen(std::size_t host, const ibcm::ListenParameters& parameters)
{
    IdRecord* record = Create(host);
    if (record == nullptr)
    {
        return;
    }
    const auto service = hosts[host].cm->Listen(record->id, parameters);
    if (service ? record->state != State::kListen
                : record->state != State::kIdle || service.error() == CmError::kInvalidState)
    {
        Die("host %zu: Listen on a fresh id leaves it in %s", host, ToString(record->state));
    }
    if (!service)
    {
        Destroy(*record);
    }
}

void World::ListenShared(std::size_t host, std::uint64_t serviceId)
{
    const auto id = hosts[host].cm->ListenShared(*this, serviceId);
    if (!id)
    {
        if (id.error() != CmError::kInvalidArgument && id.error() != CmError::kAddressInUse &&
            id.error() != CmError::kNoResources)
        {
            Die("host %zu: ListenShared is refused: %s", host, ToString(id.error()));
        }
        return;
    }
    IdRecord* record = oracle.Find(host, *id);
    if (record == nullptr || record->state != State::kListen || record->dying)
    {
        Die("host %zu: ListenShared gives an id that does not listen", host);
    }
    // Its transition has made the record, or an earlier sharer.
    record->shares += record->shared ? 1 : 0;
    record->shared = true;
}

void World::TogglePort(std::size_t host, std::size_t side)
{
    Side& port = hosts[host].sides[side];
    const auto number = static_cast<std::uint8_t>(side + 1);
    const auto done = port.served ? hosts[host].cm->RemovePort(number)
                                  : hosts[host].cm->AddPort(number, *port.port);
    if (!done)
    {
        Die("host %zu: port %u cannot be added or removed: %s",
            host,
            static_cast<unsigned>(number),
            ToString(done.error()));
    }
    port.served = !port.served;
}

bool World::Deliver(std::size_t index)
{
    if (index >= wire.InFlight())
    {
        return false;
    }
    const ibcm::Flight& flight = wire.At(index);
    if (flight.to < kHosts * kPorts)
    {
        Host& host = hosts[flight.to / kPorts];
        const auto message = ibwire::DecodeCm(flight.bytes);
        if (message && host.sides[flight.to % kPorts].served)
        {
            ++host.arrived[ibcm::KindOf(ibwire::AttributeOf(*message))];
        }
    }
    return wire.Deliver(index);
}

void World::Inject(std::size_t host, std::size_t side, const ibwire::MadBytes& bytes)
{
    ibcm::ReceivedMad mad;
    mad.bytes = bytes;
    mad.replyAddress.dlid = hosts[1 - host].sides[side].lid;
    const auto message = ibwire::DecodeCm(bytes);
    if (message && hosts[host].sides[side].served)
    {
        ++hosts[host].arrived[ibcm::KindOf(ibwire::AttributeOf(*message))];
    }
    hosts[host].sides[side].port->Received(mad);
}

void World::Settle()
{
    for (;;)
    {
        std::size_t moved = runtime.RunReady();
        while (Deliver(0))
        {
            ++moved;
        }
        if (moved == 0)
        {
            return;
        }
    }
}

ibcm::Path World::PathFrom(std::size_t host, std::size_t side) const
{
    const Side& here = hosts[host].sides[side];
    const Side& there = hosts[1 - host].sides[side];
    ibcm::Path path;
    path.sgid = here.gid;
    path.dgid = there.gid;
    path.slid = here.lid;
    path.dlid = there.lid;
    path.packetLifeTime = 14; // 67 ms one way
    return path;
}

ibcm::ReqParameters World::Req(std::size_t host, std::uint32_t qpn) const
{
    ibcm::ReqParameters req;
    req.serviceId = kService;
    req.primaryPath = PathFrom(host, 0);
    req.localQpn = qpn;
    req.startingPsn = 0x111111;
    req.responderResources = 3;
    req.initiatorDepth = 4;
    req.remoteCmResponseTimeout = 18; // 1.07 s
    req.localCmResponseTimeout = 19;
    req.maxCmRetries = 3;
    return req;
}

void World::CheckPorts(const Host& host, std::size_t number) const
{
    const auto& limits = m_settings.port;
    for (const Side& side : host.sides)
    {
        if (side.port->Outstanding() > limits.maxPending ||
            side.port->Waiting() > limits.maxWaiting)
        {
            Die("host %zu: a port has %zu sends out, %zu of them waiting",
                number,
                side.port->Outstanding(),
                side.port->Waiting());
        }
    }
    const ibcm::MessageCounters counters = host.cm->Counters();
    std::uint64_t sends = 0;
    for (std::size_t kind = 0; kind < ibcm::MessageCounters::kKinds; ++kind)
    {
        sends += counters.sent[kind] + counters.retried[kind];
        if (counters.received[kind] != host.arrived[kind])
        {
            Die("host %zu: counts %llu received of kind %zu, not %llu",
                number,
                static_cast<unsigned long long>(counters.received[kind]),
                kind,
                static_cast<unsigned long long>(host.arrived[kind]));
        }
    }
    // What waits for its turn is counted and not sent yet, and may be cancelled there.
    const std::uint64_t made = oracle.Transmissions(number);
    if (limits.requestWindow == 0 ? sends != made : sends < made)
    {
        Die("host %zu: counts %llu sends, and has made %llu",
            number,
            static_cast<unsigned long long>(sends),
            static_cast<unsigned long long>(made));
    }
}

void World::Check()
{
    if (runtime.LocksHeld() != 0)
    {
        Die("a call has left a lock held");
    }
    while (wire.InFlight() > kMaxFlights)
    {
        (void)wire.Drop();
    }
    const ibcm::Limits& limits = m_settings.options.limits;
    for (std::size_t number = 0; number < kHosts; ++number)
    {
        ibcm::ConnectionManager& cm = *hosts[number].cm;
        for (IdRecord& record : oracle.Records())
        {
            if (record.host == number && record.dying && !record.dead)
            {
                if (cm.StateOf(record.id))
                {
                    Die("host %zu: an id lives on that its handler has destroyed", number);
                }
                record.dead = true;
            }
        }
        if (cm.LiveIds() != oracle.Living(number) || cm.LiveIds() > limits.maxIds)
        {
            Die("host %zu: %zu ids live, not %zu of at most %u",
                number,
                cm.LiveIds(),
                oracle.Living(number),
                limits.maxIds);
        }
        if (cm.PeerRecords() > limits.maxPeers ||
            oracle.InState(number, State::kListen) > limits.maxListeners ||
            oracle.InState(number, State::kSidrReqRcvd) > limits.maxSidrRequests)
        {
            Die("host %zu: a table is over its limit: %zu peers, %zu listeners, %zu SIDR requests",
                number,
                cm.PeerRecords(),
                oracle.InState(number, State::kListen),
                oracle.InState(number, State::kSidrReqRcvd));
        }
        CheckPorts(hosts[number], number);
    }
}

void World::ComeToRest()
{
    // What waits for nobody but a consumer.
    constexpr State kRest[] = {State::kIdle,
                               State::kListen,
                               State::kReqRcvd,
                               State::kMraReqSent,
                               State::kRepRcvd,
                               State::kMraRepSent,
                               State::kEstablished,
                               State::kDreqRcvd,
                               State::kSidrReqRcvd};
    m_react = {};
    for (Host& host : hosts)
    {
        for (Side& side : host.sides)
        {
            side.end->SetDown(false);
        }
    }
    Settle();
    do
    {
        runtime.RunUntilIdle();
        Settle();
    } while (runtime.ArmedTimers() != 0);
    Check();
    oracle.CheckAllTold();
    for (const IdRecord& record : oracle.Records())
    {
        if (record.dead)
        {
            continue;
        }
        const auto state = hosts[record.host].cm->StateOf(record.id);
        if (!state || *state != record.state)
        {
            Die("host %zu: an id is not in %s, as its trace said",
                record.host,
                ToString(record.state));
        }
        if (std::find(std::begin(kRest), std::end(kRest), *state) == std::end(kRest))
        {
            Die("host %zu: an id stays in %s for ever", record.host, ToString(*state));
        }
    }
    for (std::size_t number = 0; number < kHosts; ++number)
    {
        for (const Side& side : hosts[number].sides)
        {
            if (side.port->Outstanding() != 0)
            {
                Die("host %zu: %zu sends never end", number, side.port->Outstanding());
            }
        }
    }
}

void World::TearDown()
{
    for (IdRecord& record : oracle.Records())
    {
        while (!record.dead)
        {
            Destroy(record);
        }
    }
    wire.DropAll();
    runtime.RunUntilIdle();
    wire.DropAll();
    Check();
    for (std::size_t number = 0; number < kHosts; ++number)
    {
        Host& host = hosts[number];
        if (host.cm->LiveIds() != 0 || host.cm->PeerRecords() != 0)
        {
            Die("host %zu: %zu ids and %zu peers are left",
                number,
                host.cm->LiveIds(),
                host.cm->PeerRecords());
        }
        for (const Side& side : host.sides)
        {
            if (side.port->Outstanding() != 0)
            {
                Die("host %zu: %zu sends are left", number, side.port->Outstanding());
            }
        }
    }
    if (runtime.ReadyItems() != 0 || runtime.ArmedTimers() != 0)
    {
        Die("%zu work items and %zu timers are left", runtime.ReadyItems(), runtime.ArmedTimers());
    }
    oracle.CheckAllFreed();
}

} // namespace weft::fuzz
