// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SEQUENCE_ROWS_H
#define LAB_SEQUENCE_ROWS_H

#include "lab/model/run-record.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lab
{

/** A state that a host's connection has reached. */
struct ReachedState
{
    std::string host;
    std::string state;
};

/** One row of a message sequence. */
struct SequenceRow
{
    enum class Kind
    {
        kArrival, ///< of a message that other things happened before
        kRemark,  ///< a note of one host
        kState,   ///< reached without a message, or with none that is known
        kMessage,
        kData, ///< a note from host to host
    };

    std::int64_t atNs{0};
    Kind kind{Kind::kState};
    std::size_t index{0};             ///< into RunRecord's messages, notes or states
    bool arrives{false};              ///< of kMessage: it is received before anything else happens
    std::vector<ReachedState> states; ///< what the row's message changed, at its ends
};

/**
 * What happened in a run, in the order in which it is best told. A state change stands in the row
 * of the message that caused it or that announces it. Steps that change no state, and the end of
 * listeners when everything is taken down, are left out.
 */
std::vector<SequenceRow> SequenceRows(const RunRecord& record);

} // namespace lab

#endif /* LAB_SEQUENCE_ROWS_H */
