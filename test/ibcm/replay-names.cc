// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "replay-names.h"

namespace ibcm::test
{

namespace
{

/** Messages whose sender makes a transaction id; all others repeat one. */
bool BeginsTransaction(const ibwire::CmMessage& message)
{
    switch (ibwire::AttributeOf(message))
    {
    case ibwire::CmAttribute::kReq:
    case ibwire::CmAttribute::kDreq:
    case ibwire::CmAttribute::kSidrReq:
    case ibwire::CmAttribute::kLap:
        return true;
    default:
        return false;
    }
}

/** The MAD with another transaction and message, and its reserved bits as they were. */
ibwire::MadBytes Rewritten(const ReplayStep& step,
                           std::uint64_t transaction,
                           const ibwire::CmMessage& message)
{
    const ibwire::MadHeader before = ibwire::DecodeHeader(step.mad.bytes);
    ibwire::MadHeader after = before;
    after.transactionId = transaction;
    // Decoded from bytes, so that each value fits its field.
    const ibwire::MadBytes from = ibwire::EncodeCm(before, *step.message).value();
    const ibwire::MadBytes to = ibwire::EncodeCm(after, message).value();
    ibwire::MadBytes bytes = step.mad.bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i)
    {
        bytes[i] ^= static_cast<std::uint8_t>(from[i] ^ to[i]);
    }
    return bytes;
}

} // namespace

std::uint32_t ReplayNames::OurId(std::uint32_t captured) const
{
    const auto found = m_ids.find(captured);
    return found != m_ids.end() ? found->second : captured;
}

std::uint64_t ReplayNames::OurTransaction(std::uint64_t captured) const
{
    const auto found = m_transactions.find(captured);
    return found != m_transactions.end() ? found->second : captured;
}

bool ReplayNames::MayStandFor(std::uint32_t captured, std::uint32_t ours) const
{
    if (const auto found = m_ids.find(captured); found != m_ids.end())
    {
        return found->second == ours;
    }
    return captured == ours || (captured != 0 && ours != 0 && !m_reverse.contains(ours));
}

std::string ReplayNames::Learn(const ReplayStep& step, const ibwire::MadBytes& sent)
{
    const auto message = ibwire::DecodeCm(sent);
    if (!message || !step.message)
    {
        return "";
    }
    const std::uint32_t captured = LocalIdOf(*step.message);
    const std::uint32_t ours = LocalIdOf(*message);
    // What answers without an id of its own repeats the one that it was sent.
    if (captured != 0 && !m_ids.contains(captured))
    {
        if (ours == 0)
        {
            return "the core sends no id of its own";
        }
        if (m_reverse.contains(ours))
        {
            return "the core gives one id to two connections";
        }
        m_ids[captured] = ours;
        m_reverse[ours] = captured;
    }
    if (BeginsTransaction(*step.message))
    {
        // REQ and DREQ of one id may share a transaction on one side and not on the other.
        m_transactions[ibwire::DecodeHeader(step.mad.bytes).transactionId] =
            ibwire::DecodeHeader(sent).transactionId;
    }
    return "";
}

ibwire::MadBytes ReplayNames::Expected(const ReplayStep& step) const
{
    if (!step.message)
    {
        return step.mad.bytes;
    }
    const auto header = ibwire::DecodeHeader(step.mad.bytes);
    ibwire::CmMessage message = *step.message;
    SetLocalId(message, OurId(LocalIdOf(message)));
    return Rewritten(step, OurTransaction(header.transactionId), message);
}

ibwire::MadBytes ReplayNames::Incoming(const ReplayStep& step) const
{
    if (!step.message)
    {
        return step.mad.bytes;
    }
    const auto header = ibwire::DecodeHeader(step.mad.bytes);
    ibwire::CmMessage message = *step.message;
    SetRemoteId(message, OurId(RemoteIdOf(message)));
    return Rewritten(step, OurTransaction(header.transactionId), message);
}

} // namespace ibcm::test
