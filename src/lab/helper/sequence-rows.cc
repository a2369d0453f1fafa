// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/sequence-rows.h"

#include "lab/helper/message-text.h"

#include <algorithm>
#include <map>

namespace lab
{

namespace
{

using Kind = SequenceRow::Kind;

/** Rows by the instants at which one of their ends can change its state. */
using Instants = std::multimap<std::int64_t, std::size_t>;

/** Everything that has a time, sorted. */
std::vector<std::int64_t> TimesOf(const RunRecord& record)
{
    std::vector<std::int64_t> times;
    for (const MadRecord& message : record.messages)
    {
        times.push_back(message.sentNs);
        if (message.receivedNs >= 0)
        {
            times.push_back(message.receivedNs);
        }
    }
    for (const StateRecord& state : record.states)
    {
        times.push_back(state.atNs);
    }
    for (const NoteRecord& note : record.notes)
    {
        times.push_back(note.atNs);
    }
    std::ranges::sort(times);
    return times;
}

void Sort(std::vector<SequenceRow>& rows)
{
    // At one instant, what lets a host send something comes before what it sends: the order of
    // Kind.
    std::ranges::stable_sort(rows,
                             [](const SequenceRow& a, const SequenceRow& b)
                             { return a.atNs != b.atNs ? a.atNs < b.atNs : a.kind < b.kind; });
}

std::vector<SequenceRow> RowsWithoutStates(const RunRecord& record)
{
    const std::vector<std::int64_t> times = TimesOf(record);
    std::vector<SequenceRow> rows;
    for (std::size_t i = 0; i < record.messages.size(); ++i)
    {
        const MadRecord& message = record.messages[i];
        const auto next = std::ranges::upper_bound(times, message.sentNs);
        const bool received = message.receivedNs >= 0;
        const bool arrives = received && (next == times.end() || *next >= message.receivedNs);
        rows.push_back({message.sentNs, Kind::kMessage, i, arrives, {}});
        if (received && !arrives)
        {
            rows.push_back({message.receivedNs, Kind::kArrival, i, true, {}});
        }
    }
    for (std::size_t i = 0; i < record.notes.size(); ++i)
    {
        const NoteRecord& note = record.notes[i];
        rows.push_back({note.atNs, note.peer.empty() ? Kind::kRemark : Kind::kData, i, false, {}});
    }
    Sort(rows);
    return rows;
}

Instants InstantsOf(const RunRecord& record, const std::vector<SequenceRow>& rows)
{
    Instants instants;
    for (std::size_t i = 0; i < rows.size(); ++i)
    {
        if (rows[i].kind != Kind::kMessage && rows[i].kind != Kind::kArrival)
        {
            continue;
        }
        const MadRecord& message = record.messages[rows[i].index];
        instants.emplace(rows[i].atNs, i);
        if (rows[i].kind == Kind::kMessage && rows[i].arrives &&
            message.receivedNs != message.sentNs)
        {
            instants.emplace(message.receivedNs, i);
        }
    }
    return instants;
}

/** How well a change of state belongs to a row's message; 0: not at all. */
int Fit(const StateRecord& state, const SequenceRow& row, const MadRecord& message)
{
    const bool taken = std::ranges::any_of(
        row.states, [&](const ReachedState& reached) { return reached.host == state.host; });
    if (taken)
    {
        return 0;
    }
    const CommIds ids = CommIdsOf(message.bytes);
    if (row.kind == Kind::kMessage && message.from == state.host && message.sentNs == state.atNs)
    {
        const bool sameId = ids.local == state.commId;
        const bool sameCause = state.cause == "send " + message.kind;
        return sameCause ? (sameId ? 3 : 2) : (sameId && state.cause == "destroy" ? 1 : 0);
    }
    if (row.arrives && message.to == state.host && message.receivedNs == state.atNs)
    {
        // A REQ knows no id of its receiver yet, but the new id knows the sender's.
        const bool sameId =
            ids.remote == state.commId || (ids.remote == 0 && ids.local == state.remoteCommId);
        return state.cause.starts_with(message.kind) ? (sameId ? 3 : 2) : 0;
    }
    return 0;
}

bool IsWorthTelling(const StateRecord& state)
{
    return state.from != state.to && !(state.from == "LISTEN" && state.cause == "destroy");
}

} // namespace

std::vector<SequenceRow> SequenceRows(const RunRecord& record)
{
    std::vector<SequenceRow> rows = RowsWithoutStates(record);
    const Instants instants = InstantsOf(record, rows);
    std::vector<SequenceRow> alone;
    for (std::size_t i = 0; i < record.states.size(); ++i)
    {
        const StateRecord& state = record.states[i];
        if (!IsWorthTelling(state))
        {
            continue;
        }
        SequenceRow* home = nullptr;
        int best = 0;
        const auto [begin, end] = instants.equal_range(state.atNs);
        for (auto it = begin; it != end; ++it)
        {
            SequenceRow& row = rows[it->second];
            const int fit = Fit(state, row, record.messages[row.index]);
            if (fit > best)
            {
                best = fit;
                home = &row;
            }
        }
        if (home != nullptr)
        {
            home->states.push_back({state.host, state.to});
        }
        else
        {
            alone.push_back({state.atNs, Kind::kState, i, false, {{state.host, state.to}}});
        }
    }
    rows.insert(rows.end(), alone.begin(), alone.end());
    Sort(rows);
    return rows;
}

} // namespace lab
