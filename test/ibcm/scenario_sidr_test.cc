// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// S7, S14 and what followed: questions for the QP of a service, and their answers.
#include "ibcm/model/cm-id.h"
#include "moment.h"
#include "scenario-fixture.h"

#include <map>
#include <variant>

namespace ibcm::test
{
namespace
{

using ibwire::CmAttribute;
using ibwire::CmRej;
using ibwire::MessageRejected;
using ibwire::RejReason;

/** A service that answers questions for its QP. */
class SeedScenarioSidr : public SeedScenario
{
  protected:
    ibwire::CmSidrReq Question(std::uint32_t requestId) const
    {
        ibwire::CmSidrReq req;
        req.requestId = requestId;
        req.pkey = 0xffff;
        req.serviceId = kService;
        return req;
    }
};

// S7. The service id was copied too late, so that the refusal named service 0: clients that look at
// it took it for the answer to another question and asked on. Each status names both ids.
TEST_F(SeedScenarioSidr, S07EveryAnswerNamesTheServiceThatWasAskedFor)
{
    InjectToB(Question(0x77), 0x1234567890);
    EXPECT_EQ(LastSent<ibwire::CmSidrRep>().status, ibwire::SidrStatus::kServiceNotSupported);
    EXPECT_EQ(LastSent<ibwire::CmSidrRep>().requestId, 0x77U);
    EXPECT_EQ(LastSent<ibwire::CmSidrRep>().serviceId, kService);
    EXPECT_EQ(sent.back().header.transactionId, 0x1234567890U);
    EXPECT_EQ(hostB->cm.LiveIds(), 0U);

    ListenB();
    for (std::uint8_t status = 0; status <= 5; ++status)
    {
        InjectToB(Question(0x100U + status));
        const Handle id = hostB->consumer.Last().id;
        created.emplace_back(hostB.get(), id);
        SidrRepParameters answer;
        answer.status = static_cast<ibwire::SidrStatus>(status);
        ASSERT_TRUE(hostB->cm.SendSidrRep(id, answer));
        EXPECT_EQ(LastSent<ibwire::CmSidrRep>().status, answer.status);
        EXPECT_EQ(LastSent<ibwire::CmSidrRep>().requestId, 0x100U + status);
        EXPECT_EQ(LastSent<ibwire::CmSidrRep>().serviceId, kService);
    }
    // And that of a consumer who just lets go.
    InjectToB(Question(0x200));
    DestroyB(hostB->consumer.Last().id);
    EXPECT_EQ(LastSent<ibwire::CmSidrRep>().status, ibwire::SidrStatus::kRejected);
    EXPECT_EQ(LastSent<ibwire::CmSidrRep>().requestId, 0x200U);
    EXPECT_EQ(LastSent<ibwire::CmSidrRep>().serviceId, kService);
}

// The id that a question makes was in the table while its state was set without its lock. Here no
// message reaches it before it is complete, and none has a row for it afterwards.
TEST_F(SeedScenarioSidr, S07NoMessageReachesTheIdOfAQuestion)
{
    ListenB();
    ForEachMoment(
        [&](unsigned nth)
        {
            ForgetRecords();
            Moment moment(runtime);
            moment.AtAny(nth,
                         [&]
                         {
                             if (moment.LastId() == nullptr)
                             {
                                 return;
                             }
                             CmRej rej;
                             rej.remoteCommId = moment.LastId()->localCommId;
                             rej.localCommId = 0x300 + nth;
                             rej.messageRejected = MessageRejected::kOther;
                             rej.reason = RejReason::kConsumer;
                             InjectToB(rej);
                             ibwire::CmDreq dreq;
                             dreq.remoteCommId = rej.remoteCommId;
                             dreq.localCommId = rej.localCommId;
                             InjectToB(dreq);
                         });
            InjectToB(Question(0x300 + nth));
            const bool happened = moment.Withdraw();
            EXPECT_EQ(hostB->consumer.TakeNames(), "SIDR_REQ_RECEIVED") << moment.Where();
            const Handle id = hostB->cm.Inspect().ids.back().id;
            EXPECT_EQ(hostB->cm.StateOf(id), State::kSidrReqRcvd) << moment.Where();
            EXPECT_TRUE(hostB->cm.SendSidrRep(id, {}));
            DestroyB(id);
            wire.DropAll();
            return happened;
        });
}

// S7b. A question that comes again while it is open is one question; after the answer it is a new
// one, as nothing is kept of it.
TEST_F(SeedScenarioSidr, S07bARepeatedQuestionIsToldOnce)
{
    ListenB();
    InjectToB(Question(5));
    InjectToB(Question(5));
    EXPECT_EQ(hostB->consumer.told.size(), 1U);
    const auto kind = KindOf(ibwire::CmAttribute::kSidrReq);
    EXPECT_EQ(hostB->cm.Counters().duplicates[kind], 1U);
    const Handle id = hostB->consumer.Last().id;
    created.emplace_back(hostB.get(), id);
    ASSERT_TRUE(hostB->cm.SendSidrRep(id, {}));
    InjectToB(Question(5));
    ASSERT_EQ(hostB->consumer.told.size(), 2U);
    EXPECT_NE(hostB->consumer.Last().id, id);
    EXPECT_EQ(hostB->cm.Counters().duplicates[kind], 1U);
    DestroyB(hostB->consumer.Last().id);
}

// S14. The node of a SIDR question was taken out of its tree without the tree's lock: two answers
// at once broke it. (That the lock then forced interrupts on has no like here: there are none.) A
// storm of questions and answers, in the midst of each other; after each the tree still knows
// exactly the open questions.
class SeedScenarioStorm : public SeedScenarioEnds
{
  protected:
    static constexpr std::uint32_t kQuestions = 200;

    void Ask(std::uint32_t requestId)
    {
        ibwire::CmSidrReq req;
        req.requestId = requestId;
        req.pkey = 0xffff;
        req.serviceId = kService;
        const std::size_t before = hostB->consumer.told.size();
        InjectToB(req);
        // Others may have been told in its midst.
        for (std::size_t i = before; i < hostB->consumer.told.size(); ++i)
        {
            const Told& one = hostB->consumer.told[i];
            if (std::get<SidrReqReceived>(one.event.parameters).requestId == requestId)
            {
                m_open[requestId] = one.id;
            }
        }
    }

    void AnswerOne(std::uint64_t draw)
    {
        if (m_open.empty())
        {
            return;
        }
        auto at = m_open.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(draw % m_open.size()));
        const Handle id = at->second;
        m_open.erase(at);
        if (draw % 3 == 0)
        {
            DestroyB(id);
            return;
        }
        EXPECT_TRUE(hostB->cm.SendSidrRep(id, {}));
        DestroyB(id);
    }

    /** Each open question is known, and so is that another one is not. */
    void CheckTree()
    {
        const auto kind = KindOf(ibwire::CmAttribute::kSidrReq);
        const std::uint64_t before = hostB->cm.Counters().duplicates[kind];
        const std::size_t told = hostB->consumer.told.size();
        for (const auto& [requestId, id] : m_open)
        {
            Ask(requestId);
            ASSERT_EQ(hostB->cm.StateOf(id), State::kSidrReqRcvd);
        }
        ASSERT_EQ(hostB->cm.Counters().duplicates[kind], before + m_open.size());
        ASSERT_EQ(hostB->consumer.told.size(), told);
        ASSERT_EQ(hostB->cm.LiveIds(), m_open.size() + 1);
    }

    std::map<std::uint32_t, Handle> m_open;
};

TEST_F(SeedScenarioStorm, S14QuestionsAndAnswersInTheMidstOfEachOther)
{
    listener = ListenB();
    StepRuntime draws(14);
    std::uint32_t next = 0;
    while (next < kQuestions || !m_open.empty())
    {
        Moment moment(runtime);
        moment.AtAny(1 + draws.Random() % 12,
                     [&]
                     {
                         if (next < kQuestions && draws.Random() % 2 == 0)
                         {
                             Ask(++next);
                         }
                         else
                         {
                             AnswerOne(draws.Random());
                         }
                     });
        if (next < kQuestions && draws.Random() % 5 < 3)
        {
            Ask(++next);
        }
        else
        {
            AnswerOne(draws.Random());
        }
        moment.Withdraw();
        ASSERT_NO_FATAL_FAILURE(CheckTree());
        wire.DropAll();
        hostB->consumer.told.clear();
    }
    EXPECT_EQ(hostB->cm.LiveIds(), 1U) << "the listener alone";
}

// Questions of two clients were told apart by what is the same for both (2021: the server's GID;
// and on Ethernet the LID, 0): one of them was never answered.
TEST_F(FollowUp, TwoClientsMayUseOneRequestId)
{
    ListenB();
    ibwire::CmSidrReq req;
    req.requestId = 5;
    req.pkey = 0xffff;
    req.serviceId = kService;
    hostB->port.Received(MadFrom(kLidA, req));
    hostB->port.Received(MadFrom(kLidA2, req));
    EXPECT_EQ(hostB->consumer.told.size(), 2U);
    ReceivedMad ethernet = MadFrom(0, req);
    ethernet.replyAddress.hasGrh = true;
    ethernet.replyAddress.dgid = hostA->gid;
    hostB->port.Received(ethernet);
    ethernet.replyAddress.dgid = hostB->gid;
    hostB->port.Received(ethernet);
    hostB->port.Received(ethernet);
    EXPECT_EQ(hostB->consumer.told.size(), 4U);
    EXPECT_EQ(hostB->cm.Counters().duplicates[KindOf(CmAttribute::kSidrReq)], 1U);
    for (const Told& one : hostB->consumer.told)
    {
        DestroyB(one.id);
    }
}

} // namespace
} // namespace ibcm::test
