// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_DECISION_LOG_H
#define INTERLEAVE_DECISION_LOG_H

#include "interleave/model/chooser.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace interleave
{

/** One non-zero choice: at the @p n-th coming up of @p place, @p option. */
struct Decision
{
    PlaceText place;
    std::uint64_t n = 1;
    std::string option;
    /** Line in the file it was read from, 0 if it was not. */
    std::uint32_t line = 0;

    /** "server/worker1 #7 publish cm_id:2 -> run server/worker0". */
    std::string Text() const;
};

/** What is wrong with a log, and where. */
struct LogError
{
    std::uint32_t line = 0;
    std::string text;

    /** "line 7: expected …, found …". */
    std::string Text() const;
};

/**
 * A run, as its list of non-zero choices; see README.md for the text format. Places are named by
 * what happens there and how often it has happened, not by step, so that a log survives changes
 * elsewhere.
 */
struct DecisionLog
{
    /** First line of the format. */
    static constexpr std::string_view kMagic = "weft-replay 1";

    /** "key: value" lines, in order. */
    std::vector<std::pair<std::string, std::string>> headers;
    std::vector<Decision> decisions;

    /** Value of header @p key, nullptr if there is none. */
    const std::string* Header(std::string_view key) const;
    /** Sets or adds header @p key; line breaks in @p value become blanks. */
    void SetHeader(std::string_view key, std::string_view value);

    std::string Format() const;
    static tl::expected<DecisionLog, LogError> Parse(std::string_view text);
};

} // namespace interleave

#endif // INTERLEAVE_DECISION_LOG_H
