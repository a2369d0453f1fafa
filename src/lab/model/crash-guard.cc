// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/crash-guard.h"

#include "interleave/model/sanitizer.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <ucontext.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

namespace lab
{

#if defined(INTERLEAVE_ASAN) || defined(INTERLEAVE_TSAN)

CrashGuard::CrashGuard(interleave::Engine& /*engine*/)
{
}

CrashGuard::~CrashGuard() = default;

#else

namespace
{

struct Signal
{
    int number;
    const char* name;
};

constexpr std::array kSignals{
    Signal{SIGSEGV, "SIGSEGV"},
    Signal{SIGBUS, "SIGBUS"},
    Signal{SIGFPE, "SIGFPE"},
    Signal{SIGILL, "SIGILL"},
    Signal{SIGABRT, "SIGABRT"},
};

constexpr std::size_t kStackBytes = std::size_t{64} << 10;

interleave::Engine* g_engine = nullptr;
bool g_handling = false;
std::array<struct sigaction, kSignals.size()> g_before;
stack_t g_stackBefore;
alignas(16) std::array<std::byte, kStackBytes> g_stack;

const char* NameOf(int number)
{
    for (const Signal& signal : kSignals)
    {
        if (signal.number == number)
        {
            return signal.name;
        }
    }
    return "signal";
}

const void* InstructionOf(const ucontext_t& context)
{
#if defined(__x86_64__)
    return reinterpret_cast<const void*>(context.uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
    return reinterpret_cast<const void*>(context.uc_mcontext.pc);
#else
    (void)context;
    return nullptr;
#endif
}

/** Where an instruction is, in words that are the same each time one program runs. */
std::string PlaceOf(const void* instruction)
{
    Dl_info info{};
    if (instruction == nullptr || dladdr(instruction, &info) == 0 || info.dli_fname == nullptr)
    {
        return "unknown code";
    }
    if (info.dli_sname != nullptr)
    {
        return info.dli_sname;
    }
    const auto offset = reinterpret_cast<std::uintptr_t>(instruction) -
                        reinterpret_cast<std::uintptr_t>(info.dli_fbase);
    return fmt::format(
        "{}+{:#x}", std::filesystem::path(info.dli_fname).filename().string(), offset);
}

/** Runs on a stack of its own and does not return when a task has crashed: the engine goes on on
 * the main context, as after any violation. */
void OnSignal(int number, siginfo_t* /*info*/, void* context)
{
    if (g_engine == nullptr || g_handling || !g_engine->Running() || !g_engine->InTask())
    {
        std::signal(number, SIG_DFL);
        (void)raise(number);
        return;
    }
    g_handling = true;
    const interleave::EngineScope scope;
    std::string subject =
        number == SIGABRT
            ? std::string("SIGABRT")
            : fmt::format("{} in {}",
                          NameOf(number),
                          PlaceOf(InstructionOf(*static_cast<const ucontext_t*>(context))));
    std::string text =
        fmt::format("{} was stopped by {}", g_engine->CurrentTask()->Name(), subject);
    g_handling = false;
    g_engine->Fail(interleave::ViolationKind::kCrash, std::move(text), std::move(subject));
}

} // namespace

CrashGuard::CrashGuard(interleave::Engine& engine)
{
    if (g_engine != nullptr)
    {
        throw std::logic_error("a second CrashGuard");
    }
    g_engine = &engine;
    stack_t stack{};
    stack.ss_sp = g_stack.data();
    stack.ss_size = g_stack.size();
    (void)sigaltstack(&stack, &g_stackBefore);
    struct sigaction action
    {
    };
    action.sa_sigaction = &OnSignal;
    // Not blocked meanwhile: the handler is left for good, without returning.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    (void)sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kSignals.size(); ++i)
    {
        (void)sigaction(kSignals[i].number, &action, &g_before[i]);
    }
}

CrashGuard::~CrashGuard()
{
    for (std::size_t i = 0; i < kSignals.size(); ++i)
    {
        (void)sigaction(kSignals[i].number, &g_before[i], nullptr);
    }
    (void)sigaltstack(&g_stackBefore, nullptr);
    g_engine = nullptr;
}

#endif

} // namespace lab
