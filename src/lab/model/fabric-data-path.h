// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_FABRIC_DATA_PATH_H
#define LAB_FABRIC_DATA_PATH_H

#include "ib-fabric/model/completion-queue.h"
#include "ib-fabric/model/ib-hca.h"
#include "ib-fabric/model/ib-queue-pair.h"
#include "lab/model/transport.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lab
{

/** A DataPath over an RC queue pair of the simulated fabric. */
class FabricDataPath final : public DataPath
{
  public:
    /**
     * @param registry where it is listed as long as it lives, so that what a run has left behind
     * can be found.
     */
    FabricDataPath(ns3::Ptr<ns3::IbHca> hca, std::vector<FabricDataPath*>& registry);
    ~FabricDataPath() override;

    FabricDataPath(const FabricDataPath&) = delete;
    FabricDataPath& operator=(const FabricDataPath&) = delete;

    std::uint32_t Qpn() const override;
    std::string Modify(const ibcm::QpAttributes& attributes) override;
    void Break() override;
    std::string Send(std::string message, std::function<void(std::string)> done) override;
    void OnReceive(std::function<void(std::string)> received) override;
    void OnCommunicationEstablished(std::function<void()> established) override;

  private:
    void Poll();
    std::string PostReceives();

    std::vector<FabricDataPath*>& m_registry;
    ns3::Ptr<ns3::IbHca> m_hca;
    ns3::Ptr<ns3::IbCompletionQueue> m_completions;
    ns3::Ptr<ns3::IbQueuePair> m_pair;
    std::uint64_t m_lastRequest{0};
    std::map<std::uint64_t, std::function<void(std::string)>> m_sends;
    std::function<void(std::string)> m_received;
};

} // namespace lab

#endif /* LAB_FABRIC_DATA_PATH_H */
