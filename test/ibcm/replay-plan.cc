// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "replay-plan.h"

#include "replay-arrivals.h"
#include "replay-requests.h"

#include <algorithm>

namespace ibcm::test
{

namespace
{

using ibwire::CmAttribute;
using What = ReplayStep::What;

/** The CA GUID that the sender of a message names as its own; 0: none. */
std::uint64_t GuidOf(const ibwire::CmMessage& message)
{
    if (const auto* req = std::get_if<ibwire::CmReq>(&message))
    {
        return req->localCaGuid;
    }
    if (const auto* rep = std::get_if<ibwire::CmRep>(&message))
    {
        return rep->localCaGuid;
    }
    return 0;
}

std::optional<ibwire::CmMessage> Decoded(const ibwire::MadBytes& bytes)
{
    const auto message = ibwire::DecodeCm(bytes);
    return message ? std::optional(*message) : std::nullopt;
}

/** What the host answered first to the request of a step, if it did. */
const ReplayStep* AnswerTo(const std::vector<ReplayStep>& steps, std::size_t request)
{
    const ReplayStep& asked = steps[request];
    for (std::size_t i = request + 1; i < steps.size(); ++i)
    {
        if (IsOurs(steps[i]) && steps[i].message && steps[i].peer == asked.peer &&
            Answers(*KindOf(steps[i]), *KindOf(asked)) &&
            RemoteIdOf(*steps[i].message) == LocalIdOf(*asked.message))
        {
            return &steps[i];
        }
    }
    return nullptr;
}

void FindListeners(ReplayPlan& plan)
{
    for (std::size_t i = 0; i < plan.steps.size(); ++i)
    {
        const ReplayStep& step = plan.steps[i];
        if (step.what != What::kFeed ||
            !(Is(step, CmAttribute::kReq) || Is(step, CmAttribute::kSidrReq)))
        {
            continue;
        }
        const ReplayStep* answer = AnswerTo(plan.steps, i);
        if (answer == nullptr)
        {
            continue;
        }
        const auto* rej = std::get_if<ibwire::CmRej>(&*answer->message);
        const auto* sidr = std::get_if<ibwire::CmSidrRep>(&*answer->message);
        if ((rej != nullptr && rej->reason == ibwire::RejReason::kInvalidServiceId) ||
            (sidr != nullptr && sidr->status == ibwire::SidrStatus::kServiceNotSupported))
        {
            plan.noListener.insert(i);
        }
    }
}

template <class T>
void AddOnce(std::vector<T>& list, const T& value)
{
    if (std::find(list.begin(), list.end(), value) == list.end())
    {
        list.push_back(value);
    }
}

/** The host's GIDs, LID and P_Keys, from packets, REQs and SIDR_REQs. */
void FillTables(ReplayPlan& plan)
{
    for (const NetAddress& address : plan.host.addresses)
    {
        if (!address.gid.IsZero())
        {
            AddOnce(plan.gids, address.gid);
        }
        plan.lid = plan.lid == 0 ? address.lid : plan.lid;
    }
    for (const ReplayStep& step : plan.steps)
    {
        AddOnce(plan.pkeys, step.mad.pkey);
        if (Is(step, CmAttribute::kSidrReq))
        {
            AddOnce(plan.pkeys, std::get<ibwire::CmSidrReq>(*step.message).pkey);
        }
        if (Is(step, CmAttribute::kLap))
        {
            const auto& lap = std::get<ibwire::CmLap>(*step.message);
            AddOnce(plan.gids, IsOurs(step) ? lap.alternateLocalGid : lap.alternateRemoteGid);
        }
        if (!Is(step, CmAttribute::kReq))
        {
            continue;
        }
        const auto& req = std::get<ibwire::CmReq>(*step.message);
        AddOnce(plan.gids, IsOurs(step) ? req.primaryLocalGid : req.primaryRemoteGid);
        AddOnce(plan.pkeys, req.pkey);
        if (req.alternateLocalLid != 0)
        {
            AddOnce(plan.gids, IsOurs(step) ? req.alternateLocalGid : req.alternateRemoteGid);
        }
    }
    if (plan.gids.empty())
    {
        plan.gids.push_back(PretendedGid(plan.lid));
    }
}

std::size_t HostOf(const std::vector<CapturedHost>& hosts, const NetAddress& address)
{
    for (std::size_t i = 0; i < hosts.size(); ++i)
    {
        if (std::binary_search(hosts[i].addresses.begin(), hosts[i].addresses.end(), address))
        {
            return i;
        }
    }
    return hosts.size();
}

} // namespace

std::string CapturedHost::Name() const
{
    return ToString(addresses.front());
}

std::vector<CapturedHost> HostsOf(const std::vector<CapturedMad>& mads)
{
    std::map<NetAddress, std::pair<std::uint64_t, std::size_t>> seen; // -> GUID, MADs sent
    for (const CapturedMad& mad : mads)
    {
        auto& [guid, sent] = seen[mad.source];
        ++sent;
        seen.try_emplace(mad.destination);
        const auto message = Decoded(mad.bytes);
        guid = guid == 0 && message ? GuidOf(*message) : guid;
    }
    std::vector<CapturedHost> hosts;
    for (const auto& [address, about] : seen)
    {
        auto host = std::find_if(hosts.begin(),
                                 hosts.end(),
                                 [guid = about.first](const CapturedHost& other)
                                 { return guid != 0 && other.caGuid == guid; });
        if (host == hosts.end())
        {
            hosts.push_back({{}, about.first, 0});
            host = hosts.end() - 1;
        }
        host->addresses.push_back(address);
        host->sent += about.second;
    }
    return hosts;
}

ibwire::Gid PretendedGid(std::uint16_t lid)
{
    return ibwire::Gid::From(ibwire::kDefaultGidPrefix, lid);
}

ReplayPlan MakePlan(const std::vector<CapturedMad>& mads, std::size_t host, Behaviour behaviour)
{
    const std::vector<CapturedHost> hosts = HostsOf(mads);
    ReplayPlan plan;
    plan.behaviour = behaviour;
    plan.host = hosts.at(host);
    for (const CapturedMad& mad : mads)
    {
        const std::size_t from = HostOf(hosts, mad.source);
        const std::size_t to = HostOf(hosts, mad.destination);
        if ((from == host) == (to == host))
        {
            continue; // others', or of the host with itself, which has one CM for both
        }
        ReplayStep step;
        step.what = from == host ? What::kExpect : What::kFeed;
        step.mad = mad;
        step.message = Decoded(mad.bytes);
        step.peer = from == host ? to : from;
        plan.steps.push_back(std::move(step));
    }
    InferArrivals(plan.steps);
    FindListeners(plan);
    plan.delayedMras = FindDelayedMras(plan.steps);
    plan.timing = GuessTiming(plan.steps, behaviour);
    plan.patience = PatienceOf(plan.steps, behaviour);
    FillTables(plan);
    return plan;
}

} // namespace ibcm::test
