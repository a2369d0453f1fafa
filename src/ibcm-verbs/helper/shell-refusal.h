// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SHELL_REFUSAL_H
#define IBCM_VERBS_SHELL_REFUSAL_H

#include "ibcm-verbs/model/verbs-error.h"
#include "ibcm/model/status.h"

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace cmverbs
{

/** Why a command is refused, or comes to nothing later. */
struct ShellRefusal
{
    int code{0};        ///< of <cerrno>, positive, as a program that uses rdma_cm would get it
    std::string text{}; ///< for a person; empty: what the code says
};

template <class T>
using ShellResult = tl::expected<T, ShellRefusal>;

ShellRefusal RefusalFrom(ibcm::CmError error);
ShellRefusal RefusalFrom(const VerbsError& error);

/** "err VERB ERRNO NAME: TEXT" */
std::string RefusalLine(std::string_view verb, const ShellRefusal& refusal);

} // namespace cmverbs

#endif /* IBCM_VERBS_SHELL_REFUSAL_H */
