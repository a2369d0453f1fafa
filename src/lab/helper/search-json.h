// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SEARCH_JSON_H
#define LAB_SEARCH_JSON_H

#include "interleave/model/strategy/divisible-search.h"
#include "lab/helper/json-report.h"
#include "lab/helper/search-dealer.h"

namespace lab
{

Json ToJson(const interleave::SearchPart& part);
Json ToJson(const interleave::SearchRest& rest);
Json ToJson(const SearchDealer::State& state);

/** The reverse. Throws Json::exception or std::exception for what ToJson() has not written. */
interleave::SearchPart SearchPartFromJson(const Json& json);
interleave::SearchRest SearchRestFromJson(const Json& json);
SearchDealer::State SearchStateFromJson(const Json& json);

} // namespace lab

#endif /* LAB_SEARCH_JSON_H */
