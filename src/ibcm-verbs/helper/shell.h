// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SHELL_H
#define IBCM_VERBS_SHELL_H

#include "ibcm-verbs/model/cm-device.h"
#include "ibcm/model/behaviour.h"

#include <iosfwd>

namespace cmverbs
{

/**
 * 'weft-cm shell' (doc/cm-shell.md): serves until 'quit' or the end of the input.
 * @param behaviour of the device's manager.
 * @param input read by a thread of its own; not touched any more after this has returned.
 * @return the exit status: 0, or 3 if the output could not be written.
 */
int RunShell(CmDevice& device,
             ibcm::Behaviour behaviour,
             std::istream& input,
             std::ostream& output);

} // namespace cmverbs

#endif /* IBCM_VERBS_SHELL_H */
