// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SCENARIO_SCRIPT_H
#define LAB_SCENARIO_SCRIPT_H

#include "lab/model/scenario-table.h"
#include "lab/model/script.h"

#include <span>
#include <string_view>
#include <vector>

namespace lab
{

/** Reads a table [[task]]. @param hosts names of the scenario's. */
TaskSpec ReadTask(ScenarioTable& table,
                  std::span<const std::string_view> hosts,
                  const std::vector<TaskSpec>& earlier);

/** Reads a table [[on]]. */
ReactionSpec ReadReaction(ScenarioTable& table, std::span<const std::string_view> hosts);

/** All that a step can do, by the names that scenarios use; in the order of Verb. */
std::span<const std::string_view> VerbNames();

/** The name that scenarios use for an event: "REQ", "TIMEWAIT_EXIT". */
std::string_view EventName(ibcm::EventType event);

} // namespace lab

#endif /* LAB_SCENARIO_SCRIPT_H */
