// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/worker-pool.h"

#include <poll.h>
#include <signal.h> // NOLINT(modernize-deprecated-headers): kill() and sigaction() are POSIX
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <new>
#include <system_error>
#include <utility>

namespace lab
{

namespace
{

[[noreturn]] void Fail(const char* what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

/** What a new process has to see to before it is a worker. */
void BecomeWorker(pid_t parent)
{
    // Interrupted from a terminal, the campaign says when to stop, so that no run is cut off.
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    // Nobody is left to work for when the campaign is killed.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
    {
        _exit(0);
    }
}

} // namespace

WorkerPool::WorkerPool(unsigned workers, MakeTarget makeTarget)
    : m_makeTarget(std::move(makeTarget)),
      m_cellBytes(workers * sizeof(WorkerCell))
{
    void* const memory =
        mmap(nullptr, m_cellBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
    {
        Fail("memory for the workers");
    }
    m_cells = static_cast<WorkerCell*>(memory);
    for (std::size_t i = 0; i < workers; ++i)
    {
        new (&m_cells[i]) WorkerCell;
    }
    for (std::size_t i = 0; i < workers; ++i)
    {
        m_workers.push_back(Start(i));
    }
}

WorkerPool::~WorkerPool()
{
    for (std::size_t i = 0; i < m_workers.size(); ++i)
    {
        Kill(i);
        Bury(i);
    }
    munmap(m_cells, m_cellBytes);
}

std::unique_ptr<WorkerPool::Worker> WorkerPool::Start(std::size_t index)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    {
        Fail("a channel to a worker");
    }
    // What is buffered would be written by both.
    std::fflush(stdout);
    std::fflush(stderr);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0)
    {
        const int reason = errno;
        close(ends[0]);
        close(ends[1]);
        errno = reason;
        Fail("a worker");
    }
    if (pid == 0)
    {
        BecomeWorker(parent);
        close(ends[0]);
        // Ends of other workers' channels: held here they would hide that the campaign has gone.
        for (const auto& other : m_workers)
        {
            if (other)
            {
                close(other->channel.Fd());
            }
        }
        WorkerChannel channel(ends[1]);
        WorkerLoop(channel, m_cells[index], m_makeTarget);
        std::fflush(stderr);
        _exit(0);
    }
    close(ends[1]);
    return std::make_unique<Worker>(Worker{pid, WorkerChannel(ends[0])});
}

bool WorkerPool::Send(std::size_t worker, const Json& job)
{
    return m_workers[worker]->channel.Send(job);
}

void WorkerPool::Stop()
{
    for (std::size_t i = 0; i < m_workers.size(); ++i)
    {
        m_cells[i].stop.store(true, std::memory_order_relaxed);
    }
}

void WorkerPool::Kill(std::size_t worker)
{
    kill(m_workers[worker]->pid, SIGKILL);
}

std::string WorkerPool::Bury(std::size_t index)
{
    int status = 0;
    while (waitpid(m_workers[index]->pid, &status, 0) < 0 && errno == EINTR)
    {
    }
    return ProcessEnd(status);
}

void WorkerPool::Poll(int milliseconds, const Events& events)
{
    std::vector<pollfd> waiting;
    waiting.reserve(m_workers.size());
    for (const auto& worker : m_workers)
    {
        waiting.push_back({worker->channel.Fd(), POLLIN, 0});
    }
    if (poll(waiting.data(), waiting.size(), milliseconds) <= 0)
    {
        return;
    }
    for (std::size_t i = 0; i < waiting.size(); ++i)
    {
        if (waiting[i].revents == 0)
        {
            continue;
        }
        const bool alive = m_workers[i]->channel.Fill();
        while (const auto message = m_workers[i]->channel.Next())
        {
            events.message(i, *message);
        }
        if (!alive)
        {
            const std::string how = Bury(i);
            m_workers[i] = Start(i);
            events.gone(i, how);
        }
    }
}

} // namespace lab
