// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/fabric-data-path.h"

#include "interleave/model/sanitizer.h"

#include <utility>
#include <vector>

namespace lab
{

namespace
{

/** Requests that wait for messages, and the room of each. */
constexpr unsigned kReceives = 16;
constexpr std::uint32_t kReceiveBytes = 64 * 1024;

/** The bits of the CM's attributes and of the queue pair's that mean the same. */
struct MaskPair
{
    std::uint32_t cm;
    std::uint32_t pair;
};

constexpr MaskPair kMasks[] = {
    {ibcm::kQpAccessFlags, ns3::kQpAccessFlags},
    {ibcm::kQpPkeyIndex, ns3::kQpPkeyIndex},
    {ibcm::kQpPort, ns3::kQpPort},
    {ibcm::kQpAddress, ns3::kQpAv},
    {ibcm::kQpPathMtu, ns3::kQpPathMtu},
    {ibcm::kQpDestQpn, ns3::kQpDestQpn},
    {ibcm::kQpRqPsn, ns3::kQpRqPsn},
    {ibcm::kQpMaxDestRdAtomic, ns3::kQpMaxDestRdAtomic},
    {ibcm::kQpMinRnrTimer, ns3::kQpMinRnrTimer},
    {ibcm::kQpTimeout, ns3::kQpTimeout},
    {ibcm::kQpRetryCount, ns3::kQpRetryCount},
    {ibcm::kQpRnrRetry, ns3::kQpRnrRetry},
    {ibcm::kQpSqPsn, ns3::kQpSqPsn},
    {ibcm::kQpMaxRdAtomic, ns3::kQpMaxRdAtomic},
};

ns3::IbQpState StateOf(ibcm::QpTarget target)
{
    switch (target)
    {
    case ibcm::QpTarget::kInit:
        return ns3::IbQpState::kInit;
    case ibcm::QpTarget::kRtr:
        return ns3::IbQpState::kRtr;
    case ibcm::QpTarget::kRts:
        return ns3::IbQpState::kRts;
    }
    return ns3::IbQpState::kReset;
}

ns3::IbAddressVector VectorOf(const ibcm::MadAddress& address)
{
    ns3::IbAddressVector vector;
    vector.dlid = address.dlid;
    vector.sl = address.sl;
    vector.srcPathBits = address.sourcePathBits;
    if (address.hasGrh)
    {
        ns3::IbMadGrh grh;
        grh.dgid = address.dgid;
        grh.flowLabel = address.flowLabel;
        grh.hopLimit = address.hopLimit;
        grh.trafficClass = address.trafficClass;
        vector.grh = grh;
    }
    return vector;
}

} // namespace

FabricDataPath::FabricDataPath(ns3::Ptr<ns3::IbHca> hca, std::vector<FabricDataPath*>& registry)
    : m_registry(registry),
      m_hca(std::move(hca)),
      m_completions(ns3::CreateObject<ns3::IbCompletionQueue>())
{
    ns3::IbQueuePairInit init;
    init.sendCq = m_completions;
    init.receiveCq = m_completions;
    m_pair = m_hca->CreateQueuePair(init);
    m_registry.push_back(this);
    m_completions->SetHandler([this] { Poll(); });
}

FabricDataPath::~FabricDataPath()
{
    const interleave::EngineScope scope; // ns-3's memory is not the run's
    std::erase(m_registry, this);
    m_completions->SetHandler({});
    if (m_pair)
    {
        m_pair->SetCommunicationEstablishedHandler({});
        m_hca->DestroyQueuePair(m_pair->GetQpn());
    }
}

std::uint32_t FabricDataPath::Qpn() const
{
    return m_pair ? m_pair->GetQpn() : 0;
}

std::string FabricDataPath::Modify(const ibcm::QpAttributes& attributes)
{
    const interleave::EngineScope scope; // ns-3's memory is not the run's
    ns3::IbQpAttributes values;
    values.state = StateOf(attributes.target);
    values.accessFlags = static_cast<std::uint8_t>(attributes.accessFlags);
    values.pkeyIndex = attributes.pkeyIndex;
    values.port = attributes.port;
    values.av = VectorOf(attributes.address);
    values.pathMtu = static_cast<ibwire::Mtu>(attributes.pathMtu);
    values.timeout = attributes.timeout;
    values.retryCount = attributes.retryCount;
    values.rnrRetry = attributes.rnrRetry;
    values.rqPsn = attributes.rqPsn;
    values.sqPsn = attributes.sqPsn;
    values.maxRdAtomic = attributes.maxRdAtomic;
    values.maxDestRdAtomic = attributes.maxDestRdAtomic;
    values.minRnrTimer = attributes.minRnrTimer;
    values.destQpn = attributes.destQpn;
    std::uint32_t mask = ns3::kQpState;
    for (const MaskPair& bits : kMasks)
    {
        mask |= (attributes.mask & bits.cm) != 0 ? bits.pair : 0;
    }
    if (const auto modified = m_pair->ModifyQp(values, mask); !modified)
    {
        return std::string("queue pair to ") + ns3::ToString(values.state) + ": " +
               ns3::ToString(modified.error());
    }
    return attributes.target == ibcm::QpTarget::kInit ? PostReceives() : std::string();
}

std::string FabricDataPath::PostReceives()
{
    for (unsigned i = 0; i < kReceives; ++i)
    {
        if (const auto posted = m_pair->PostReceive({++m_lastRequest, kReceiveBytes}); !posted)
        {
            return ns3::ToString(posted.error());
        }
    }
    return {};
}

void FabricDataPath::Break()
{
    {
        const interleave::EngineScope scope; // ns-3's memory is not the run's
        ns3::IbQpAttributes values;
        values.state = ns3::IbQpState::kError;
        (void)m_pair->ModifyQp(values, ns3::kQpState); // from any state
    }
    Poll(); // what was flushed: the queue pair may be gone before the completion queue's own event
}

std::string FabricDataPath::Send(std::string message, std::function<void(std::string)> done)
{
    ns3::IbSendRequest request;
    request.wrId = ++m_lastRequest;
    request.data.assign(message.begin(), message.end());
    const std::uint64_t id = request.wrId;
    if (const auto posted = m_pair->PostSend(std::move(request)); !posted)
    {
        return ns3::ToString(posted.error());
    }
    m_sends.emplace(id, std::move(done));
    return {};
}

void FabricDataPath::OnReceive(std::function<void(std::string)> received)
{
    m_received = std::move(received);
}

void FabricDataPath::OnCommunicationEstablished(std::function<void()> established)
{
    m_pair->SetCommunicationEstablishedHandler(std::move(established));
}

void FabricDataPath::Poll()
{
    while (auto completion = m_completions->Poll())
    {
        const bool good = completion->status == ns3::IbWcStatus::kSuccess;
        if (completion->opcode == ns3::IbWcOpcode::kReceive)
        {
            if (good && m_received)
            {
                m_received(std::string(completion->data.begin(), completion->data.end()));
            }
            continue;
        }
        const auto send = m_sends.find(completion->wrId);
        if (send != m_sends.end())
        {
            const auto done = std::move(send->second);
            m_sends.erase(send);
            done(good ? std::string() : ns3::ToString(completion->status));
        }
    }
}

} // namespace lab
