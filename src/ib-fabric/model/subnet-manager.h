// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_SUBNET_MANAGER_H
#define IB_SUBNET_MANAGER_H

#include "ib-fabric/model/ib-node.h"
#include "ib-fabric/model/routing-engine.h"
#include "ib-fabric/model/smp-transactor.h"
#include "ib-fabric/model/subnet-database.h"

#include <ns3/nstime.h>
#include <ns3/object.h>
#include <ns3/traced-callback.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace ns3
{

class SubnetAdministrator;
class SubnetConfigurator;
class SubnetDiscovery;

/** \ingroup infiniband The result of a sweep. */
struct SweepReport
{
    std::uint32_t switches{0};
    std::uint32_t cas{0}; //!< CAs and routers
    std::uint32_t links{0};
    std::uint32_t endPorts{0}; //!< ports with a LID
    std::uint16_t highestLid{0};
    SmpStatistics smps;   //!< of this sweep
    Time duration;        //!< simulated
    bool complete{false}; //!< no request was given up or refused and LIDs were enough
};

/**
 * \ingroup infiniband
 * The subnet manager of one port: discovers the subnet, assigns LIDs, sets up ports, computes and
 * writes routes, and brings all ports to ACTIVE, then serves path queries (SubnetAdministrator).
 * Everything goes over the simulated cables as directed-routed SMPs.
 */
class SubnetManager : public Object
{
  public:
    /** Signature of the trace source SubnetUp. */
    typedef void (*SubnetUpTracedCallback)(const SweepReport& report);

    /** What the manager is doing. */
    enum class Phase : std::uint8_t
    {
        kIdle,
        kDiscovering,
        kSettingUpPorts,
        kProgrammingSwitches,
        kActivating,
        kUp,
    };

    /** Signature of the trace source Phase. */
    typedef void (*PhaseTracedCallback)(Phase phase);

    /** \returns the TypeId */
    static TypeId GetTypeId();

    SubnetManager();
    ~SubnetManager() override;

    /** \param node on which it runs \param port number of the end port */
    void Install(Ptr<IbNode> node, std::uint8_t port);

    /** Begins a heavy sweep; ignored while one is under way. */
    void Sweep();

    /** \param handler called at the end of each sweep, after the trace source SubnetUp */
    void SetSubnetUpHandler(std::function<void(const SweepReport&)> handler);

    /** \returns what it is doing */
    Phase GetPhase() const;

    /** \returns what it knows of the subnet */
    const SubnetDatabase& GetDatabase() const;

    /** \returns result of the last complete sweep */
    const SweepReport& GetReport() const;

    /** \returns LID of its port, 0 before the first sweep */
    std::uint16_t GetLid() const;

  protected:
    void DoDispose() override;

  private:
    void ReceiveSmp(const SmpReceived& received);
    void AnswerSmInfo(const SmpReceived& received);
    void Enter(Phase phase);
    void NextPhase();
    void AssignAndSetUp();
    void ComputeRoutes();
    void Finish();

    Ptr<IbNode> m_node;
    std::uint8_t m_port{0};
    Phase m_phase{Phase::kIdle};
    SubnetDatabase m_database;
    SweepReport m_report;
    bool m_enoughLids{false};
    Time m_started;
    std::unique_ptr<SmpTransactor> m_transactor;
    std::unique_ptr<SubnetDiscovery> m_discovery;
    std::unique_ptr<SubnetConfigurator> m_configurator;
    Ptr<SubnetAdministrator> m_administrator;
    std::function<void(const SweepReport&)> m_subnetUpHandler;

    std::uint32_t m_window{0};
    Time m_timeout;
    std::uint32_t m_retries{0};
    std::uint8_t m_lmc{0};
    std::uint8_t m_priority{0};
    std::string m_engine;
    std::uint32_t m_actCount{0};
    std::uint32_t m_sweeps{0};

    TracedCallback<const SweepReport&> m_subnetUpTrace;
    TracedCallback<Phase> m_phaseTrace;
};

} // namespace ns3

#endif // IB_SUBNET_MANAGER_H
