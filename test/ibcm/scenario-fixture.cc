// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "scenario-fixture.h"

#include "ibcm/model/compose.h"

#include <algorithm>

namespace ibcm::test
{

using ibwire::CmRej;
using ibwire::CmReq;
using ibwire::RejReason;

CmRej GivesUp(const CmReq& req)
{
    CmRej rej;
    rej.localCommId = req.localCommId;
    rej.messageRejected = ibwire::MessageRejected::kOther;
    rej.reason = RejReason::kTimeout;
    rej.rejectInfoLength = 8;
    for (unsigned i = 0; i < 8; ++i)
    {
        rej.ari[i] = static_cast<std::uint8_t>(req.localCaGuid >> (56 - 8 * i));
    }
    return rej;
}

Scenario::Scenario(const Options& options)
    : Pair(options)
{
}

void Scenario::Clear()
{
    hostA->consumer.react = {};
    hostB->consumer.react = {};
    (void)hostA->cm.Destroy(a);
    (void)hostB->cm.Destroy(b);
    wire.DropAll();
    runtime.RunUntilIdle();
    wire.DropAll();
    ForgetRecords();
}

void Scenario::DestroyAtOnce(Host& host, Handle id)
{
    const Instant before = runtime.Now();
    EXPECT_TRUE(host.cm.Destroy(id));
    EXPECT_EQ(runtime.Now(), before) << "destroying has waited";
    EXPECT_EQ(host.port.Outstanding(), 0U);
}

CmReq Scenario::ReqOnTheWire(unsigned nth)
{
    if (m_model.localCommId == 0)
    {
        const Handle id = Connect();
        m_model = LastSent<CmReq>();
        wire.DropAll();
        DestroyA(id);
        wire.DropAll();
        ForgetRecords();
    }
    CmReq req = m_model;
    req.localCommId = 0x10000 + nth;
    req.localQpn = 0x1000 + nth;
    return req;
}

SeedScenario::SeedScenario(const Options& options)
    : Scenario(options)
{
}

std::uint64_t SeedScenario::DiscardedBy(const Host& host, Discard cause) const
{
    return host.cm.Counters().discarded[static_cast<std::size_t>(cause)];
}

bool SeedScenario::Serves(unsigned nth)
{
    hostB->consumer.react = [](ConnectionManager&, Handle, const Event&)
    { return Disposition::kDestroy; };
    ForgetRecords();
    InjectToB(ReqOnTheWire(nth));
    wire.DropAll();
    const bool told = hostB->consumer.TakeNames() == "REQ_RECEIVED";
    EXPECT_EQ(LastSent<CmRej>().reason, told ? RejReason::kConsumer : RejReason::kInvalidServiceId);
    hostB->consumer.react = {};
    return told;
}

void SeedScenarioEnds::RunToRest()
{
    for (unsigned i = 0; i < 12; ++i)
    {
        Settle();
        (void)hostA->cm.SendDrep(a);
        (void)hostB->cm.SendDrep(b);
        Settle();
        runtime.Advance(std::chrono::seconds(2));
    }
}

void SeedScenarioEnds::ReachRepUnderWay()
{
    ReachA(State::kReqSent);
    ASSERT_TRUE(hostB->cm.SendRep(b, Rep()));
    sent.clear();
}

std::string SeedScenarioEnds::LastWord(std::size_t side) const
{
    const auto mad = std::find_if(
        sent.rbegin(), sent.rend(), [&](const SentMad& one) { return one.from == side; });
    return mad == sent.rend() ? ""
                              : std::string(ibwire::ToString(ibwire::AttributeOf(mad->message)));
}

FollowUp::FollowUp(const Options& options)
    : Scenario(options)
{
}

ReceivedMad FollowUp::MadFrom(std::uint16_t lid, const ibwire::CmMessage& message)
{
    ReceivedMad mad;
    mad.bytes = ComposeMad(message, 77).value();
    mad.replyAddress.dlid = lid;
    return mad;
}

} // namespace ibcm::test
