// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/operation.h"

#include <array>

namespace interleave
{

namespace
{

constexpr std::array<const char*, kOpKindCount> kText{
    "start",    "lock",    "try-lock",  "unlock",    "wait",       "signal", "ref-get",
    "ref-put",  "publish", "unpublish", "alloc",     "free",       "access", "queue",
    "take",     "cancel",  "flush",     "timer-arm", "timer-fire", "send",   "receive",
    "complete", "yield",   "sync",      "atomic",
};

} // namespace

const char* OpKindText(OpKind kind)
{
    return kText.at(static_cast<std::size_t>(kind));
}

} // namespace interleave
