// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef FABRIC_FIXTURE_H
#define FABRIC_FIXTURE_H

#include "ib-fabric/helper/ib-fabric-helper.h"
#include "ib-fabric/model/topology-source.h"

#include <ns3/simulator.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace ns3
{

/** A fabric in a simulator of its own, and what most tests do with it. */
class FabricTest : public ::testing::Test
{
  protected:
    FabricTest()
    {
        ObjectFactory scheduler("ns3::PriorityQueueScheduler");
        Simulator::SetScheduler(scheduler);
    }

    ~FabricTest() override
    {
        Simulator::Destroy();
    }

    /** Installs what LoadTopology makes of the text. */
    void Build(const std::string& source)
    {
        const auto topology = LoadTopology(source);
        ASSERT_TRUE(topology) << topology.error().ToString();
        fabric = helper.Install(*topology);
    }

    /** Lets a subnet manager on this port bring the subnet up, and runs until it has. */
    void BringUp(const std::string& port)
    {
        const auto installed = helper.InstallSubnetManager(fabric, port);
        ASSERT_TRUE(installed) << installed.error();
        manager = *installed;
        manager->Sweep();
        Simulator::Run();
        ASSERT_EQ(manager->GetPhase(), SubnetManager::Phase::kUp);
    }

    IbHca& Hca(const std::string& name)
    {
        const auto hca = fabric.FindHca(name);
        EXPECT_TRUE(hca) << hca.error();
        return **hca;
    }

    IbPort& Port(const std::string& name)
    {
        const auto port = fabric.FindPort(name);
        EXPECT_TRUE(port) << port.error();
        return **port;
    }

    IbFabricHelper helper;
    IbFabricContainer fabric;
    Ptr<SubnetManager> manager;
};

/** Folds bytes into a 64-bit FNV-1a hash. */
class Digest
{
  public:
    void Add(const void* data, std::size_t bytes)
    {
        const auto* p = static_cast<const std::uint8_t*>(data);
        for (std::size_t i = 0; i < bytes; ++i)
        {
            m_value = (m_value ^ p[i]) * 0x100000001b3ULL;
        }
    }

    std::uint64_t Get() const
    {
        return m_value;
    }

  private:
    std::uint64_t m_value{0xcbf29ce484222325ULL};
};

} // namespace ns3

#endif // FABRIC_FIXTURE_H
