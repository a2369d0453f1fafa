// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/crash-shrinker.h"

#include "interleave/helper/replay-chooser.h"
#include "lab/helper/crash-place.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <new>
#include <system_error>
#include <vector>

namespace lab
{

namespace
{

using interleave::Decision;
using interleave::DecisionLog;

class CrashShrinker
{
  public:
    CrashShrinker(interleave::Program& program,
                  const std::string& signature,
                  const CrashShrinkOptions& options);
    ~CrashShrinker();
    CrashShrinker(const CrashShrinker&) = delete;
    CrashShrinker& operator=(const CrashShrinker&) = delete;

    /** One run in a process of its own; whether it ends as it should. */
    bool Crashes(const std::vector<Decision>& decisions);

    ShrunkCrash Shrink(const DecisionLog& log);

  private:
    [[noreturn]] void RunAndLeave(const std::vector<Decision>& decisions);
    bool Pass(std::vector<Decision>& decisions, std::size_t chunk);

    interleave::Program& m_program;
    const std::string& m_signature;
    const CrashShrinkOptions m_options;
    CrashPlace* m_place; // shared with the processes
    std::uint64_t m_runs{0};
};

CrashShrinker::CrashShrinker(interleave::Program& program,
                             const std::string& signature,
                             const CrashShrinkOptions& options)
    : m_program(program),
      m_signature(signature),
      m_options(options)
{
    void* const memory = mmap(
        nullptr, sizeof(CrashPlace), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
    {
        throw std::system_error(errno, std::generic_category(), "memory to shrink a crash");
    }
    m_place = new (memory) CrashPlace;
}

CrashShrinker::~CrashShrinker()
{
    munmap(m_place, sizeof(CrashPlace));
}

void CrashShrinker::RunAndLeave(const std::vector<Decision>& decisions)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(m_options.runSeconds);
    DecisionLog log;
    log.decisions = decisions;
    interleave::ReplayChooser replay(log);
    const CrashPlaceObserver observer(m_program.GetEngine(), *m_place);
    (void)m_program.Run(replay);
    _exit(0);
}

bool CrashShrinker::Crashes(const std::vector<Decision>& decisions)
{
    ++m_runs;
    *m_place = {};
    std::fflush(stdout);
    std::fflush(stderr);
    const pid_t pid = fork();
    if (pid < 0)
    {
        throw std::system_error(errno, std::generic_category(), "a process to shrink a crash");
    }
    if (pid == 0)
    {
        RunAndLeave(decisions);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    {
    }
    return CrashSignature(ProcessEnd(status), *m_place) == m_signature;
}

/** Tries to leave out each @p chunk of consecutive decisions. @return whether one went. */
bool CrashShrinker::Pass(std::vector<Decision>& decisions, std::size_t chunk)
{
    bool smaller = false;
    for (std::size_t begin = 0; begin < decisions.size() && m_runs < m_options.runs;)
    {
        const std::size_t end = std::min(begin + chunk, decisions.size());
        std::vector<Decision> fewer(decisions.begin(),
                                    decisions.begin() + static_cast<std::ptrdiff_t>(begin));
        fewer.insert(
            fewer.end(), decisions.begin() + static_cast<std::ptrdiff_t>(end), decisions.end());
        if (Crashes(fewer))
        {
            decisions = std::move(fewer);
            smaller = true;
            continue;
        }
        begin = end;
    }
    return smaller;
}

ShrunkCrash CrashShrinker::Shrink(const DecisionLog& log)
{
    std::vector<Decision> decisions = log.decisions;
    for (std::size_t chunk = decisions.size(); chunk > 1; chunk /= 2)
    {
        Pass(decisions, chunk);
    }
    while (Pass(decisions, 1) && m_runs < m_options.runs)
    {
    }
    ShrunkCrash shrunk;
    shrunk.log.headers = log.headers;
    shrunk.log.decisions = std::move(decisions);
    shrunk.runs = m_runs;
    shrunk.minimal = m_runs < m_options.runs;
    return shrunk;
}

} // namespace

tl::expected<ShrunkCrash, std::string> ShrinkCrash(interleave::Program& program,
                                                   const DecisionLog& log,
                                                   const std::string& signature,
                                                   const CrashShrinkOptions& options)
{
    CrashShrinker shrinker(program, signature, options);
    if (!shrinker.Crashes(log.decisions))
    {
        return tl::unexpected("the run along the log does not end in '" + signature + "'");
    }
    return shrinker.Shrink(log);
}

} // namespace lab
