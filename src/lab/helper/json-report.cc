// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/json-report.h"

#include "lab/helper/message-text.h"
#include "lab/helper/summary-report.h"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace lab
{

namespace
{

Json TimeOrNull(std::int64_t ns)
{
    return ns < 0 ? Json() : Json(ns);
}

std::string HexOf(const ibwire::MadBytes& bytes)
{
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes)
    {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 0xf];
    }
    return text;
}

std::string IdText(std::uint32_t commId)
{
    return fmt::format("{:#010x}", commId);
}

Json ToJson(const MadRecord& message)
{
    const CommIds ids = CommIdsOf(message.bytes);
    return {{"kind", message.kind},
            {"from", message.from},
            {"to", message.to},
            {"sentNs", message.sentNs},
            {"receivedNs", TimeOrNull(message.receivedNs)},
            {"fate", message.fate.empty() ? "deliver" : message.fate},
            {"retransmission", message.retransmission},
            {"localCommId", IdText(ids.local)},
            {"remoteCommId", IdText(ids.remote)},
            {"bytes", HexOf(message.bytes)}};
}

Json ToJson(const StateRecord& state)
{
    return {{"atNs", state.atNs},
            {"host", state.host},
            {"localCommId", IdText(state.commId)},
            {"remoteCommId", IdText(state.remoteCommId)},
            {"from", state.from},
            {"to", state.to},
            {"cause", state.cause}};
}

Json ToJson(const NoteRecord& note)
{
    return {{"atNs", note.atNs},
            {"host", note.host},
            {"peer", note.peer.empty() ? Json() : Json(note.peer)},
            {"text", note.text}};
}

Json ToJson(const ConnectRecord& connect)
{
    return {{"name", connect.name},
            {"from", connect.from},
            {"to", connect.to},
            {"outcome", connect.outcome},
            {"rejectReason", connect.rejectReason},
            {"startedNs", connect.startedNs},
            {"establishedNs", TimeOrNull(connect.establishedNs)},
            {"endedNs", TimeOrNull(connect.endedNs)}};
}

Json ToJson(const ViolationRecord& violation)
{
    return {{"kind", violation.kind}, {"text", violation.text}};
}

template <class T>
Json ListOf(const std::vector<T>& records)
{
    Json list = Json::array();
    for (const T& record : records)
    {
        list.push_back(ToJson(record));
    }
    return list;
}

} // namespace

Json JsonReport(const RunRecord& record)
{
    return {{"scenario", {{"file", record.scenarioFile}, {"name", record.scenarioName}}},
            {"seed", record.seed},
            {"digest", DigestText(record.digest)},
            {"fabric",
             {{"switches", record.switches},
              {"channelAdapters", record.channelAdapters},
              {"links", record.links},
              {"subnetUpNs", record.subnetUpNs},
              {"smps", record.smps}}},
            {"mads", record.mads},
            {"decisions", record.decisions},
            {"simulatedNs", record.simulatedNs},
            {"wallSeconds", record.wallSeconds},
            {"connects", ListOf(record.connects)},
            {"violations", ListOf(record.violations)},
            {"unusedDecisions", Json(record.unusedDecisions)},
            {"messages", ListOf(record.messages)},
            {"states", ListOf(record.states)},
            {"notes", ListOf(record.notes)}};
}

std::string JsonText(const Json& json)
{
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace lab
