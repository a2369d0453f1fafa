// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SHELL_QUEUE_H
#define IBCM_VERBS_SHELL_QUEUE_H

#include "ibcm-verbs/model/cm-device.h"
#include "ibcm/helper/host-threads.h"

#include <deque>
#include <string>
#include <variant>

namespace cmverbs
{

/** A line of input. */
struct ShellInput
{
    std::string line;
    bool tooLong{false}; ///< this is its beginning
};

/** There will be no more input. */
struct ShellInputEnd
{
};

/** The CM has told something. */
struct ShellNews
{
    ibcm::Handle handle{ibcm::Handle::kNone};
    ibcm::Event event;
};

/** The way to a peer is known, or that there is none. */
struct ShellResolved
{
    unsigned id{0};
    VerbsResult<Route> route;
};

using ShellItem = std::variant<ShellInput, ShellInputEnd, ShellNews, ShellResolved>;

/**
 * All that happens to a shell, in the order in which it is dealt with: what the CM's threads, the
 * resolver's and the reader of the input leave here, one thread takes out. So the CM's handlers
 * never wait for the shell, which may then destroy ids whenever it likes.
 */
class ShellQueue
{
  public:
    /** Any thread. */
    void Push(ShellItem item);
    /**
     * For the thread that reads the input: waits until the shell has dealt with the line. False if
     * it wants no more of them.
     */
    bool PushInput(ShellInput input);

    /** For the shell's thread: waits until there is something. */
    ShellItem Pop();
    /** For the shell's thread: what there is, which may be nothing. */
    std::deque<ShellItem> TakeAll();
    /** For the shell's thread: it has dealt with the input that it has taken last. */
    void FinishInput(bool more);

  private:
    enum class Input
    {
        kPending, ///< or none has come yet
        kMore,
        kNoMore,
    };

    ibcm::OsMutex m_lock; ///< of all below
    ibcm::OsCondition m_arrived;
    ibcm::OsCondition m_finished;
    std::deque<ShellItem> m_items;
    Input m_input{Input::kPending};
};

} // namespace cmverbs

#endif /* IBCM_VERBS_SHELL_QUEUE_H */
