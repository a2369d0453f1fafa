// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/sa-client.h"

#include "ib-fabric/model/ib-port.h"

#include <ns3/abort.h>
#include <ns3/log.h>
#include <ns3/simulator.h>
#include <ns3/uinteger.h>

#include <cstdio>
#include <span>
#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IbSaClient");

NS_OBJECT_ENSURE_REGISTERED(SaClient);

using ibwire::SaMad;

std::string SaError::ToString() const
{
    switch (kind)
    {
    case Kind::kNotSent:
        return "the port is not active or has no subnet manager";
    case Kind::kTimeout:
        return "no answer from the subnet administrator";
    case Kind::kRefused:
        break;
    }
    switch (static_cast<ibwire::SaStatus>(status & 0xff00))
    {
    case ibwire::SaStatus::kNoRecords:
        return "the subnet administrator knows no such path";
    case ibwire::SaStatus::kInvalidGid:
        return "the subnet administrator says: invalid GID";
    case ibwire::SaStatus::kInsufficientComponents:
        return "the subnet administrator says: insufficient components";
    default:
        break;
    }
    char text[64];
    std::snprintf(text, sizeof text, "the subnet administrator answered status 0x%04x", status);
    return text;
}

TypeId SaClient::GetTypeId()
{
    static TypeId tid = TypeId("ns3::SaClient")
                            .SetParent<Object>()
                            .SetGroupName("InfiniBand")
                            .AddConstructor<SaClient>()
                            .AddAttribute("Timeout",
                                          "How long one try waits for the answer.",
                                          TimeValue(MilliSeconds(200)),
                                          MakeTimeAccessor(&SaClient::m_timeout),
                                          MakeTimeChecker(NanoSeconds(1)))
                            .AddAttribute("Retries",
                                          "How often a query is sent again.",
                                          UintegerValue(5),
                                          MakeUintegerAccessor(&SaClient::m_retries),
                                          MakeUintegerChecker<std::uint32_t>(0, 1000));
    return tid;
}

SaClient::SaClient() = default;

void SaClient::DoDispose()
{
    for (auto& [number, query] : m_queries)
    {
        query.timer.Cancel();
    }
    m_queries.clear();
    if (m_service)
    {
        m_service->UnregisterAgent(m_agent);
        m_service = nullptr;
    }
    Object::DoDispose();
}

void SaClient::Install(Ptr<IbMadService> service)
{
    NS_ABORT_MSG_IF(m_service, "the SA client is installed already");
    IbMadService::AgentInfo info;
    info.mgmtClass = static_cast<std::uint8_t>(ibwire::MgmtClass::kSubnAdm);
    info.classVersion = ibwire::kSaClassVersion;
    const auto agent =
        service->RegisterAgent(info, [this](const IbMadReceived& received) { Receive(received); });
    NS_ABORT_MSG_IF(!agent, "no SA client here: " << ToString(agent.error()));
    m_agent = *agent;
    m_service = service;
}

std::uint32_t SaClient::QueryPath(const ibwire::Gid& dgid, PathHandler handler)
{
    NS_ABORT_MSG_IF(!m_service, "the SA client is not installed on any port");
    ibwire::PathRecord record;
    record.dgid = dgid;
    record.sgid = m_service->GetPort().GetGid();
    record.reversible = true;
    record.numbPath = 1;
    const std::uint64_t mask =
        ibwire::kPathDgid | ibwire::kPathSgid | ibwire::kPathReversible | ibwire::kPathNumbPath;
    return QueryPath(record, mask, std::move(handler));
}

std::uint32_t SaClient::QueryPath(const ibwire::PathRecord& record,
                                  std::uint64_t mask,
                                  PathHandler handler)
{
    NS_ABORT_MSG_IF(!m_service, "the SA client is not installed on any port");
    const std::uint32_t number = m_nextQuery++;
    SaMad mad;
    mad.header.method = ibwire::MadMethod::kGet;
    mad.header.transactionId = std::uint64_t{m_agent} << 32 | number;
    mad.header.attributeId = static_cast<std::uint16_t>(ibwire::SaAttribute::kPathRecord);
    mad.componentMask = mask;
    const bool fits =
        ibwire::Encode(record, std::span(mad.data).first(ibwire::PathRecord::kBytes)).has_value();
    NS_ABORT_MSG_IF(!fits, "a field of the PathRecord is out of range");
    Query& query = m_queries[number];
    query.handler = std::move(handler);
    query.triesLeft = m_retries + 1;
    const bool encoded = ibwire::Encode(mad, std::span<std::uint8_t>(query.mad)).has_value();
    NS_ABORT_MSG_IF(!encoded, "the query does not fit a MAD");
    Try(number);
    return number;
}

void SaClient::Cancel(std::uint32_t query)
{
    const auto it = m_queries.find(query);
    if (it != m_queries.end())
    {
        it->second.timer.Cancel();
        m_queries.erase(it);
    }
}

void SaClient::Reset()
{
    for (auto& [number, query] : m_queries)
    {
        query.timer.Cancel();
    }
    m_queries.clear();
    m_nextQuery = 1;
}

void SaClient::Try(std::uint32_t number)
{
    Query& query = m_queries.at(number);
    if (query.triesLeft == 0)
    {
        Finish(number, tl::unexpected(SaError{SaError::Kind::kTimeout, 0}));
        return;
    }
    --query.triesLeft;
    IbMadAddress address;
    address.dlid = m_service->GetPort().GetInfo().masterSmLid;
    address.sl = m_service->GetPort().GetInfo().masterSmSl;
    const IbMadStatus status = m_service->Send(address, query.mad);
    if (status != IbMadStatus::kSent && status != IbMadStatus::kQueueFull)
    {
        NS_LOG_INFO("query not sent: " << ns3::ToString(status));
        query.timer = Simulator::ScheduleNow(
            [client = Ptr<SaClient>(this), number]() {
                client->Finish(number, tl::unexpected(SaError{SaError::Kind::kNotSent, 0}));
            });
        return;
    }
    query.timer = Simulator::Schedule(m_timeout, &SaClient::Try, this, number);
}

void SaClient::Receive(const IbMadReceived& received)
{
    const SaMad mad = ibwire::Unpack<SaMad>(std::span<const std::uint8_t, 256>(received.mad));
    const auto number = static_cast<std::uint32_t>(mad.header.transactionId);
    if (!m_queries.contains(number))
    {
        return; // cancelled, or answered twice
    }
    const auto status = mad.header.status;
    if ((status & static_cast<std::uint16_t>(ibwire::MadStatus::kBusy)) != 0)
    {
        return; // the timer asks again
    }
    if (status != 0)
    {
        Finish(number, tl::unexpected(SaError{SaError::Kind::kRefused, status}));
        return;
    }
    Finish(number,
           ibwire::Unpack<ibwire::PathRecord>(
               std::span(mad.data).first<ibwire::PathRecord::kBytes>()));
}

void SaClient::Finish(std::uint32_t number, const tl::expected<ibwire::PathRecord, SaError>& result)
{
    auto node = m_queries.extract(number);
    if (node.empty())
    {
        return;
    }
    node.mapped().timer.Cancel();
    node.mapped().handler(result);
}

} // namespace ns3
