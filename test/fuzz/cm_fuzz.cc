// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The fuzzer of the Connection Manager. An input is a program: settings, a start (cm-start.h), then
// steps that deliver, lose, double, damage, forge and replay MADs, let time pass, and call the API,
// also from inside of handlers. Whatever it is, the oracles of cm-oracle.h, cm-calls.h and
// World::Check hold, all comes to rest, and nothing is left.
#include "fuzz/cm-calls.h"
#include "fuzz/cm-mads.h"
#include "fuzz/cm-start.h"

namespace weft::fuzz
{

namespace
{

class Program
{
  public:
    Program(World& world, Draws& input)
        : m_world(world),
          m_input(input)
    {
        world.SetReact([this](std::size_t host, ibcm::Handle id, const ibcm::Event& event)
                       { return React(host, id, event); });
    }

    void Run()
    {
        for (unsigned steps = 0; steps < kMaxSteps && !m_input.Empty(); ++steps)
        {
            Step();
            m_world.Check();
        }
    }

  private:
    static constexpr unsigned kMaxSteps = 400;
    /** Handlers inside of handlers, as other threads' would be. */
    static constexpr std::size_t kMaxDepth = 4;

    std::size_t AnyHost()
    {
        return m_input.Below(kHosts);
    }

    std::size_t AnyFlight()
    {
        const std::size_t flights = m_world.wire.InFlight();
        return flights == 0 ? 0 : m_input.Byte() % flights;
    }

    /** A living id, or seldom one that has died. */
    IdRecord* AnyId(std::size_t host)
    {
        auto& records = m_world.oracle.Records();
        const std::uint8_t number = m_input.Byte();
        if (number >= 0xf0 && !records.empty())
        {
            return &records[number % records.size()];
        }
        return m_world.oracle.Choose(host, number);
    }

    ibcm::Disposition React(std::size_t host, ibcm::Handle id, const ibcm::Event& event)
    {
        if (m_world.handlers > kMaxDepth || m_input.Empty())
        {
            return ibcm::Disposition::kKeep;
        }
        IdRecord& record = *m_world.oracle.Find(host, id);
        switch (m_input.Below(16))
        {
        case 0:
            return ibcm::Disposition::kDestroy;
        case 1:
            return ibcm::Disposition::kDestroyNoMemory;
        case 2:
            m_world.Destroy(record); // refused, and must say so
            break;
        case 3:
            DestroyAny(event);
            break;
        case 4:
            if (IdRecord* other = AnyId(AnyHost()))
            {
                DoCall(m_world, m_input, *other, static_cast<Call>(m_input.Below(kCalls)));
            }
            break;
        case 5:
            (void)m_world.Deliver(AnyFlight()); // as another thread would
            break;
        case 6:
            DoCall(m_world, m_input, record, static_cast<Call>(m_input.Below(kCalls)));
            break;
        case 7:
        case 8:
        case 9:
        case 10:
            DoCall(m_world, m_input, record, CallFor(record, m_input));
            break;
        default:
            break;
        }
        return ibcm::Disposition::kKeep;
    }

    /** Any id but the listener whose REQ is being told: that one's end would wait for us. */
    void DestroyAny(const ibcm::Event& event)
    {
        (void)event;
        if (IdRecord* other = m_world.oracle.Choose(AnyHost(), m_input.Byte()))
        {
            m_world.Destroy(*other);
        }
    }

    void Transport(unsigned which)
    {
        switch (which)
        {
        case 0:
        case 1:
        case 2:
            (void)m_world.Deliver(AnyFlight());
            break;
        case 3:
            m_world.Settle();
            break;
        case 4:
            (void)m_world.wire.Drop(AnyFlight());
            break;
        case 5:
            (void)m_world.wire.Duplicate(AnyFlight());
            break;
        default:
            (void)m_world.wire.Delay(AnyFlight());
            break;
        }
    }

    void Forge(unsigned which)
    {
        const std::uint8_t where = m_input.Byte();
        const std::size_t host = where & 1;
        const std::size_t side = where >> 1 & 1;
        ibwire::MadBytes bytes{};
        switch (which)
        {
        case 0:
            bytes = RawMad(m_input);
            break;
        case 1:
            bytes = StructuredMad(m_world, m_input, host);
            SpoilHeader(bytes, m_input);
            break;
        case 2: // one that was sent before, to whoever it was meant for or not
        case 3:
            if (m_world.sent.empty())
            {
                return;
            }
            bytes = m_world.sent[m_input.Byte() % m_world.sent.size()].bytes;
            if (which == 3)
            {
                Damage(bytes, m_input);
            }
            break;
        default:
            bytes = StructuredMad(m_world, m_input, host);
            break;
        }
        m_world.Inject(host, side, bytes);
    }

    void Consume(unsigned which)
    {
        const std::size_t host = AnyHost();
        switch (which)
        {
        case 0:
            (void)m_world.Create(host);
            break;
        case 1:
            m_world.Listen(host, AnyListener(m_world, m_input, host));
            break;
        case 2:
            m_world.ListenShared(host, kService + m_input.Below(4));
            break;
        case 3:
            if (IdRecord* record = m_world.oracle.Choose(host, m_input.Byte()))
            {
                m_world.Destroy(*record);
            }
            break;
        case 4:
            if (IdRecord* record = AnyId(host))
            {
                DoCall(m_world, m_input, *record, static_cast<Call>(m_input.Below(kCalls)));
            }
            break;
        default:
            if (IdRecord* record = m_world.oracle.Choose(host, m_input.Byte()))
            {
                DoCall(m_world, m_input, *record, CallFor(*record, m_input));
            }
            break;
        }
    }

    void Surroundings(unsigned which)
    {
        const std::uint8_t choice = m_input.Byte();
        const std::size_t number = choice & 1;
        Host& host = m_world.hosts[number];
        const std::size_t side = choice >> 1 & 1;
        switch (which)
        {
        case 0:
        case 1:
            m_world.runtime.Advance(std::chrono::milliseconds{1} * (1 << (choice & 15)));
            break;
        case 2:
            (void)m_world.runtime.RunReady();
            break;
        case 3:
            host.sides[side].end->SetDown((choice >> 2 & 1) != 0);
            break;
        case 4:
            m_world.TogglePort(number, side);
            break;
        case 5:
            (void)host.cm->ExpirePeer(m_world.hosts[choice >> 1 & 1].guid, 1 + (choice >> 2 & 3));
            break;
        default:
            Look(*host.cm);
            break;
        }
    }

    /** What only reads must not disturb, and has to agree with what else is known. */
    void Look(ibcm::ConnectionManager& cm)
    {
        const ibcm::Report report = cm.Inspect();
        if (report.ids.size() != cm.LiveIds())
        {
            Die("a report tells of %zu ids, and %zu live", report.ids.size(), cm.LiveIds());
        }
        (void)ToText(report);
        for (const ibcm::IdReport& id : report.ids)
        {
            (void)cm.TimelineOf(id.id);
        }
    }

    void Step()
    {
        const std::uint8_t which = m_input.Byte();
        // The upper bits choose the kind, so that a flipped lower one stays near what it was.
        const unsigned form = which & 0x0f;
        switch (which >> 4 & 7)
        {
        case 0:
        case 1:
            return Transport(form % 7);
        case 2:
        case 3:
        case 4:
            return Forge(form % 8);
        case 5:
        case 6:
            return Consume(form);
        default:
            return Surroundings(form % 7);
        }
    }

    World& m_world;
    Draws& m_input;
};

} // namespace

} // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace weft::fuzz;
    Draws input({data, size});
    World world(SettingsFrom(input));
    MakeStart(world, input);
    Program program(world, input);
    program.Run();
    world.ComeToRest();
    world.TearDown();
    return 0;
}
