// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/shell-events.h"

#include "ibcm-verbs/helper/shell-words.h"
#include "ibcm/model/ip-cm.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <span>

namespace cmverbs
{

namespace
{

using ibcm::EventType;

/** In the order of ShellEventType. */
constexpr std::array<std::string_view, 11> kNames{
    "ADDR_RESOLVED",
    "ADDR_ERROR",
    "ROUTE_RESOLVED",
    "CONNECT_REQUEST",
    "CONNECT_RESPONSE",
    "CONNECT_ERROR",
    "UNREACHABLE",
    "REJECTED",
    "ESTABLISHED",
    "DISCONNECTED",
    "TIMEWAIT_EXIT",
};

/** Events that say nothing beyond themselves. */
struct PlainEvent
{
    EventType from;
    ShellEventType to;
    int status;
};

constexpr std::array<PlainEvent, 9> kPlainEvents{{
    {EventType::kReqError, ShellEventType::kUnreachable, -ETIMEDOUT},
    {EventType::kRepError, ShellEventType::kUnreachable, -ETIMEDOUT},
    {EventType::kSidrReqError, ShellEventType::kUnreachable, -ETIMEDOUT},
    {EventType::kRtuReceived, ShellEventType::kEstablished, 0},
    {EventType::kUserEstablished, ShellEventType::kEstablished, 0},
    {EventType::kDreqReceived, ShellEventType::kDisconnected, 0},
    {EventType::kDrepReceived, ShellEventType::kDisconnected, 0},
    {EventType::kDreqError, ShellEventType::kDisconnected, -ETIMEDOUT},
    {EventType::kTimewaitExit, ShellEventType::kTimewaitExit, 0},
}};

std::vector<std::uint8_t> Copy(std::span<const std::uint8_t> bytes)
{
    return {bytes.begin(), bytes.end()};
}

/** What is behind the header, which whoever took the event has checked. */
std::vector<std::uint8_t> ConsumerData(const ibcm::Event& event, std::uint64_t serviceId)
{
    const auto request = ibcm::ParseIpCm(event.privateData.Bytes(), serviceId);
    return request ? Copy(request->consumerData) : std::vector<std::uint8_t>{};
}

ShellEvent EventOf(const ibcm::Event& event, const ibcm::ReqReceived& req)
{
    return {.type = ShellEventType::kConnectRequest,
            .proposal = ShellProposal{.responderResources = req.responderResources,
                                      .initiatorDepth = req.initiatorDepth,
                                      .flowControl = req.flowControl,
                                      .retryCount = req.retryCount,
                                      .rnrRetryCount = req.rnrRetryCount,
                                      .srq = req.srq,
                                      .qpn = req.remoteQpn,
                                      .ece = req.ece},
            .data = ConsumerData(event, req.serviceId)};
}

ShellEvent EventOf(const ibcm::Event& event, const ibcm::RepReceived& rep)
{
    return {.type = ShellEventType::kConnectResponse,
            .proposal = ShellProposal{.responderResources = rep.responderResources,
                                      .initiatorDepth = rep.initiatorDepth,
                                      .flowControl = rep.flowControl,
                                      .rnrRetryCount = rep.rnrRetryCount,
                                      .srq = rep.srq,
                                      .qpn = rep.remoteQpn,
                                      .ece = rep.ece},
            .data = Copy(event.privateData.Bytes())};
}

ShellEvent EventOf(const ibcm::Event& event, const ibcm::RejReceived& rej)
{
    return {.type = ShellEventType::kRejected,
            .status = static_cast<int>(rej.reason),
            .data = Copy(event.privateData.Bytes())};
}

ShellEvent EventOf(const ibcm::Event& event, const ibcm::SidrReqReceived& request)
{
    return {.type = ShellEventType::kConnectRequest,
            .data = ConsumerData(event, request.serviceId)};
}

ShellEvent EventOf(const ibcm::Event& event, const ibcm::SidrRepReceived& reply)
{
    if (reply.status != ibwire::SidrStatus::kSuccess)
    {
        return {.type = ShellEventType::kUnreachable,
                .status = static_cast<int>(reply.status),
                .data = Copy(event.privateData.Bytes())};
    }
    return {.type = ShellEventType::kEstablished,
            .service = ShellService{reply.qpn, reply.qkey},
            .data = Copy(event.privateData.Bytes())};
}

/** A response has come that this side could not take: not silence, as the other failures are. */
bool IsRefusal(const ibcm::Event& event)
{
    const auto* const failure = std::get_if<ibcm::SendFailed>(&event.parameters);
    return failure != nullptr && failure->cause == ibcm::SendFailed::Cause::kRefused;
}

std::optional<ShellEvent> PlainEventFrom(const ibcm::Event& event)
{
    if (event.type == EventType::kReqError && IsRefusal(event))
    {
        return ShellEvent{.type = ShellEventType::kConnectError, .status = -EPROTO};
    }
    const auto* const found =
        std::find_if(kPlainEvents.begin(),
                     kPlainEvents.end(),
                     [&](const PlainEvent& p) { return p.from == event.type; });
    if (found == kPlainEvents.end())
    {
        return std::nullopt;
    }
    return ShellEvent{.type = found->to, .status = found->status};
}

void AppendProposal(std::string& line, const ShellProposal& proposal)
{
    fmt::format_to(std::back_inserter(line),
                   " rr={} depth={} fc={:d} retry={} rnr={} srq={:d} qpn={}",
                   proposal.responderResources,
                   proposal.initiatorDepth,
                   proposal.flowControl,
                   proposal.retryCount,
                   proposal.rnrRetryCount,
                   proposal.srq,
                   proposal.qpn);
    if (proposal.ece != ibcm::Ece{})
    {
        fmt::format_to(std::back_inserter(line),
                       " ece={:#x}:{:#x}",
                       proposal.ece.vendorId,
                       proposal.ece.options);
    }
}

} // namespace

std::string_view ToString(ShellEventType type)
{
    return kNames.at(static_cast<std::size_t>(type));
}

std::optional<ShellEvent> EventFrom(const ibcm::Event& event)
{
    if (const auto* req = std::get_if<ibcm::ReqReceived>(&event.parameters))
    {
        return EventOf(event, *req);
    }
    if (const auto* rep = std::get_if<ibcm::RepReceived>(&event.parameters))
    {
        return EventOf(event, *rep);
    }
    if (const auto* rej = std::get_if<ibcm::RejReceived>(&event.parameters))
    {
        return EventOf(event, *rej);
    }
    if (const auto* request = std::get_if<ibcm::SidrReqReceived>(&event.parameters))
    {
        return EventOf(event, *request);
    }
    if (const auto* reply = std::get_if<ibcm::SidrRepReceived>(&event.parameters))
    {
        return EventOf(event, *reply);
    }
    return PlainEventFrom(event);
}

bool IsRequest(const ibcm::Event& event)
{
    return event.type == EventType::kReqReceived || event.type == EventType::kSidrReqReceived;
}

bool IsTold(ShellPhase phase, ShellEventType type)
{
    return phase == (type == ShellEventType::kTimewaitExit ? ShellPhase::kDisconnected
                                                           : ShellPhase::kConnecting);
}

bool IsLast(ShellEventType type, bool datagram)
{
    switch (type)
    {
    case ShellEventType::kAddrError:
    case ShellEventType::kConnectError:
    case ShellEventType::kUnreachable:
    case ShellEventType::kRejected:
    case ShellEventType::kTimewaitExit:
        return true;
    case ShellEventType::kEstablished:
        return datagram;
    default:
        return false;
    }
}

std::string EventLine(unsigned id, const ShellEvent& event)
{
    std::string line = fmt::format("ev {} {} status={}", id, ToString(event.type), event.status);
    if (event.listener)
    {
        fmt::format_to(std::back_inserter(line), " listen={}", *event.listener);
    }
    if (event.proposal)
    {
        AppendProposal(line, *event.proposal);
    }
    if (event.service)
    {
        fmt::format_to(std::back_inserter(line),
                       " qpn={} qkey={:#010x}",
                       event.service->qpn,
                       event.service->qkey);
    }
    if (const std::string data = ToHexText(event.data); !data.empty())
    {
        line += " data=" + data;
    }
    return line;
}

} // namespace cmverbs
