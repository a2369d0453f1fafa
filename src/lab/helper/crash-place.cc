// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/crash-place.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <cstring>

namespace lab
{

CrashPlaceObserver::CrashPlaceObserver(interleave::Engine& engine, CrashPlace& place)
    : m_engine(engine),
      m_place(place)
{
    m_place.text.fill('\0');
    m_engine.AddObserver(*this);
}

CrashPlaceObserver::~CrashPlaceObserver()
{
    m_engine.RemoveObserver(*this);
}

void CrashPlaceObserver::OnOp(const interleave::OpEvent& event)
{
    const interleave::Op& op = event.op;
    // No ordinals: the same defect may meet another object.
    const auto end =
        fmt::format_to_n(m_place.text.data(),
                         m_place.text.size() - 1,
                         "{}{}{}",
                         interleave::OpKindText(op.kind),
                         op.object.type != 0 ? " " : "",
                         op.object.type != 0 ? event.engine.ClassName(op.object.type) : "");
    *end.out = '\0';
}

std::string CrashSignature(const std::string& how, const CrashPlace& place)
{
    const std::string_view text(place.text.data(), strnlen(place.text.data(), place.text.size()));
    return text.empty() ? fmt::format("crash: {}", how)
                        : fmt::format("crash: {} after {}", how, text);
}

std::string ProcessEnd(int status)
{
    if (!WIFSIGNALED(status))
    {
        return fmt::format("exit status {}", WEXITSTATUS(status));
    }
    const char* const name = sigabbrev_np(WTERMSIG(status));
    return name != nullptr ? fmt::format("SIG{}", name)
                           : fmt::format("signal {}", WTERMSIG(status));
}

} // namespace lab
