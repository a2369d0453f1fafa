// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SEQUENCE_REPORT_H
#define LAB_SEQUENCE_REPORT_H

#include "lab/model/run-record.h"

#include <cstddef>
#include <string>

namespace lab
{

struct SequenceOptions
{
    bool colour{false};
    std::size_t width{100};    ///< columns, 80 or more
    std::size_t mostRows{200}; ///< what is beyond is counted, not drawn
};

/**
 * The message sequence of a run as a drawing: a lifeline a host, an arrow a message, with the
 * states that its ends reach, in simulated milliseconds. With more than eight hosts, as a list.
 */
std::string SequenceReport(const RunRecord& record, const SequenceOptions& options);

} // namespace lab

#endif /* LAB_SEQUENCE_REPORT_H */
