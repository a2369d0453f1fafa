// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/shell-refusal.h"

#include "ibcm-verbs/helper/shell-words.h"

#include <fmt/format.h>

#include <cerrno>

namespace cmverbs
{

namespace
{

int ErrnoOf(ibcm::CmError error)
{
    switch (error)
    {
    case ibcm::CmError::kInvalidHandle:
        return ENOENT;
    case ibcm::CmError::kAddressInUse:
        return EADDRINUSE;
    case ibcm::CmError::kNoPort:
        return ENODEV;
    case ibcm::CmError::kNoPkey:
        return ENOENT;
    case ibcm::CmError::kNoResources:
        return ENOMEM;
    case ibcm::CmError::kSendFailed:
        return EIO;
    case ibcm::CmError::kAlreadyConnected:
        return EISCONN;
    case ibcm::CmError::kWouldDeadlock:
        return EDEADLK;
    case ibcm::CmError::kInvalidState:
    case ibcm::CmError::kInvalidArgument:
    case ibcm::CmError::kPrivateDataLength:
        return EINVAL;
    }
    return EINVAL;
}

} // namespace

ShellRefusal RefusalFrom(ibcm::CmError error)
{
    return {ErrnoOf(error), ibcm::ToString(error)};
}

ShellRefusal RefusalFrom(const VerbsError& error)
{
    return {error.code, error.text};
}

std::string RefusalLine(std::string_view verb, const ShellRefusal& refusal)
{
    return fmt::format("err {} {} {}: {}",
                       verb,
                       refusal.code,
                       ErrnoName(refusal.code),
                       refusal.text.empty() ? ErrnoText(refusal.code) : refusal.text);
}

} // namespace cmverbs
