// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_RUN_RECORD_H
#define LAB_RUN_RECORD_H

#include "ib-wire/model/mad.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/**
 * @file
 * What happened in a run: filled in by World, shown by the reports. Everything is in the order in
 * which it happened; times are nanoseconds of simulated time.
 */

namespace lab
{

/** A CM message on its way between two hosts. */
struct MadRecord
{
    std::int64_t sentNs{0};
    std::int64_t receivedNs{-1}; ///< when its handling began; -1: never
    std::string from;            ///< host names
    std::string to;
    std::string kind; ///< "REQ", …
    ibwire::MadBytes bytes{};
    std::string fate; ///< empty: delivered as it was; "drop", "duplicate", "delay 2ms", "corrupt"
    bool retransmission{false};    ///< the same bytes went this way before
    std::uint64_t sentStep{0};     ///< interleave::Engine::Steps() when it was sent
    std::uint64_t receivedStep{0}; ///< and when its handling began; 0: never
};

/** A change of state of a communication id. */
struct StateRecord
{
    std::int64_t atNs{0};
    std::string host;
    std::uint32_t commId{0};
    std::uint32_t remoteCommId{0};
    std::string from;
    std::string to;
    std::string cause; ///< "REP", "send RTU", "REQ timeout", …
};

/** Anything else worth a line: RC data, consumer events. */
struct NoteRecord
{
    std::int64_t atNs{0};
    std::string host;
    std::string peer; ///< empty, or the other end of an arrow
    std::string text;
};

/** How a connection of the scenario ended. */
struct ConnectRecord
{
    std::string name;
    std::string from;
    std::string to;
    std::string outcome; ///< connected, disconnected, rejected, timeout, failed
    unsigned rejectReason{0};
    std::int64_t startedNs{0};
    std::int64_t establishedNs{-1};
    std::int64_t endedNs{-1};
};

/** A broken expectation or promise. */
struct ViolationRecord
{
    std::string kind; ///< "expectation", "deadlock", "leak", …
    std::string text;
};

struct RunRecord
{
    std::string scenarioFile;
    std::string scenarioName;
    std::uint64_t seed{0};
    // The fabric as the subnet manager left it.
    std::size_t switches{0};
    std::size_t channelAdapters{0};
    std::size_t links{0};
    std::int64_t subnetUpNs{0};
    std::uint64_t smps{0}; ///< sent and received by the subnet manager
    std::uint64_t mads{0}; ///< general MADs sent by hosts: CM and SA
    std::int64_t simulatedNs{0};
    double wallSeconds{0}; ///< not part of the digest
    std::uint64_t digest{0};
    std::vector<MadRecord> messages;
    std::vector<StateRecord> states;
    std::vector<NoteRecord> notes;
    std::vector<ConnectRecord> connects;
    std::vector<ViolationRecord> violations;
    /** Of the first violation: interleave::Violation::Signature(). */
    std::string signature;
    /** Where a replay first differed from the run that its log has the trail of; empty: nowhere. */
    std::string difference;
    std::vector<std::string> unusedDecisions; ///< lines of a replayed log whose place never came
    std::size_t decisions{0};                 ///< choices that were not the default
};

} // namespace lab

#endif /* LAB_RUN_RECORD_H */
