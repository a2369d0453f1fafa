// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/pma.h"

#include "ib-fabric/model/ib-node.h"
#include "ib-fabric/model/pma-attributes.h"
#include "ib-wire/model/class-port-info.h"

#include <algorithm>
#include <array>
#include <limits>

namespace ns3
{

using ibwire::MadMethod;
using ibwire::MadStatus;

namespace
{

constexpr std::size_t kDataOffset = 64;
constexpr std::uint64_t kMethods =
    1ULL << static_cast<unsigned>(MadMethod::kGet) | 1ULL << static_cast<unsigned>(MadMethod::kSet);

/** A register that stops at its largest value. */
template <class T>
T Saturate(std::uint64_t value)
{
    return static_cast<T>(std::min<std::uint64_t>(value, std::numeric_limits<T>::max()));
}

/** Which bit of CounterSelect stands for which counter; registers hold counter / unit. */
struct Row
{
    std::uint16_t select;
    std::uint64_t IbPortCounters::*counter;
    std::uint32_t unit;
};

constexpr std::array<Row, 10> kCounters{{
    {1U << 2, &IbPortCounters::linkDowned, 1},
    {1U << 3, &IbPortCounters::rcvErrors, 1},
    {1U << 5, &IbPortCounters::rcvSwitchRelayErrors, 1},
    {1U << 6, &IbPortCounters::xmitDiscards, 1},
    {1U << 8, &IbPortCounters::rcvConstraintErrors, 1},
    {1U << 11, &IbPortCounters::vl15Dropped, 1},
    {1U << 12, &IbPortCounters::xmitBytes, 4},
    {1U << 13, &IbPortCounters::rcvBytes, 4},
    {1U << 14, &IbPortCounters::xmitPackets, 1},
    {1U << 15, &IbPortCounters::rcvPackets, 1},
}};

PmaPortCounters ReadRegisters(const IbPortCounters& counters)
{
    constexpr std::uint64_t kPsPerTick = 1000;
    PmaPortCounters registers;
    registers.linkDowned = Saturate<std::uint8_t>(counters.linkDowned);
    registers.rcvErrors = Saturate<std::uint16_t>(counters.rcvErrors);
    registers.rcvSwitchRelayErrors = Saturate<std::uint16_t>(counters.rcvSwitchRelayErrors);
    registers.xmitDiscards = Saturate<std::uint16_t>(counters.xmitDiscards);
    registers.rcvConstraintErrors = Saturate<std::uint8_t>(counters.rcvConstraintErrors);
    registers.vl15Dropped = Saturate<std::uint16_t>(counters.vl15Dropped);
    registers.xmitData = Saturate<std::uint32_t>(counters.xmitBytes / 4);
    registers.rcvData = Saturate<std::uint32_t>(counters.rcvBytes / 4);
    registers.xmitPackets = Saturate<std::uint32_t>(counters.xmitPackets);
    registers.rcvPackets = Saturate<std::uint32_t>(counters.rcvPackets);
    registers.xmitWait = Saturate<std::uint32_t>(counters.xmitWaitPs / kPsPerTick);
    return registers;
}

std::uint64_t ValueFor(const PmaPortCounters& registers, std::uint16_t select)
{
    switch (select)
    {
    case 1U << 2:
        return registers.linkDowned;
    case 1U << 3:
        return registers.rcvErrors;
    case 1U << 5:
        return registers.rcvSwitchRelayErrors;
    case 1U << 6:
        return registers.xmitDiscards;
    case 1U << 8:
        return registers.rcvConstraintErrors;
    case 1U << 11:
        return registers.vl15Dropped;
    case 1U << 12:
        return registers.xmitData;
    case 1U << 13:
        return registers.rcvData;
    case 1U << 14:
        return registers.xmitPackets;
    default:
        return registers.rcvPackets;
    }
}

} // namespace

PerformanceAgent::PerformanceAgent(IbNode& node, Ptr<IbMadService> service)
    : m_node(node),
      m_service(service)
{
    IbMadService::AgentInfo info;
    info.mgmtClass = static_cast<std::uint8_t>(ibwire::MgmtClass::kPerformance);
    info.classVersion = 1;
    info.methods = kMethods;
    m_service->RegisterAgent(info, [this](const IbMadReceived& received) { Serve(received); });
}

bool PerformanceAgent::HasPort(std::uint8_t number) const
{
    return m_node.HasPort(number);
}

void PerformanceAgent::Serve(const IbMadReceived& received)
{
    ibwire::MadBytes answer = received.mad;
    ibwire::MadHeader header = ibwire::DecodeHeader(answer);
    const bool set = header.method == MadMethod::kSet;
    const auto data = std::span<std::uint8_t>(answer).subspan(kDataOffset);
    MadStatus status = MadStatus::kMethodAttributeNotSupported;
    switch (static_cast<ibwire::PmAttribute>(header.attributeId))
    {
    case ibwire::PmAttribute::kClassPortInfo:
        status = set ? status : ClassPortInfo(answer);
        break;
    case ibwire::PmAttribute::kPortCounters:
        status = PortCounters(set, data.first(PmaPortCounters::kBytes));
        break;
    case ibwire::PmAttribute::kPortCountersExtended:
        status = PortCountersExtended(set, data.first(PmaPortCountersExtended::kBytes));
        break;
    }
    header.method = MadMethod::kGetResp;
    header.status = static_cast<std::uint16_t>(status);
    ibwire::EncodeHeader(header, answer);
    m_service->Send(received.ReplyAddress(), answer);
}

MadStatus PerformanceAgent::ClassPortInfo(ibwire::MadBytes& mad)
{
    constexpr std::uint16_t kExtendedWidthSupported = 0x0200;
    ibwire::ClassPortInfo info;
    info.baseVersion = 1;
    info.classVersion = 1;
    info.capabilityMask = kExtendedWidthSupported;
    info.respTimeValue = 16;
    const auto data =
        std::span<std::uint8_t>(mad).subspan<kDataOffset, ibwire::ClassPortInfo::kBytes>();
    return ibwire::Encode(info, data) ? MadStatus::kSuccess : MadStatus::kInvalidValue;
}

MadStatus PerformanceAgent::PortCounters(bool set, std::span<std::uint8_t> data)
{
    const auto request = ibwire::Unpack<PmaPortCounters>(data.first<PmaPortCounters::kBytes>());
    if (!HasPort(request.portSelect))
    {
        return MadStatus::kInvalidValue;
    }
    IbPortCounters& counters = m_node.GetPort(request.portSelect).GetCounters();
    if (set)
    {
        for (const Row& row : kCounters)
        {
            if ((request.counterSelect & row.select) != 0)
            {
                counters.*row.counter = ValueFor(request, row.select) * row.unit;
            }
        }
        if ((request.counterSelect2 & 1) != 0)
        {
            counters.xmitWaitPs = std::uint64_t{request.xmitWait} * 1000;
        }
    }
    PmaPortCounters answer = ReadRegisters(counters);
    answer.portSelect = request.portSelect;
    answer.counterSelect = request.counterSelect;
    return ibwire::Encode(answer, data) ? MadStatus::kSuccess : MadStatus::kInvalidValue;
}

MadStatus PerformanceAgent::PortCountersExtended(bool set, std::span<std::uint8_t> data)
{
    const auto request =
        ibwire::Unpack<PmaPortCountersExtended>(data.first<PmaPortCountersExtended::kBytes>());
    if (!HasPort(request.portSelect))
    {
        return MadStatus::kInvalidValue;
    }
    IbPortCounters& counters = m_node.GetPort(request.portSelect).GetCounters();
    if (set)
    {
        counters.xmitBytes =
            (request.counterSelect & 1) ? request.xmitData * 4 : counters.xmitBytes;
        counters.rcvBytes = (request.counterSelect & 2) ? request.rcvData * 4 : counters.rcvBytes;
        counters.xmitPackets =
            (request.counterSelect & 4) ? request.xmitPackets : counters.xmitPackets;
        counters.rcvPackets =
            (request.counterSelect & 8) ? request.rcvPackets : counters.rcvPackets;
    }
    PmaPortCountersExtended answer;
    answer.portSelect = request.portSelect;
    answer.counterSelect = request.counterSelect;
    answer.xmitData = counters.xmitBytes / 4;
    answer.rcvData = counters.rcvBytes / 4;
    answer.xmitPackets = counters.xmitPackets;
    answer.rcvPackets = counters.rcvPackets;
    answer.unicastXmitPackets = counters.xmitPackets; // there is no multicast
    answer.unicastRcvPackets = counters.rcvPackets;
    return ibwire::Encode(answer, data) ? MadStatus::kSuccess : MadStatus::kInvalidValue;
}

} // namespace ns3
