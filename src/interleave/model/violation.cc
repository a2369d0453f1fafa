// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/violation.h"

#include <fmt/format.h>

#include <array>

namespace interleave
{

const char* ViolationKindText(ViolationKind kind)
{
    static constexpr std::array<const char*, 17> kText{
        "deadlock",
        "livelock",
        "lock-misuse",
        "blocking-call",
        "work-misuse",
        "exception",
        "data-race",
        "lifetime",
        "leak",
        "protocol",
        "lock-order",
        "lost-wakeup",
        "liveness",
        "callback",
        "transition",
        "illegal-message",
        "crash",
    };
    return kText.at(static_cast<std::size_t>(kind));
}

std::string Violation::Signature() const
{
    std::string signature = fmt::format("{}: {}", ViolationKindText(kind), subject);
    if (!subject.empty())
    {
        return signature;
    }
    // Numbers differ from run to run (ordinals, times); words do not.
    bool digits = false;
    for (const char c : text)
    {
        const bool digit = c >= '0' && c <= '9';
        if (!digit || !digits)
        {
            signature += digit ? '#' : c;
        }
        digits = digit;
    }
    return signature;
}

std::string Violation::Format() const
{
    std::string out =
        fmt::format("{}: {}\nat step {}, {} ns\n", ViolationKindText(kind), text, step, timeNs);
    for (const TaskTrace& trace : tasks)
    {
        out += fmt::format("  {} ({}){}{}\n",
                           trace.task,
                           trace.state,
                           trace.pending.empty() ? "" : ": ",
                           trace.pending);
        for (const std::string& line : trace.recent)
        {
            out += fmt::format("    {}\n", line);
        }
    }
    return out;
}

} // namespace interleave
