// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_LAB_RECORD_TEXT_H
#define TEST_LAB_RECORD_TEXT_H

#include "lab/model/run-record.h"

#include <string>

namespace lab
{

/** One line for each violation of a run: "kind: text". */
inline std::string Violations(const RunRecord& record)
{
    std::string text;
    for (const auto& violation : record.violations)
    {
        text += violation.kind + ": " + violation.text + "\n";
    }
    return text;
}

/** One line for each note of a run: "host: text". */
inline std::string Notes(const RunRecord& record)
{
    std::string text;
    for (const auto& note : record.notes)
    {
        text += note.host + ": " + note.text + "\n";
    }
    return text;
}

} // namespace lab

#endif /* TEST_LAB_RECORD_TEXT_H */
