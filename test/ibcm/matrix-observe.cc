// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What has come of a stimulus, and the checks that are the same for every cell.
#include "matrix-table.h"
#include "matrix-world.h"

namespace ibcm::test::matrix
{

namespace
{

using S = State;

void Append(std::string& list, const std::string& item)
{
    list += (list.empty() || item.empty() ? "" : "; ") + item;
}

template <std::size_t N>
std::uint64_t SumOf(const std::array<std::uint64_t, N>& counters)
{
    std::uint64_t sum = 0;
    for (const std::uint64_t one : counters)
    {
        sum += one;
    }
    return sum;
}

struct CommIds
{
    std::uint32_t local{0};
    std::uint32_t remote{0};
};

/** Those that a message names; SIDR has but one. */
CommIds CommIdsOf(const ibwire::CmMessage& message)
{
    return std::visit(
        [](const auto& one) -> CommIds
        {
            using M = std::decay_t<decltype(one)>;
            if constexpr (std::is_same_v<M, ibwire::CmReq>)
            {
                return {one.localCommId, 0};
            }
            else if constexpr (std::is_same_v<M, ibwire::CmSidrReq>)
            {
                return {one.requestId, 0};
            }
            else if constexpr (std::is_same_v<M, ibwire::CmSidrRep>)
            {
                return {0, one.requestId};
            }
            else
            {
                return {one.localCommId, one.remoteCommId};
            }
        },
        message);
}

} // namespace

std::string MatrixWorld::TextOf(const SentMad& mad) const
{
    std::string text(ibwire::ToString(ibwire::AttributeOf(mad.message)));
    if (const auto* rej = std::get_if<ibwire::CmRej>(&mad.message))
    {
        text += " " + std::to_string(static_cast<unsigned>(rej->reason)) + " of " +
                ibwire::ToString(rej->messageRejected);
        text += rej->localCommId == m_commId ? ", id"
                : rej->localCommId == 0      ? ", no id"
                                             : ", that id";
    }
    else if (const auto* mra = std::get_if<ibwire::CmMra>(&mad.message))
    {
        text += std::string(" of ") + ibwire::ToString(mra->messageMraed);
    }
    else if (const auto* apr = std::get_if<ibwire::CmApr>(&mad.message))
    {
        text += " " + std::to_string(static_cast<unsigned>(apr->status));
    }
    else if (const auto* rep = std::get_if<ibwire::CmSidrRep>(&mad.message))
    {
        text += " " + std::to_string(static_cast<unsigned>(rep->status));
    }
    return text;
}

void MatrixWorld::CheckAnswer(const SentMad& mad) const
{
    using ibwire::CmAttribute;
    const CmAttribute kind = ibwire::AttributeOf(mad.message);
    const CommIds ids = CommIdsOf(mad.message);
    SCOPED_TRACE(TextOf(mad));
    EXPECT_EQ(mad.address.dlid, m_end == 0 ? kLidB : kLidA);
    const bool request = kind == CmAttribute::kReq || kind == CmAttribute::kSidrReq;
    const bool own = kind == CmAttribute::kDreq || kind == CmAttribute::kLap;
    if (request || own)
    {
        EXPECT_EQ(ids.local, m_commId);
        EXPECT_EQ(ids.remote, own ? m_peerCommId : 0U);
        const bool redirected =
            m_stimulus == Stimulus::kRejRedirect || m_stimulus == Stimulus::kSidrRepRedirect;
        if (redirected)
        {
            EXPECT_EQ(mad.header.transactionId, m_injectedTid) << "it is still the same request";
        }
        for (std::size_t i = 0; i < m_historyBefore && !redirected; ++i)
        {
            EXPECT_NE(mad.header.transactionId, history[i].header.transactionId)
                << "a request needs a transaction id of its own";
        }
        return;
    }
    const auto* mra = std::get_if<ibwire::CmMra>(&mad.message);
    const bool ofLap = kind == CmAttribute::kApr ||
                       (mra != nullptr && mra->messageMraed == ibwire::MessageMraed::kLap);
    // What this side has been asked, and has not been asked in the cell itself.
    const std::uint64_t asked = kind == CmAttribute::kDrep ? TidOf<ibwire::CmDreq>(1 - m_end, 0)
                                : ofLap                    ? TidOf<ibwire::CmLap>(1 - m_end, 0)
                                                           : TidOf<ibwire::CmReq>(0, 0);
    if (m_injected)
    {
        // To him who has asked, in his transaction; but an MRA or RTU stays with the message that
        // it answers, whatever comes in between.
        const bool stays = kind == CmAttribute::kMra || kind == CmAttribute::kRtu;
        EXPECT_EQ(ids.remote, m_injectedFrom);
        EXPECT_EQ(mad.header.transactionId, stays ? asked : m_injectedTid);
        return;
    }
    if (m_place.state == S::kSidrReqRcvd)
    {
        EXPECT_EQ(ids.remote,
                  std::get<ibwire::CmSidrReq>(Latest<ibwire::CmSidrReq>(0)->message).requestId);
        EXPECT_EQ(mad.header.transactionId, TidOf<ibwire::CmSidrReq>(0, 0));
        return;
    }
    EXPECT_EQ(ids.local != 0, m_place.state != S::kReqRcvd || kind != CmAttribute::kRej);
    EXPECT_EQ(ids.remote, m_place.KnowsPeer() ? m_peerCommId : 0U);
    EXPECT_EQ(mad.header.transactionId, asked)
        << "an answer belongs to the transaction of what it answers";
}

std::string MatrixWorld::SentByOwn()
{
    std::string text;
    std::size_t again = 0;
    for (const SentMad& mad : sent)
    {
        if (mad.from != m_end)
        {
            continue;
        }
        bool old = false;
        for (std::size_t i = 0; i < m_historyBefore; ++i)
        {
            old = old || (history[i].from == m_end && history[i].bytes == mad.bytes);
        }
        if (old && again < m_retransmissions)
        {
            ++again;
            continue;
        }
        CheckAnswer(mad);
        Append(text, TextOf(mad));
    }
    EXPECT_EQ(again, m_retransmissions) << "retries before the time-out";
    return text;
}

std::string MatrixWorld::CountedFor(const MessageCounters& before) const
{
    const MessageCounters now = m_own->cm.Counters();
    std::string text;
    for (std::size_t i = 0; i < MessageCounters::kKinds; ++i)
    {
        if (now.duplicates[i] != before.duplicates[i])
        {
            const auto kind = static_cast<ibwire::CmAttribute>(0x10 + i);
            Append(text, "duplicate " + std::string(ibwire::ToString(kind)));
            EXPECT_EQ(now.duplicates[i], before.duplicates[i] + 1);
        }
    }
    for (std::size_t i = 0; i < kDiscardCount; ++i)
    {
        if (now.discarded[i] != before.discarded[i])
        {
            Append(text, ToString(static_cast<Discard>(i)));
            EXPECT_EQ(now.discarded[i], before.discarded[i] + 1);
        }
    }
    return text;
}

void MatrixWorld::CheckCounters() const
{
    const MessageCounters now = m_own->cm.Counters();
    EXPECT_EQ(SumOf(now.received), SumOf(m_before.received) + (m_injected ? 1 : 0));
    std::size_t transmitted = 0;
    for (const SentMad& mad : sent)
    {
        transmitted += mad.from == m_end ? 1 : 0;
    }
    EXPECT_EQ(SumOf(now.sent) + SumOf(now.retried),
              SumOf(m_before.sent) + SumOf(m_before.retried) + transmitted);
}

void MatrixWorld::CheckWaits(const Outcome& outcome) const
{
    Place after = m_place;
    after.state = outcome.state;
    after.lap = outcome.lap;
    // Linux stays in LAP_SENT when nobody waits for the APR any more.
    const bool given = m_stimulus == Stimulus::kLapTimeout && m_retransmissions != 0;
    EXPECT_EQ(m_own->port.Outstanding(), !outcome.gone && after.Waits() && !given ? 1U : 0U)
        << "sends that wait for an answer";
    if (m_stimulus == Stimulus::kNotifyMigrated && !m_error)
    {
        EXPECT_TRUE(m_own->cm.SendDreq(m_id));
        EXPECT_EQ(wire.At(wire.InFlight() - 1).from, m_end + 2)
            << "messages take the other port after the migration";
    }
    const bool requesting = outcome.state == S::kReqSent || outcome.state == S::kSidrReqSent;
    const bool redirected =
        m_stimulus == Stimulus::kRejRedirect || m_stimulus == Stimulus::kSidrRepRedirect;
    if (redirected && requesting && m_injected && !outcome.sent.empty())
    {
        CheckRedirected();
    }
    const bool granted = outcome.events == "MRA_RECEIVED";
    if (granted)
    {
        using ibwire::CmAttribute;
        const CmAttribute kind = outcome.state == S::kMraReqRcvd   ? CmAttribute::kReq
                                 : outcome.state == S::kMraRepRcvd ? CmAttribute::kRep
                                                                   : CmAttribute::kLap;
        const auto progress = m_port->Progress(m_port->LatestOf(kind).token);
        EXPECT_GT(progress->untilNext, std::chrono::seconds(60)) << "the MRA has asked for 68 s";
    }
}

void MatrixWorld::CheckRedirected() const
{
    using ibwire::CmAttribute;
    const bool sidr = m_place.state == S::kSidrReqSent;
    const auto progress =
        m_port->Progress(m_port->LatestOf(sidr ? CmAttribute::kSidrReq : CmAttribute::kReq).token);
    ASSERT_TRUE(progress);
    EXPECT_EQ(progress->transmissions, 1U);
    EXPECT_EQ(progress->retriesLeft, unsigned{kRetries});
    if (!sidr)
    {
        // 4.096 us * 2^n: there and back, and the peer's time to answer.
        const Duration wait =
            2 * Duration{4096LL << kLifeTime} + Duration{4096LL << kResponseTimeout};
        EXPECT_EQ(progress->untilNext, wait) << "whatever the MRA of the first CM has asked for";
    }
}

void MatrixWorld::CheckPeers(const Outcome& outcome) const
{
    constexpr StateSet kWithout =
        In(S::kIdle, S::kListen, S::kReqSent, S::kMraReqRcvd, S::kSidrReqSent, S::kSidrReqRcvd);
    bool remembered = !Contains(kWithout, outcome.state);
    if (outcome.gone)
    {
        // Nothing was agreed on before the REP; after it the QP may have been used.
        remembered = !Contains(
            kWithout | In(S::kReqRcvd, S::kMraReqSent, S::kRepRcvd, S::kMraRepSent), m_place.state);
    }
    const std::size_t fresh = outcome.others == "REQ_RECEIVED" ? 1 : 0;
    // What Linux has put aside for TIMEWAIT is there until that is over.
    EXPECT_EQ(m_own->cm.PeerRecords(), (remembered ? 1U : 0U) + fresh) << "peers remembered";
}

Outcome MatrixWorld::Observe()
{
    Outcome outcome;
    const auto state = m_own->cm.StateOf(m_id);
    outcome.gone = !state;
    outcome.state = state.value_or(S::kIdle);
    outcome.lap = m_own->cm.LapStateOf(m_id).value_or(LapState::kUninit);
    for (const Told& told : m_own->consumer.told)
    {
        Append(told.id == m_id ? outcome.events : outcome.others, ToString(told.event.type));
        if (told.id != m_id)
        {
            EXPECT_EQ(m_own->cm.StateOf(told.id),
                      told.event.type == EventType::kReqReceived ? S::kReqRcvd : S::kSidrReqRcvd);
        }
    }
    outcome.sent = SentByOwn();
    outcome.counted = CountedFor(m_before);
    outcome.error = m_error;
    CheckCounters();
    CheckWaits(outcome);
    CheckPeers(outcome);
    return outcome;
}

void MatrixWorld::Finish()
{
    TearDown();
}

} // namespace ibcm::test::matrix
