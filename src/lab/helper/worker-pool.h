// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_WORKER_POOL_H
#define LAB_WORKER_POOL_H

#include "lab/helper/worker-channel.h"
#include "lab/helper/worker-loop.h"

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lab
{

/** The processes of a campaign: copies of this one, made before any of them runs anything. */
class WorkerPool
{
  public:
    /** @param makeTarget is called in each worker. @throws std::system_error without resources. */
    WorkerPool(unsigned workers, MakeTarget makeTarget);
    /** Ends what still runs. */
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    std::size_t Size() const
    {
        return m_workers.size();
    }

    WorkerCell& CellOf(std::size_t worker)
    {
        return m_cells[worker];
    }

    /** @return false when the worker has gone; Poll() will tell. */
    bool Send(std::size_t worker, const Json& job);

    /** Lets no worker begin another run. */
    void Stop();

    struct Events
    {
        std::function<void(std::size_t worker, const Json& message)> message;
        /** A worker has gone, and a new one has its place. @param how "SIGSEGV", "exit status 1".
         */
        std::function<void(std::size_t worker, const std::string& how)> gone;
    };

    /** Waits for what workers have to say, at most @p milliseconds or until a signal comes. */
    void Poll(int milliseconds, const Events& events);

    /** Ends a worker by force: Poll() will say that it has gone. */
    void Kill(std::size_t worker);

  private:
    struct Worker
    {
        pid_t pid;
        WorkerChannel channel;
    };

    std::unique_ptr<Worker> Start(std::size_t index);
    std::string Bury(std::size_t index);

    MakeTarget m_makeTarget;
    WorkerCell* m_cells{nullptr}; ///< in memory shared with the workers
    std::size_t m_cellBytes{0};
    std::vector<std::unique_ptr<Worker>> m_workers;
};

} // namespace lab

#endif /* LAB_WORKER_POOL_H */
