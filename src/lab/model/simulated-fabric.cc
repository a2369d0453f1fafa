// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/simulated-fabric.h"

#include "ib-fabric/helper/ib-fabric-helper.h"
#include "ib-fabric/model/ib-fault-model.h"
#include "ib-fabric/model/ib-mad-service.h"
#include "ib-fabric/model/sa-client.h"
#include "ib-fabric/model/subnet-database.h"
#include "ib-fabric/model/topology-source.h"
#include "ib-wire/model/opcodes.h"
#include "lab/model/fabric-data-path.h"
#include "lab/model/lab-simulator-impl.h"

#include <ns3/simulator.h>

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

namespace lab
{

namespace
{

constexpr std::uint32_t kGsiQpn = 1;
constexpr std::uint8_t kCmMethods = 1U << static_cast<unsigned>(ibwire::MadMethod::kSend);
/** What an adapter needs to acknowledge: 4.096 us * 2^2 = 16 us. */
constexpr std::uint8_t kAckDelay = 2;

std::string PortText(const HostSpec& host)
{
    return host.node + "[" + std::to_string(host.port) + "]";
}

ns3::IbMadAddress ToFabric(const ibcm::MadAddress& address)
{
    ns3::IbMadAddress to;
    to.dlid = address.dlid;
    to.sl = address.sl;
    to.srcPathBits = address.sourcePathBits;
    to.dqpn = address.qpn;
    to.qkey = address.qkey;
    to.pkeyIndex = address.pkeyIndex;
    if (address.hasGrh)
    {
        ns3::IbMadGrh grh;
        grh.dgid = address.dgid;
        grh.trafficClass = address.trafficClass;
        grh.hopLimit = address.hopLimit;
        grh.flowLabel = address.flowLabel;
        to.grh = grh;
    }
    return to;
}

ibcm::ReceivedMad FromFabric(const ns3::IbMadReceived& received)
{
    ibcm::ReceivedMad mad;
    mad.bytes = received.mad;
    mad.pkey = received.pkey;
    mad.destinationPathBits = received.dlidPathBits;
    mad.replyAddress.dlid = received.slid;
    mad.replyAddress.sl = received.sl;
    mad.replyAddress.sourcePathBits = received.dlidPathBits;
    mad.replyAddress.qpn = received.sqpn;
    mad.replyAddress.qkey = received.qkey;
    mad.replyAddress.pkeyIndex = received.pkeyIndex;
    if (received.grh)
    {
        mad.replyAddress.hasGrh = true;
        mad.replyAddress.dgid = received.grh->sgid;
        mad.replyAddress.flowLabel = received.grh->flowLabel;
        mad.replyAddress.hopLimit = 0xff;
        mad.replyAddress.trafficClass = received.grh->trafficClass;
    }
    return mad;
}

ibcm::Path FromFabric(const ibwire::PathRecord& record)
{
    ibcm::Path path;
    path.sgid = record.sgid;
    path.dgid = record.dgid;
    path.slid = record.slid;
    path.dlid = record.dlid;
    path.pkey = record.pkey;
    path.flowLabel = record.flowLabel;
    path.hopLimit = record.hopLimit;
    path.trafficClass = record.trafficClass;
    path.sl = record.sl;
    path.mtu = static_cast<std::uint8_t>(record.mtu);
    path.rate = static_cast<std::uint8_t>(record.rate);
    path.packetLifeTime = record.packetLifeTime;
    return path;
}

/** The CM message in a packet; nothing if it carries anything else. */
std::optional<ibwire::MadBytes> CmMessageIn(const ns3::IbPacket& packet)
{
    if (packet.IsSmp() || packet.GetDestQp() != kGsiQpn ||
        packet.GetSize() < packet.GetUdPayloadOffset() + ibwire::kMadBytes)
    {
        return std::nullopt;
    }
    ibwire::MadBytes mad;
    const auto bytes = packet.PeekMad(packet.GetUdPayloadOffset());
    std::copy(bytes.begin(), bytes.end(), mad.begin());
    if (ibwire::DecodeHeader(mad).mgmtClass != ibwire::MgmtClass::kCm)
    {
        return std::nullopt;
    }
    return mad;
}

ns3::IbFate ToFabric(const Fate& fate)
{
    using Kind = ns3::IbFate::Kind;
    switch (fate.kind)
    {
    case Fate::Kind::kDeliver:
        return {};
    case Fate::Kind::kDrop:
        return {Kind::kDrop, ns3::Time(0), 0};
    case Fate::Kind::kDuplicate:
        return {Kind::kDuplicate, ns3::Time(0), 0};
    case Fate::Kind::kCorrupt:
        // In the middle of the MAD; which bit does not matter, as the CRCs cover all.
        return {Kind::kCorrupt, ns3::Time(0), 8 * 128};
    case Fate::Kind::kDelay:
        return {Kind::kDelay, ns3::NanoSeconds(fate.delayNs), 0};
    case Fate::Kind::kReorder:
        return {Kind::kDrop, ns3::Time(0), 0}; // a copy goes on its way later
    case Fate::Kind::kRestartSender:
    case Fate::Kind::kRestartReceiver:
    case Fate::Kind::kPortDownSender:
    case Fate::Kind::kPortDownReceiver:
        break; // the adversary has carried it out
    }
    return {};
}

/** Where the hosts of a scenario are. */
class HostMap
{
  public:
    void Add(std::uint16_t lid, std::string name)
    {
        m_names.emplace_back(lid, std::move(name));
    }

    /** Valid as long as the map. */
    const std::string& At(std::uint16_t lid)
    {
        for (const auto& [knownLid, name] : m_names)
        {
            if (knownLid == lid)
            {
                return name;
            }
        }
        return m_names.emplace_back(lid, "lid:" + std::to_string(lid)).second;
    }

  private:
    std::deque<std::pair<std::uint16_t, std::string>> m_names; ///< also of LIDs without a host
};

/** Asks the adversary about each CM message that a host's port sends. */
class HostFaultModel final : public ns3::IbFaultModel
{
  public:
    static ns3::TypeId GetTypeId()
    {
        static ns3::TypeId tid =
            ns3::TypeId("lab::HostFaultModel").SetParent<ns3::IbFaultModel>().SetGroupName("Lab");
        return tid;
    }

    HostFaultModel(ns3::IbPort& port,
                   std::string host,
                   HostMap& hosts,
                   Adversary& adversary,
                   Recorder& recorder)
        : m_port(port),
          m_host(std::move(host)),
          m_hosts(hosts),
          m_adversary(adversary),
          m_recorder(recorder)
    {
    }

    ns3::IbFate OnTransmit(const ns3::IbPort& /*port*/, const ns3::IbPacket& packet) override
    {
        const auto mad = CmMessageIn(packet);
        if (!mad || WasHeld(packet))
        {
            return {};
        }
        const std::string& to = m_hosts.At(packet.GetDlid());
        const std::string kind = MessageName(*mad);
        const Fate fate = m_adversary.Decide(kind, m_host, to);
        m_recorder.Decided(m_host, to, *mad, fate);
        if (fate.kind == Fate::Kind::kReorder)
        {
            m_held.push_back(packet.Copy());
        }
        else if (fate.kind != Fate::Kind::kDrop && fate.kind != Fate::Kind::kCorrupt)
        {
            ReleaseHeld(packet.GetDlid(), fate.delayNs);
        }
        return ToFabric(fate);
    }

    /** Another run begins. */
    void Rewind()
    {
        m_held.clear();
        m_released.clear();
    }

  private:
    /** Whether the packet is one whose fate was decided when it was held back. */
    bool WasHeld(const ns3::IbPacket& packet)
    {
        return std::erase_if(m_released,
                             [&](const auto& released)
                             { return ns3::PeekPointer(released) == &packet; }) != 0;
    }

    /** What waits to be overtaken on the way to @p dlid has been, once the delay is over. */
    void ReleaseHeld(std::uint16_t dlid, std::int64_t delayNs)
    {
        std::erase_if(m_held,
                      [&](const ns3::Ptr<ns3::IbPacket>& held)
                      {
                          if (held->GetDlid() != dlid)
                          {
                              return false;
                          }
                          m_released.push_back(held);
                          ns3::Simulator::Schedule(ns3::NanoSeconds(delayNs),
                                                   [self = ns3::Ptr<HostFaultModel>(this), held]
                                                   { self->m_port.Transmit(held); });
                          return true;
                      });
    }

    ns3::IbPort& m_port;
    const std::string m_host;
    HostMap& m_hosts;
    Adversary& m_adversary;
    Recorder& m_recorder;
    std::vector<ns3::Ptr<ns3::IbPacket>> m_held;     ///< wait to be overtaken
    std::vector<ns3::Ptr<ns3::IbPacket>> m_released; ///< have been, and leave now
};

/** A host's channel adapter port. */
class FabricAttachment final : public Attachment, public ibcm::MadWire
{
  public:
    FabricAttachment(std::string host,
                     ns3::Ptr<ns3::IbHca> hca,
                     std::uint8_t port,
                     HostMap& hosts,
                     Recorder& recorder)
        : m_host(std::move(host)),
          m_hca(std::move(hca)),
          m_port(m_hca->GetPort(port)),
          m_service(m_hca->GetMadService(port)),
          m_sa(ns3::CreateObject<ns3::SaClient>()),
          m_hosts(hosts),
          m_recorder(recorder)
    {
        m_sa->Install(m_service);
        const auto agent =
            m_service->RegisterAgent({static_cast<std::uint8_t>(ibwire::MgmtClass::kCm),
                                      ibwire::kCmClassVersion,
                                      kCmMethods},
                                     [this](const ns3::IbMadReceived& received)
                                     {
                                         if (m_handler && m_linkUp)
                                         {
                                             m_handler(FromFabric(received));
                                         }
                                     });
        m_agent = agent.value_or(0);
    }

    ~FabricAttachment() override
    {
        m_service->UnregisterAgent(m_agent);
    }

    /** False if another CM serves the port already. */
    bool Registered() const
    {
        return m_agent != 0;
    }

    ibcm::MadWire& Wire() override
    {
        return *this;
    }

    void SetReceiveHandler(ReceiveHandler handler) override
    {
        m_handler = std::move(handler);
    }

    std::uint8_t PortNumber() const override
    {
        return m_port.GetNumber();
    }

    std::uint64_t NodeGuid() const override
    {
        return m_hca->GetGuid();
    }

    std::uint8_t AckDelay() const override
    {
        return kAckDelay;
    }

    void ResolvePath(const Attachment& to, PathHandler handler) override
    {
        const interleave::EngineScope scope; // ns-3's memory is not the run's
        m_recorder.CountQuery();
        const auto& other = static_cast<const FabricAttachment&>(to);
        m_sa->QueryPath(other.m_port.GetGid(),
                        [handler = std::move(handler)](const auto& result)
                        {
                            if (result)
                            {
                                handler(FromFabric(*result));
                            }
                            else
                            {
                                handler(tl::unexpected("path query: " + result.error().ToString()));
                            }
                        });
    }

    std::unique_ptr<DataPath> MakeDataPath() override
    {
        const interleave::EngineScope scope;
        return std::make_unique<FabricDataPath>(m_hca, m_dataPaths);
    }

    bool Transmit(const ibwire::MadBytes& mad, const ibcm::MadAddress& address) override
    {
        const interleave::EngineScope scope;
        const std::string& to = m_hosts.At(address.dlid);
        m_recorder.Sent(m_host, to, mad);
        if (!m_linkUp)
        {
            m_recorder.Decided(m_host, to, mad, {Fate::Kind::kDrop, 0});
            return true;
        }
        if (address.dlid == Lid())
        {
            m_recorder.Decided(m_host, to, mad, {}); // never reaches a cable
        }
        return m_service->Send(ToFabric(address), mad) == ns3::IbMadStatus::kSent;
    }

    void SetLink(bool up) override
    {
        m_linkUp = up;
    }

    void Restart() override
    {
        m_hca->ResetQpNumbers();
    }

    /** Another run begins: whatever the last one has left behind goes. */
    void Rewind()
    {
        m_handler = {};
        m_linkUp = true;
        while (!m_dataPaths.empty())
        {
            delete m_dataPaths.back();
        }
        m_sa->Reset();
        m_hca->ResetQpNumbers();
    }

    std::uint16_t Lid() const override
    {
        return m_port.GetLid();
    }

    std::uint8_t Lmc() const override
    {
        return m_port.GetInfo().lmc;
    }

    std::uint8_t ActiveMtu() const override
    {
        return static_cast<std::uint8_t>(m_port.GetInfo().neighborMtu);
    }

    std::uint8_t ActiveRate() const override
    {
        const ibwire::PortInfo& info = m_port.GetInfo();
        const LinkRate link{info.linkWidthActive, info.linkSpeedActive, info.linkSpeedExtActive};
        if (m_rateCode == 0 || link != m_rateOf)
        {
            m_rateOf = link;
            m_rateCode = ns3::RateCodeOf(info);
        }
        return m_rateCode;
    }

    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const override
    {
        return gid == m_port.GetGid() ? std::optional<std::uint8_t>(0) : std::nullopt;
    }

    ibwire::Gid GidAt(std::uint8_t index) const override
    {
        return index == 0 ? m_port.GetGid() : ibwire::Gid{};
    }

    std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const override
    {
        constexpr std::uint16_t kPartition = 0x7fff; // without the bit for full membership
        const auto& pkeys = m_port.GetPkeys();
        for (std::size_t i = 0; i < pkeys.size(); ++i)
        {
            if ((pkeys[i] & kPartition) != 0 && (pkeys[i] & kPartition) == (pkey & kPartition))
            {
                return static_cast<std::uint16_t>(i);
            }
        }
        return std::nullopt;
    }

  private:
    /** What a port's rate is made of. */
    struct LinkRate
    {
        ibwire::LinkWidth width{};
        ibwire::LinkSpeed speed{};
        ibwire::LinkSpeedExt extendedSpeed{};

        friend bool operator==(const LinkRate&, const LinkRate&) = default;
    };

    const std::string m_host;
    ns3::Ptr<ns3::IbHca> m_hca;
    ns3::IbPort& m_port;
    ns3::Ptr<ns3::IbMadService> m_service;
    ns3::Ptr<ns3::SaClient> m_sa;
    std::uint32_t m_agent{0};
    HostMap& m_hosts;
    Recorder& m_recorder;
    ReceiveHandler m_handler;
    bool m_linkUp{true};
    std::vector<FabricDataPath*> m_dataPaths; ///< owned by applications
    mutable LinkRate m_rateOf;                ///< of which m_rateCode is known
    mutable std::uint8_t m_rateCode{0};       ///< 0: not yet
};

} // namespace

struct SimulatedFabric::State
{
    const Scenario* scenario{nullptr};
    ns3::Ptr<LabSimulatorImpl> simulator;
    ns3::IbFabricContainer fabric;
    ns3::Ptr<ns3::SubnetManager> subnetManager;
    ns3::Ptr<ns3::IbPcapFile> pcap;
    HostMap hosts;
    std::vector<std::unique_ptr<FabricAttachment>> attachments;
    std::vector<ns3::Ptr<HostFaultModel>> faultModels;
    std::vector<std::string> usedNodes; ///< ids, so that hosts without a node get others
    std::size_t nextHca{0};

    InputError Error(unsigned line, std::string found, std::string expected) const
    {
        return {scenario->file, line, std::move(found), std::move(expected)};
    }

    tl::expected<ns3::Ptr<ns3::IbPort>, InputError> PortOf(const HostSpec& host);
};

tl::expected<ns3::Ptr<ns3::IbPort>, InputError> SimulatedFabric::State::PortOf(const HostSpec& host)
{
    if (!host.node.empty())
    {
        if (const auto hca = fabric.FindHca(host.node); !hca)
        {
            return tl::unexpected(
                Error(host.line, hca.error(), "a channel adapter of " + scenario->fabric.source));
        }
        auto port = fabric.FindPort(PortText(host));
        if (!port)
        {
            return tl::unexpected(Error(host.line, port.error(), "a port of " + host.node));
        }
        return *port;
    }
    const auto hcas = fabric.GetHcas();
    while (nextHca < hcas.size())
    {
        const auto& hca = hcas[nextHca++];
        const bool used =
            std::find(usedNodes.begin(), usedNodes.end(), hca->GetName()) != usedNodes.end();
        if (!used && hca->HasPort(host.port) &&
            hca->GetPort(static_cast<std::uint8_t>(host.port)).GetPeer() != nullptr)
        {
            return ns3::Ptr<ns3::IbPort>(&hca->GetPort(static_cast<std::uint8_t>(host.port)));
        }
    }
    return tl::unexpected(Error(host.line,
                                std::to_string(hcas.size()) + " channel adapters in the fabric",
                                "a cabled one left for host \"" + host.name + "\""));
}

SimulatedFabric::SimulatedFabric(std::unique_ptr<State> state)
    : m_state(std::move(state))
{
}

SimulatedFabric::~SimulatedFabric()
{
    m_state->attachments.clear();
    m_state->simulator->SetEngine(nullptr);
    m_state->fabric = {};
    m_state->subnetManager = nullptr;
    ns3::Simulator::Destroy();
}

tl::expected<std::unique_ptr<SimulatedFabric>, InputError> SimulatedFabric::Build(
    const Scenario& scenario,
    const std::string& pcapFile)
{
    const auto topology = ns3::LoadTopology(scenario.fabric.source);
    if (!topology)
    {
        const ns3::TopologyError& error = topology.error();
        // A source that is not a file's content is a word of the scenario.
        const bool inSource = error.line != 0;
        return tl::unexpected(InputError{inSource ? error.file : scenario.file,
                                         inSource ? error.line : scenario.fabric.line,
                                         error.found,
                                         error.expected});
    }
    auto state = std::make_unique<State>();
    state->scenario = &scenario;
    state->simulator = ns3::CreateObject<LabSimulatorImpl>();
    ns3::Simulator::SetImplementation(state->simulator);
    std::unique_ptr<SimulatedFabric> self(new SimulatedFabric(std::move(state)));
    State& built = *self->m_state;

    ns3::IbFabricHelper helper;
    built.fabric = helper.Install(*topology);
    for (const HostSpec& host : scenario.hosts)
    {
        if (const auto port = host.node.empty() ? tl::expected<ns3::Ptr<ns3::IbPort>, InputError>()
                                                : built.PortOf(host);
            !port)
        {
            return tl::unexpected(port.error());
        }
        else if (*port)
        {
            built.usedNodes.push_back((*port)->GetOwner().GetName());
        }
    }
    std::string smPort = scenario.fabric.subnetManager;
    if (smPort.empty())
    {
        const auto port = built.PortOf(scenario.hosts.front());
        if (!port)
        {
            return tl::unexpected(port.error());
        }
        smPort = (*port)->GetName();
        built.nextHca = 0;
    }
    auto manager = helper.InstallSubnetManager(built.fabric, smPort);
    if (!manager)
    {
        return tl::unexpected(built.Error(scenario.fabric.line,
                                          "subnet manager on " + manager.error(),
                                          "a port of a channel adapter or switch"));
    }
    built.subnetManager = *manager;
    if (!pcapFile.empty())
    {
        auto pcap = ns3::IbFabricHelper::EnablePcap(pcapFile, built.fabric);
        if (!pcap)
        {
            return tl::unexpected(InputError{pcapFile, 0, pcap.error(), "a writable file"});
        }
        built.pcap = *pcap;
    }
    return self;
}

interleave::EventQueue& SimulatedFabric::Events()
{
    return *m_state->simulator;
}

tl::expected<void, InputError> SimulatedFabric::BringUp(interleave::Digest& digest,
                                                        RunRecord& record)
{
    State& state = *m_state;
    state.simulator->SetEventHook([&digest](std::int64_t timeNs)
                                  { digest.Mix(static_cast<std::uint64_t>(timeNs)); });
    state.subnetManager->SetSubnetUpHandler([](const ns3::SweepReport& /*report*/)
                                            { ns3::Simulator::Stop(); });
    state.subnetManager->Sweep();
    ns3::Simulator::Run();
    state.subnetManager->SetSubnetUpHandler({});
    state.simulator->SetEventHook({});
    const ns3::SweepReport& report = state.subnetManager->GetReport();
    record.switches = report.switches;
    record.channelAdapters = report.cas;
    record.links = report.links;
    record.smps = report.smps.sent + report.smps.received;
    record.subnetUpNs = state.simulator->NowNs();
    if (!report.complete)
    {
        return tl::unexpected(state.Error(state.scenario->fabric.line,
                                          "a fabric that the subnet manager cannot bring up",
                                          "one connected subnet whose nodes all answer"));
    }
    return {};
}

tl::expected<Attachment*, InputError> SimulatedFabric::Attach(interleave::Engine& /*engine*/,
                                                              const HostSpec& spec,
                                                              Adversary& adversary,
                                                              Recorder& recorder)
{
    State& state = *m_state;
    const auto port = state.PortOf(spec);
    if (!port)
    {
        return tl::unexpected(port.error());
    }
    const std::string& node = (*port)->GetOwner().GetName();
    state.usedNodes.push_back(node);
    if ((*port)->GetLid() == 0)
    {
        return tl::unexpected(state.Error(spec.line,
                                          "port " + (*port)->GetName() + ", which has no LID",
                                          "a port that the subnet manager can reach"));
    }
    const auto hca = state.fabric.FindHca(node);
    auto attachment = std::make_unique<FabricAttachment>(
        spec.name, *hca, (*port)->GetNumber(), state.hosts, recorder);
    if (!attachment->Registered())
    {
        return tl::unexpected(state.Error(
            spec.line, "a second host on port " + (*port)->GetName(), "one host for each port"));
    }
    state.hosts.Add((*port)->GetLid(), spec.name);
    state.faultModels.push_back(
        ns3::CreateObject<HostFaultModel>(**port, spec.name, state.hosts, adversary, recorder));
    (*port)->SetFaultModel(state.faultModels.back());
    state.attachments.push_back(std::move(attachment));
    return state.attachments.back().get();
}

void SimulatedFabric::Engage(interleave::Engine& engine)
{
    m_state->simulator->SetEngine(&engine);
    m_state->simulator->MarkOrigin();
}

void SimulatedFabric::Rewind()
{
    for (const auto& attachment : m_state->attachments)
    {
        attachment->Rewind();
    }
    m_state->simulator->Rewind();
    // Last: what was still under way has left by now.
    for (const auto& model : m_state->faultModels)
    {
        model->Rewind();
    }
}

} // namespace lab
