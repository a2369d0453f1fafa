// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SEARCH_JSON_H
#define LAB_SEARCH_JSON_H

#include "interleave/model/strategy/divisible-search.h"
#include "lab/helper/json-report.h"

namespace lab
{

Json ToJson(const interleave::SearchPart& part);
Json ToJson(const interleave::SearchRest& rest);

/** The reverse. Throws Json::exception for what ToJson() has not written. */
interleave::SearchPart SearchPartFromJson(const Json& json);
interleave::SearchRest SearchRestFromJson(const Json& json);

} // namespace lab

#endif /* LAB_SEARCH_JSON_H */
