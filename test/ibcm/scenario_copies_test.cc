// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// S9: a REQ that comes again, in the midst of its answer.
#include "moment.h"
#include "scenario-fixture.h"

#include <functional>
#include <string>
#include <vector>

namespace ibcm::test
{
namespace
{

using ibwire::CmReq;
using ibwire::RejReason;

// S9. The state was peeked at without its lock when a REQ came again, next to an answer under way.
// The copy is seen before the answer or after it, never in between: the answer once, or twice.
class SeedScenarioCopies : public SeedScenarioEnds
{
  protected:
    /** A REQ that B has told of; its copies are under this transaction. */
    void Ask(unsigned nth)
    {
        ReqParameters parameters = Req();
        parameters.localQpn = kQpnA + nth;
        a = Connect(parameters);
        m_req = LastSent<CmReq>();
        m_transaction = sent.back().header.transactionId;
        Settle();
        b = Accepted();
        ForgetRecords();
    }

    void Copy()
    {
        InjectToB(m_req, m_transaction);
    }

    struct Answer
    {
        std::function<void()> send;
        const char* before; ///< sent if the copy comes before it
        const char* after;
        bool mayNest; ///< may run while the copy is being handled
    };

    std::vector<Answer> Answers()
    {
        return {
            {[this] { EXPECT_TRUE(hostB->cm.SendRep(b, Rep())); }, "B>REP", "B>REP B>REP", true},
            {[this] { EXPECT_TRUE(hostB->cm.SendMra(b, {})); }, "B>MRA", "B>MRA B>MRA", true},
            {[this] { EXPECT_TRUE(hostB->cm.SendRej(b, RejReason::kConsumer)); },
             "B>REJ",
             "B>REJ",
             true},
            {[this] { DestroyB(b); }, "B>REJ", "B>REJ", false},
        };
    }

    void Check(const Answer& answer, const std::string& where)
    {
        const std::string names = TakeSent();
        m_before += names == answer.before ? 1 : 0;
        m_after += names == answer.after ? 1 : 0;
        EXPECT_TRUE(names == answer.before || names == answer.after) << names << " at " << where;
        // A copy that comes after a REJ is a request as good as any.
        EXPECT_TRUE(hostB->consumer.told.empty() ||
                    hostB->consumer.told[0].event.type == EventType::kReqReceived)
            << where;
        for (const Told& one : hostB->consumer.told)
        {
            EXPECT_TRUE(hostB->cm.Destroy(one.id));
        }
    }

    unsigned m_before{0};
    unsigned m_after{0};

  private:
    CmReq m_req;
    std::uint64_t m_transaction{0};
};

TEST_F(SeedScenarioCopies, S09ACopyOfTheReqInTheMidstOfItsAnswer)
{
    listener = ListenB();
    unsigned qpn = 0;
    for (const Answer& answer : Answers())
    {
        m_before = 0;
        m_after = 0;
        ForEachMoment(
            [&](unsigned nth)
            {
                Ask(++qpn);
                Moment moment(runtime);
                moment.AtAny(nth, [&] { Copy(); });
                answer.send();
                const bool happened = moment.Withdraw();
                Check(answer, moment.Where());
                Clear();
                return happened;
            });
        EXPECT_GE(m_before, 2U);
        EXPECT_GE(m_after, 1U);
    }
}

TEST_F(SeedScenarioCopies, S09AnAnswerInTheMidstOfACopyOfTheReq)
{
    listener = ListenB();
    unsigned qpn = 0;
    for (const Answer& answer : Answers())
    {
        if (!answer.mayNest)
        {
            continue; // it would wait for the copy, which stands still here
        }
        ForEachMoment(
            [&](unsigned nth)
            {
                Ask(++qpn);
                Moment moment(runtime);
                moment.AtAny(nth, answer.send);
                Copy();
                const bool happened = moment.Withdraw();
                if (happened)
                {
                    Check(answer, moment.Where());
                }
                Clear();
                return happened;
            });
    }
}

// After an MRA the copy is due one, until the REP is out: never an MRA that comes after the REP.
TEST_F(SeedScenarioCopies, S09ACopyIsNotAnsweredByAStateThatIsOver)
{
    listener = ListenB();
    unsigned qpn = 0;
    ForEachMoment(
        [&](unsigned nth)
        {
            Ask(++qpn);
            EXPECT_TRUE(hostB->cm.SendMra(b, {}));
            wire.DropAll();
            sent.clear();
            Moment moment(runtime);
            moment.AtAny(nth, [&] { EXPECT_TRUE(hostB->cm.SendRep(b, Rep())); });
            Copy();
            const bool happened = moment.Withdraw();
            const std::string names = TakeSent();
            EXPECT_TRUE(names == (happened ? "B>REP B>REP" : "B>MRA") || names == "B>MRA B>REP")
                << names << " at " << moment.Where();
            Clear();
            return happened;
        });
}

} // namespace
} // namespace ibcm::test
