// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_COMMAND_H
#define IBCM_VERBS_COMMAND_H

#include "ibcm-verbs/helper/cm-host.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace cmverbs
{

/** What the process reports to who called it. */
enum class ExitStatus
{
    kFine = 0,
    kPeer = 1,   ///< the peer, the way to it, or what it sent
    kUsage = 2,  ///< the command line, the device, the address
    kBroken = 3, ///< weft-cm itself
};

/** What a command line asks for, once it has been understood. */
using Action = std::function<ExitStatus()>;

// Each adds commands, which set @p action when the command line names them. Both arguments live
// until the action has run.
void AddListenCommand(CLI::App& program, Action& action);
/** connect, ping and storm. */
void AddCallCommands(CLI::App& program, Action& action);

/** One line on stderr. */
void Complain(const std::string& what);
/** The same with the system's words for the error; kUsage. */
ExitStatus Complain(const VerbsError& error);

/** One line on stdout, at once. */
void Say(const std::string& what);

/** For SIGUSR1: the host's Dump on stderr. */
void PrintDump(CmHost& host);

} // namespace cmverbs

#endif /* IBCM_VERBS_COMMAND_H */
