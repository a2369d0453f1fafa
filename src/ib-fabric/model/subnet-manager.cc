// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/subnet-manager.h"

#include "ib-fabric/model/lid-assignment.h"
#include "ib-fabric/model/subnet-administrator.h"
#include "ib-fabric/model/subnet-configurator.h"
#include "ib-fabric/model/subnet-discovery.h"

#include <ns3/abort.h>
#include <ns3/log.h>
#include <ns3/simulator.h>
#include <ns3/string.h>
#include <ns3/trace-source-accessor.h>
#include <ns3/uinteger.h>

#include <algorithm>
#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbSubnetManager");

NS_OBJECT_ENSURE_REGISTERED(SubnetManager);

TypeId SubnetManager::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::SubnetManager")
            .SetParent<Object>()
            .SetGroupName("InfiniBand")
            .AddConstructor<SubnetManager>()
            .AddAttribute("Window",
                          "Most SMPs that wait for their responses at a time.",
                          UintegerValue(32),
                          MakeUintegerAccessor(&SubnetManager::m_window),
                          MakeUintegerChecker<std::uint32_t>(1, 65536))
            .AddAttribute("Timeout",
                          "How long one try of an SMP waits for the response.",
                          TimeValue(MilliSeconds(200)),
                          MakeTimeAccessor(&SubnetManager::m_timeout),
                          MakeTimeChecker(NanoSeconds(1)))
            .AddAttribute("Retries",
                          "How often an SMP is sent again.",
                          UintegerValue(3),
                          MakeUintegerAccessor(&SubnetManager::m_retries),
                          MakeUintegerChecker<std::uint32_t>(0, 100))
            .AddAttribute("Lmc",
                          "LID mask control of CAs: each port gets 2^LMC LIDs.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&SubnetManager::m_lmc),
                          MakeUintegerChecker<std::uint8_t>(0, 7))
            .AddAttribute("Priority",
                          "SMInfo.Priority.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&SubnetManager::m_priority),
                          MakeUintegerChecker<std::uint8_t>(0, 15))
            .AddAttribute("RoutingEngine",
                          "How routes are computed: minhop.",
                          StringValue("minhop"),
                          MakeStringAccessor(&SubnetManager::m_engine),
                          MakeStringChecker())
            .AddTraceSource("SubnetUp",
                            "A sweep has ended; all ports that answered are ACTIVE.",
                            MakeTraceSourceAccessor(&SubnetManager::m_subnetUpTrace),
                            "ns3::SubnetManager::SubnetUpTracedCallback")
            .AddTraceSource("Phase",
                            "The next phase of a sweep begins.",
                            MakeTraceSourceAccessor(&SubnetManager::m_phaseTrace),
                            "ns3::SubnetManager::PhaseTracedCallback");
    return tid;
}

SubnetManager::SubnetManager() = default;
SubnetManager::~SubnetManager() = default;

void SubnetManager::DoDispose()
{
    if (m_administrator)
    {
        m_administrator->Dispose();
        m_administrator = nullptr;
    }
    m_discovery.reset();
    m_configurator.reset();
    m_transactor.reset();
    m_subnetUpHandler = nullptr;
    m_node = nullptr;
    Object::DoDispose();
}

void SubnetManager::Install(Ptr<IbNode> node, std::uint8_t port)
{
    NS_ABORT_MSG_IF(m_node, "the subnet manager is installed already");
    NS_ABORT_MSG_IF(node->GetSmi().HasManager(port),
                    node->GetName() << " has a subnet manager on port "
                                    << static_cast<unsigned>(port) << " already");
    NS_ABORT_MSG_IF(!MakeRoutingEngine(m_engine),
                    "there is no routing engine '" << m_engine << "', only 'minhop'");
    m_node = node;
    m_port = node->GetEndPort(port).GetNumber();
    m_node->GetSmi().SetManager(m_port,
                                [this](const SmpReceived& received) { ReceiveSmp(received); });
    m_administrator = CreateObject<SubnetAdministrator>();
    m_administrator->Install(m_node->GetMadService(m_port), m_database);
}

SubnetManager::Phase SubnetManager::GetPhase() const
{
    return m_phase;
}

const SubnetDatabase& SubnetManager::GetDatabase() const
{
    return m_database;
}

const SweepReport& SubnetManager::GetReport() const
{
    return m_report;
}

std::uint16_t SubnetManager::GetLid() const
{
    return m_node ? m_node->GetEndPort(m_port).GetLid() : 0;
}

void SubnetManager::SetSubnetUpHandler(std::function<void(const SweepReport&)> handler)
{
    m_subnetUpHandler = std::move(handler);
}

void SubnetManager::Enter(Phase phase)
{
    m_phase = phase;
    m_phaseTrace(phase);
}

void SubnetManager::Sweep()
{
    NS_ABORT_MSG_IF(!m_node, "the subnet manager is not installed on any node");
    if (m_phase != Phase::kIdle && m_phase != Phase::kUp)
    {
        return;
    }
    SmpTransactor::Policy policy;
    policy.window = m_window;
    policy.timeout = m_timeout;
    policy.retries = m_retries;
    // Late answers to an earlier sweep must not be taken for answers to this one.
    policy.firstGeneration = ++m_sweeps << 16;
    m_transactor = std::make_unique<SmpTransactor>(*m_node, m_port, policy);
    m_discovery = std::make_unique<SubnetDiscovery>(*m_transactor, m_database);
    m_configurator = std::make_unique<SubnetConfigurator>(*m_transactor, m_database);
    m_transactor->SetIdleHandler(
        [this]()
        {
            // In an event of its own: the transactor is in the middle of something.
            Simulator::ScheduleNow([manager = Ptr<SubnetManager>(this)]()
                                   { manager->NextPhase(); });
        });
    m_database.Clear();
    m_administrator->SetReady(false);
    m_started = Simulator::Now();
    Enter(Phase::kDiscovering);
    m_discovery->Start();
}

void SubnetManager::NextPhase()
{
    switch (m_phase)
    {
    case Phase::kDiscovering:
        AssignAndSetUp();
        break;
    case Phase::kSettingUpPorts:
        ComputeRoutes();
        break;
    case Phase::kProgrammingSwitches:
        Enter(Phase::kActivating);
        m_configurator->ActivatePorts();
        break;
    case Phase::kActivating:
        Finish();
        return;
    case Phase::kIdle:
    case Phase::kUp:
        return;
    }
    // A phase that had nothing to do is over at once.
    if (m_transactor->IsIdle())
    {
        NextPhase();
    }
}

void SubnetManager::AssignAndSetUp()
{
    Enter(Phase::kSettingUpPorts);
    if (m_database.nodes.empty())
    {
        return;
    }
    m_report.highestLid = AssignLids(m_database, m_lmc);
    m_enoughLids = m_report.highestLid != 0;
    m_database.IndexEndPorts();
    // The manager found its own node first.
    m_configurator->SetUpPorts(m_database.nodes.front().ports[m_port].lid);
}

void SubnetManager::ComputeRoutes()
{
    Enter(Phase::kProgrammingSwitches);
    const RoutingGraph graph = MakeRoutingGraph(m_database);
    RoutingTables tables = MakeRoutingEngine(m_engine)->Compute(graph);
    for (std::uint32_t i = 0; i < graph.GetNSwitches(); ++i)
    {
        m_database.nodes[graph.nodes[i]].lft = std::move(tables[i]);
    }
    m_configurator->ProgramSwitches();
}

void SubnetManager::Finish()
{
    m_report.switches = m_report.cas = m_report.links = 0;
    std::uint32_t ends = 0;
    for (const SubnetNode& node : m_database.nodes)
    {
        ++(node.IsSwitch() ? m_report.switches : m_report.cas);
        ends += static_cast<std::uint32_t>(std::count_if(node.ports.begin(),
                                                         node.ports.end(),
                                                         [](const SubnetPort& port)
                                                         { return port.HasPeer(); }));
    }
    m_report.links = ends / 2;
    m_report.endPorts = static_cast<std::uint32_t>(m_database.GetEndPorts().size());
    m_report.smps = m_transactor->GetStatistics();
    m_report.duration = Simulator::Now() - m_started;
    m_report.complete = m_enoughLids && m_report.smps.failed == 0 && m_report.smps.errors == 0;
    m_administrator->SetReady(true);
    Enter(Phase::kUp);
    NS_LOG_INFO("SUBNET UP: " << m_report.switches << " switches, " << m_report.cas << " CAs, "
                              << m_report.smps.sent << " SMPs");
    m_subnetUpTrace(m_report);
    if (m_subnetUpHandler)
    {
        m_subnetUpHandler(m_report);
    }
}

void SubnetManager::ReceiveSmp(const SmpReceived& received)
{
    const ibwire::MadMethod method{received.mad[3]};
    if (ibwire::IsResponse(method))
    {
        if (!m_transactor || !m_transactor->Receive(received))
        {
            NS_LOG_INFO("a response that nobody waits for");
        }
        return;
    }
    if (method == ibwire::MadMethod::kGet)
    {
        AnswerSmInfo(received);
    }
}

void SubnetManager::AnswerSmInfo(const SmpReceived& received)
{
    ibwire::MadBytes answer{};
    std::copy(received.mad.begin(), received.mad.end(), answer.begin());
    ibwire::SmInfo info;
    info.guid = m_node->GetEndPort(m_port).GetGuid();
    info.actCount = ++m_actCount;
    info.priority = m_priority;
    info.smState = m_phase == Phase::kUp ? ibwire::SmState::kMaster : ibwire::SmState::kDiscovering;
    auto data = ibwire::SmpAttributeData(answer);
    std::fill(data.begin(), data.end(), 0);
    NS_ABORT_MSG_IF(!ibwire::EncodeAttribute(info, data), "an SMInfo that does not fit");
    answer[3] = static_cast<std::uint8_t>(ibwire::MadMethod::kGetResp);
    if (answer[1] == static_cast<std::uint8_t>(ibwire::MgmtClass::kSubnDirected))
    {
        answer[4] = 0x80; // D: on its way back
        m_node->GetSmi().SendDirected(m_port, answer);
        return;
    }
    m_node->GetSmi().SendLidRouted(m_port, received.slid, answer);
}

} // namespace ns3
