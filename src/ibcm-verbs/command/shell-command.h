// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SHELL_COMMAND_H
#define IBCM_VERBS_SHELL_COMMAND_H

#include "ibcm-verbs/command/command.h"

namespace cmverbs
{

/** shell: sets @p action when the command line names it. Both live until the action has run. */
void AddShellCommand(CLI::App& program, Action& action);

} // namespace cmverbs

#endif /* IBCM_VERBS_SHELL_COMMAND_H */
