// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_REPLAY_CHOOSER_H
#define INTERLEAVE_REPLAY_CHOOSER_H

#include "interleave/model/decision-log.h"
#include "interleave/model/place-counter.h"

#include <cstdint>
#include <map>
#include <string>
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
 */
class ReplayChooser final : public PartialChooser
{
  public:
    explicit ReplayChooser(DecisionLog log);

    /** What could not be followed, in order of the log; for a run that has ended. */
    std::vector<ReplayProblem> Problems() const;

    /** How many decisions of the log have been followed in this run. */
    std::size_t Followed() const;

    bool Passive() const override
    {
        return m_log.decisions.empty();
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
        std::map<std::uint64_t, std::size_t> byOccurrence;
        std::uint64_t seen = 0;
    };

    DecisionLog m_log;
    std::map<std::string, std::uint32_t> m_groupOf; // place name -> index into m_groups, plus 1
    std::vector<Group> m_groups;
    std::vector<Fate> m_fates;
    std::vector<std::string> m_texts;
    PlaceCounter m_counter;
};

} // namespace interleave

#endif // INTERLEAVE_REPLAY_CHOOSER_H
