// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/direct-fabric.h"

#include <utility>

namespace lab
{

namespace
{

constexpr std::uint64_t kNodeGuidBase = 0x0002c90300000000ULL;
constexpr std::uint16_t kDefaultPkey = 0xffff;
constexpr std::uint32_t kFirstQpn = 0x40;
/** Each port has two LIDs, so that there is another way to it. */
constexpr std::uint8_t kLmc = 1;
/** A lifetime that is above the latency: 4.096 us * 2^4 = 65 us. */
constexpr std::uint8_t kPacketLifeTime = 4;
constexpr std::uint8_t kAckDelay = 0;
constexpr std::uint8_t kMtu4096 = 5;
constexpr std::uint8_t kRate100 = 16;

/** A queue pair in name only: the direct fabric carries no data. */
class NamedQueuePair final : public DataPath
{
  public:
    explicit NamedQueuePair(std::uint32_t qpn)
        : m_qpn(qpn)
    {
    }

    std::uint32_t Qpn() const override
    {
        return m_qpn;
    }

    std::string Modify(const ibcm::QpAttributes& /*attributes*/) override
    {
        return {};
    }

    void Break() override
    {
    }

    std::string Send(std::string /*message*/, std::function<void(std::string)> /*done*/) override
    {
        return "the direct fabric carries no data";
    }

    void OnReceive(std::function<void(std::string)> /*received*/) override
    {
    }

    void OnCommunicationEstablished(std::function<void()> /*established*/) override
    {
    }

  private:
    const std::uint32_t m_qpn;
};

} // namespace

class DirectFabric::End final : public Attachment, public ibcm::MadWire
{
  public:
    /** @param number from 1. */
    End(DirectFabric& fabric, std::string host, std::uint16_t number)
        : name(std::move(host)),
          m_fabric(fabric),
          m_number(number),
          m_lid(static_cast<std::uint16_t>(number << kLmc))
    {
    }

    ibcm::MadWire& Wire() override
    {
        return *this;
    }

    void SetReceiveHandler(ReceiveHandler receive) override
    {
        handler = std::move(receive);
    }

    std::uint8_t PortNumber() const override
    {
        return 1;
    }

    std::uint64_t NodeGuid() const override
    {
        return kNodeGuidBase + m_number;
    }

    std::uint8_t AckDelay() const override
    {
        return kAckDelay;
    }

    void ResolvePath(const Attachment& to, PathHandler answer) override
    {
        const auto& other = static_cast<const End&>(to);
        ibcm::Path path;
        path.sgid = GidAt(0);
        path.dgid = other.GidAt(0);
        path.slid = m_lid;
        path.dlid = other.m_lid;
        path.pkey = kDefaultPkey;
        path.mtu = kMtu4096;
        path.rate = kRate100;
        path.packetLifeTime = kPacketLifeTime;
        answer(path);
    }

    std::unique_ptr<DataPath> MakeDataPath() override
    {
        return std::make_unique<NamedQueuePair>(m_nextQpn++);
    }

    bool Transmit(const ibwire::MadBytes& mad, const ibcm::MadAddress& address) override
    {
        m_fabric.Transmit(*this, mad, address);
        return true;
    }

    std::uint16_t Lid() const override
    {
        return m_lid;
    }

    std::uint8_t Lmc() const override
    {
        return kLmc;
    }

    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const override
    {
        return gid == GidAt(0) ? std::optional<std::uint8_t>(0) : std::nullopt;
    }

    ibwire::Gid GidAt(std::uint8_t index) const override
    {
        return index == 0 ? ibwire::Gid::From(ibwire::kDefaultGidPrefix, NodeGuid() + (1ULL << 24))
                          : ibwire::Gid{};
    }

    std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const override
    {
        return (pkey | 0x8000U) == kDefaultPkey ? std::optional<std::uint16_t>(0) : std::nullopt;
    }

    void SetLink(bool up) override
    {
        linkUp = up;
    }

    void Restart() override
    {
        m_nextQpn = kFirstQpn;
    }

    void Rewind()
    {
        Restart();
        linkUp = true;
    }

    const std::string name;
    ReceiveHandler handler;
    bool linkUp{true};

  private:
    DirectFabric& m_fabric;
    const std::uint16_t m_number;
    const std::uint16_t m_lid;
    std::uint32_t m_nextQpn{kFirstQpn};
};

/** A MAD under way. */
struct DirectFabric::Arrival
{
    DirectFabric* fabric;
    End* to{nullptr};
    ibcm::ReceivedMad mad;
};

DirectFabric::DirectFabric(interleave::Engine& engine,
                           Adversary& adversary,
                           Recorder& recorder,
                           std::int64_t latencyNs)
    : m_engine(engine),
      m_adversary(adversary),
      m_recorder(recorder),
      m_latencyNs(latencyNs)
{
}

DirectFabric::~DirectFabric() = default;

Attachment& DirectFabric::Attach(const std::string& host)
{
    const auto number = static_cast<std::uint16_t>(m_ends.size() + 1);
    m_ends.push_back(std::make_unique<End>(*this, host, number));
    return *m_ends.back();
}

void DirectFabric::Rewind()
{
    for (const auto& end : m_ends)
    {
        end->Rewind();
    }
    m_held.clear();
    m_freeArrivals.clear();
    for (const auto& arrival : m_arrivals)
    {
        m_freeArrivals.push_back(arrival.get());
    }
}

void DirectFabric::Transmit(End& from, const ibwire::MadBytes& mad, const ibcm::MadAddress& address)
{
    const interleave::EngineScope scope; // the fabric outlives the run
    const std::size_t index = address.dlid >> kLmc;
    if (index == 0 || index > m_ends.size())
    {
        return; // as on a real fabric: nobody has this LID, and the sender does not learn it
    }
    End& to = *m_ends[index - 1];
    m_recorder.Sent(from.name, to.name, mad);
    const std::string kind = MessageName(mad);
    Fate fate = m_adversary.Decide(kind, from.name, to.name);
    if (!from.linkUp)
    {
        fate = {Fate::Kind::kDrop, 0};
    }
    m_recorder.Decided(from.name, to.name, mad, fate);
    if (fate.kind == Fate::Kind::kDrop || fate.kind == Fate::Kind::kCorrupt)
    {
        return;
    }
    Arrival& arrival = NewArrival(to);
    arrival.mad.bytes = mad;
    arrival.mad.replyAddress = {};
    // The answer goes the same way back.
    arrival.mad.replyAddress.dlid = static_cast<std::uint16_t>(from.Lid() + address.sourcePathBits);
    arrival.mad.destinationPathBits = static_cast<std::uint8_t>(address.dlid - to.Lid());
    arrival.mad.replyAddress.sourcePathBits = arrival.mad.destinationPathBits;
    arrival.mad.replyAddress.sl = address.sl;
    arrival.mad.replyAddress.pkeyIndex = address.pkeyIndex;
    if (fate.kind == Fate::Kind::kReorder)
    {
        m_held.push_back({&from, &arrival});
        return;
    }
    Deliver(arrival, m_latencyNs + fate.delayNs);
    ReleaseHeld(from, to, m_latencyNs + fate.delayNs);
    if (fate.kind == Fate::Kind::kDuplicate)
    {
        Arrival& copy = NewArrival(to);
        copy.mad = arrival.mad;
        Deliver(copy, m_latencyNs);
    }
}

void DirectFabric::ReleaseHeld(const End& from, const End& to, std::int64_t delayNs)
{
    std::erase_if(m_held,
                  [&](const Held& held)
                  {
                      if (held.from != &from || held.arrival->to != &to)
                      {
                          return false;
                      }
                      // Not at the same instant: it comes after the other for certain.
                      Deliver(*held.arrival, ++delayNs);
                      return true;
                  });
}

DirectFabric::Arrival& DirectFabric::NewArrival(End& to)
{
    if (m_freeArrivals.empty())
    {
        m_arrivals.push_back(std::make_unique<Arrival>(Arrival{this, nullptr, {}}));
        m_freeArrivals.push_back(m_arrivals.back().get());
    }
    Arrival* arrival = m_freeArrivals.back();
    m_freeArrivals.pop_back();
    arrival->to = &to;
    return *arrival;
}

void DirectFabric::Deliver(Arrival& arrival, std::int64_t delayNs)
{
    m_engine.Events().Schedule(delayNs, &DirectFabric::Arrive, &arrival, {"arrival", {}});
}

void DirectFabric::Arrive(void* context)
{
    auto* arrival = static_cast<Arrival*>(context);
    if (arrival->to->handler && arrival->to->linkUp)
    {
        arrival->to->handler(arrival->mad);
    }
    arrival->fabric->m_freeArrivals.push_back(arrival);
}

} // namespace lab
