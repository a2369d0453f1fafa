// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_COMMAND_H
#define LAB_COMMAND_H

#include "lab/command/output.h"

#include <CLI/CLI.hpp>

#include <functional>

namespace lab
{

/** What a command line asks for, once it has been understood. */
using Action = std::function<ExitStatus(Output&)>;

// Each adds one command, which sets @p action when the command line names it. Both arguments live
// until the action has run.
void AddRunCommand(CLI::App& program, Action& action);
void AddExploreCommand(CLI::App& program, Action& action);
void AddReplayCommand(CLI::App& program, Action& action);
void AddShrinkCommand(CLI::App& program, Action& action);
void AddTopoCommand(CLI::App& program, Action& action);

} // namespace lab

#endif /* LAB_COMMAND_H */
