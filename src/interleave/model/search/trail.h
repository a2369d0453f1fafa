// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_TRAIL_H
#define INTERLEAVE_TRAIL_H

#include "interleave/model/digest.h"
#include "interleave/model/engine.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace interleave
{

/**
 * The marks that a run leaves for its replay to be compared with: a byte of its rolling digest
 * after every `spacing` operations, and the whole digest at the end. As a header of a decision log:
 * `trail: 4 57 9f03…a1 5c0e…` (spacing, operations, marks, digest).
 */
struct Trail
{
    static constexpr const char* kHeader = "trail";
    /** A trail has at most this many marks, so that it stays a few lines of text. */
    static constexpr std::size_t kMarks = 128;

    std::uint64_t spacing = 1;
    std::uint64_t operations = 0;
    std::vector<std::uint8_t> marks;
    std::uint64_t digest = 0;

    std::string Format() const;
    /** The error says what was expected. */
    static tl::expected<Trail, std::string> Parse(std::string_view text);
};

/**
 * Leaves a trail; and, given one of an earlier run, finds the first place where this run differs
 * from that. Operations are told apart by task, kind, object, read or write, and simulated time.
 */
class TrailObserver final : public Observer
{
  public:
    TrailObserver() = default;
    /** Compares with @p expected. */
    explicit TrailObserver(Trail expected);

    void OnOp(const OpEvent& event) override;

    /** Before each run. */
    void Clear();

    /** Of the run so far. */
    Trail Get() const;

    /**
     * Where the run first differs from the expected one, for a run that has ended: "operations 65
     * to 68, from 'server/worker0 lock cm_id:2' on: step 70, 12000 ns". Empty: nowhere.
     */
    std::string Difference() const;

  private:
    void Thin();
    void Compare(const OpEvent& event);

    Digest m_digest;
    Trail m_trail;
    std::optional<Trail> m_expected;
    std::string m_windowStart; // the first operation since the last mark that agreed
    std::string m_difference;
};

} // namespace interleave

#endif // INTERLEAVE_TRAIL_H
