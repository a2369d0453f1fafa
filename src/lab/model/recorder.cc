// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/recorder.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace lab
{

namespace
{

MessageCoverage::What WhatBefell(Fate::Kind fate)
{
    using What = MessageCoverage::What;
    switch (fate)
    {
    case Fate::Kind::kDrop:
        return What::kDropped;
    case Fate::Kind::kDuplicate:
        return What::kDuplicated;
    case Fate::Kind::kCorrupt:
        return What::kCorrupted;
    case Fate::Kind::kDelay:
        return What::kDelayed;
    case Fate::Kind::kReorder:
        return What::kReordered;
    default:
        return What::kSent; // what befalls hosts does not come here
    }
}

} // namespace

std::string MessageName(const ibwire::MadBytes& mad)
{
    return ibwire::MadKindName(mad);
}

Recorder::Recorder(interleave::Engine& engine,
                   RunRecord& record,
                   interleave::Digest& digest,
                   bool keep)
    : m_engine(engine),
      m_record(record),
      m_digest(digest),
      m_keep(keep)
{
}

Recorder::Direction& Recorder::DirectionOf(const std::string& from, const std::string& to)
{
    return m_directions[{from, to}];
}

void Recorder::Sent(const std::string& from, const std::string& to, const ibwire::MadBytes& mad)
{
    const interleave::EngineScope scope;
    NoteSent(from, to, mad);
    if (m_tap != nullptr)
    {
        m_tap->Sent(from, mad); // last: somebody may wait for it, and go on
    }
}

void Recorder::NoteSent(const std::string& from, const std::string& to, const ibwire::MadBytes& mad)
{
    ++m_record.mads;
    if (m_coverage != nullptr)
    {
        CountSent(from, mad);
    }
    if (m_mix)
    {
        m_digest.Mix(mad);
    }
    if (!m_keep)
    {
        return;
    }
    MadRecord message;
    message.sentNs = m_engine.NowNs();
    message.sentStep = m_engine.Steps();
    message.from = from;
    message.to = to;
    message.kind = MessageName(mad);
    message.bytes = mad;
    message.retransmission =
        std::any_of(m_record.messages.begin(),
                    m_record.messages.end(),
                    [&](const MadRecord& other)
                    { return other.from == from && other.to == to && other.bytes == mad; });
    m_record.messages.push_back(std::move(message));
    DirectionOf(from, to).undecided.push_back(m_record.messages.size() - 1);
}

void Recorder::CountSent(const std::string& from, const ibwire::MadBytes& mad)
{
    // Told apart within the run only: what is quick, not what is the same everywhere.
    const std::string_view bytes(reinterpret_cast<const char*>(mad.data()), mad.size());
    const std::uint64_t key =
        std::hash<std::string_view>{}(bytes) ^ interleave::MixBits(std::hash<std::string>{}(from));
    bool& before = m_sentBefore.At(key).seen;
    const auto attribute = ibwire::DecodeHeader(mad).attributeId;
    m_coverage->Messages().Count(
        attribute, before ? MessageCoverage::What::kRepeated : MessageCoverage::What::kSent);
    before = true;
}

void Recorder::Decided(const std::string& from,
                       const std::string& to,
                       const ibwire::MadBytes& mad,
                       const Fate& fate)
{
    const interleave::EngineScope scope;
    if (m_coverage != nullptr && fate.kind != Fate::Kind::kDeliver)
    {
        m_coverage->Messages().Count(ibwire::DecodeHeader(mad).attributeId, WhatBefell(fate.kind));
    }
    if (!m_keep)
    {
        return;
    }
    Direction& direction = DirectionOf(from, to);
    const auto it =
        std::find_if(direction.undecided.begin(),
                     direction.undecided.end(),
                     [&](std::size_t index) { return m_record.messages[index].bytes == mad; });
    if (it == direction.undecided.end())
    {
        return;
    }
    const std::size_t index = *it;
    direction.undecided.erase(it);
    if (fate.kind != Fate::Kind::kDeliver)
    {
        m_record.messages[index].fate = fate.Text();
    }
    if (fate.kind == Fate::Kind::kDrop || fate.kind == Fate::Kind::kCorrupt)
    {
        return;
    }
    direction.underWay.push_back(index);
}

void Recorder::Received(const std::string& from, const std::string& to, const ibwire::MadBytes& mad)
{
    const interleave::EngineScope scope;
    // What it says was mixed in when it was sent; what is new is that it comes now.
    if (m_mix)
    {
        m_digest.Mix(ibwire::DecodeHeader(mad).transactionId);
    }
    if (!m_keep)
    {
        return;
    }
    Direction& direction = DirectionOf(from, to);
    const auto it =
        std::find_if(direction.underWay.begin(),
                     direction.underWay.end(),
                     [&](std::size_t index) { return m_record.messages[index].bytes == mad; });
    if (it == direction.underWay.end())
    {
        // The second of two copies: the first one was written down.
        return;
    }
    m_record.messages[*it].receivedNs = m_engine.NowNs();
    m_record.messages[*it].receivedStep = m_engine.Steps();
    direction.underWay.erase(it);
}

void Recorder::Stepped(const std::string& host, const ibcm::TransitionTrace& step)
{
    const interleave::EngineScope scope;
    if (m_coverage != nullptr)
    {
        m_coverage->Count(step.from, step.input);
    }
    if (m_mix)
    {
        m_digest.Mix((static_cast<std::uint64_t>(step.localCommId) << 32) |
                     (static_cast<std::uint64_t>(step.from) << 16) |
                     (static_cast<std::uint64_t>(step.to) << 8) |
                     static_cast<std::uint64_t>(step.input));
    }
    if (!m_keep)
    {
        return;
    }
    m_record.states.push_back({m_engine.NowNs(),
                               host,
                               step.localCommId,
                               step.remoteCommId,
                               ibcm::ToString(step.from),
                               ibcm::ToString(step.to),
                               ibcm::ToString(step.input)});
}

void Recorder::Stayed(const ibcm::TransitionTrace& step)
{
    if (m_coverage != nullptr)
    {
        m_coverage->Count(step.from, step.input);
    }
}

void Recorder::Note(const std::string& host, const std::string& peer, std::string_view text)
{
    const interleave::EngineScope scope;
    if (m_mix)
    {
        m_digest.Mix(interleave::HashText(text));
    }
    if (m_keep)
    {
        m_record.notes.push_back({m_engine.NowNs(), host, peer, std::string(text)});
    }
}

} // namespace lab
