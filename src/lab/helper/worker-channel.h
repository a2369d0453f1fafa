// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_WORKER_CHANNEL_H
#define LAB_WORKER_CHANNEL_H

#include "lab/helper/json-report.h"

#include <optional>
#include <string>

namespace lab
{

/** One end of the talk between a campaign and one of its workers: a JSON value a line. */
class WorkerChannel
{
  public:
    /** @param fd a connected socket, owned from now on. */
    explicit WorkerChannel(int fd)
        : m_fd(fd)
    {
    }

    WorkerChannel(WorkerChannel&& other) noexcept;
    WorkerChannel(const WorkerChannel&) = delete;
    WorkerChannel& operator=(const WorkerChannel&) = delete;
    ~WorkerChannel();

    int Fd() const
    {
        return m_fd;
    }

    /** All of it, waiting where it must. @return false when the other side has gone. */
    bool Send(const Json& message);

    /** The next message, waiting for it; nothing when the other side has gone. */
    std::optional<Json> Receive();

    /** Reads what there is, without waiting. @return false when the other side has gone. */
    bool Fill();
    /** A message that is complete; nothing if there is none. */
    std::optional<Json> Next();

  private:
    bool Read(int flags);

    int m_fd;
    std::string m_received;
};

} // namespace lab

#endif /* LAB_WORKER_CHANNEL_H */
