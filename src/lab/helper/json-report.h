// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_JSON_REPORT_H
#define LAB_JSON_REPORT_H

#include "lab/model/run-record.h"

#include <nlohmann/json.hpp>

namespace lab
{

/** Keys stay in the order in which they are written. */
using Json = nlohmann::ordered_json;

/**
 * Everything of a run. Times are nanoseconds (keys end in "Ns"; null: never), MADs and the digest
 * are hexadecimal texts, keys are there whatever their value. Only "wallSeconds" differs between
 * two runs with the same digest.
 */
Json JsonReport(const RunRecord& record);

/** As text, indented; what is no UTF-8 in it becomes U+FFFD. */
std::string JsonText(const Json& json);

} // namespace lab

#endif /* LAB_JSON_REPORT_H */
