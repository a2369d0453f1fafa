// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_REPLAY_CHOOSER_H
#define INTERLEAVE_REPLAY_CHOOSER_H

#include "interleave/model/decision-log.h"
#include "interleave/model/place-counter.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace interleave
{

/** A decision of a log that could not be followed. */
struct ReplayProblem
{
    Decision decision;
    /** "its place came up only 3 times", "no option 'run x' here; there are: …". */
    std::string text;
};

/**
 * Follows a decision log: where a place of the log comes up for the n-th time, the option written
 * there; everywhere else it abstains (alone, that means option 0). Decisions whose place never
 * comes up and options that do not exist are reported, not fatal.
 *
 * Made to be run again and again with parts of the log left out: a place is put into words only if
 * it is not a schedule place, and then once a run.
 */
class ReplayChooser final : public PartialChooser
{
  public:
    explicit ReplayChooser(DecisionLog log);

    /** What could not be followed, in order of the log; for a run that has ended. */
    std::vector<ReplayProblem> Problems() const;

    /** How many decisions of the log have been followed in this run. */
    std::size_t Followed() const;

    /** Whether decision @p index of the log has been followed in this run. */
    bool Followed(std::size_t index) const
    {
        return m_fates[index] == Fate::kFollowed;
    }

    /** From the next run on, only the decisions with @p kept[index] count. */
    void Keep(std::vector<bool> kept);

    /** From the next run on, decision @p index wants @p option. */
    void SetOption(std::size_t index, std::string option);

    bool Passive() const override
    {
        return m_keptCount == 0;
    }

    void BeginRun(const Engine& engine) override;
    std::optional<std::uint32_t> Try(ChoicePoint& point) override;

  private:
    enum class Fate : std::uint8_t
    {
        kWaiting,
        kFollowed,
        kNoOption,
    };

    /** The decisions at one place, by occurrence. */
    struct Group
    {
        std::vector<std::pair<std::uint64_t, std::size_t>> decisions; // occurrence, index
        std::size_t next = 0;                                         // of them, to come
        std::uint64_t seen = 0;
    };

    /** Hash of a place's words -> index into m_groups, plus 1; ascending. */
    using Index = std::vector<std::pair<std::uint64_t, std::uint32_t>>;

    static std::uint32_t Find(const Index& index, std::uint64_t hash);
    std::uint32_t GroupOf(const ChoicePoint& point) const;
    void IndexSchedulePlace(std::string_view name, std::uint32_t tag);

    DecisionLog m_log;
    const Engine* m_engine = nullptr;
    Index m_bySchedule; // hashes of the place's parts
    Index m_byText;     // hashes of the place's text
    std::vector<std::uint32_t> m_groupOfDecision;
    std::vector<Group> m_groups;
    std::vector<Fate> m_fates;
    std::vector<bool> m_kept;
    std::size_t m_keptCount;
    std::vector<std::string> m_texts;
    PlaceCounter m_counter;
};

} // namespace interleave

#endif // INTERLEAVE_REPLAY_CHOOSER_H
