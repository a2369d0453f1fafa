// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SHELL_SESSION_H
#define IBCM_VERBS_SHELL_SESSION_H

#include "ibcm-verbs/helper/shell-connection.h"
#include "ibcm-verbs/helper/shell-intake.h"
#include "ibcm-verbs/helper/shell-line.h"
#include "ibcm-verbs/helper/shell-listeners.h"
#include "ibcm-verbs/helper/shell-queue.h"
#include "ibcm-verbs/helper/shell-resolver.h"

#include <iosfwd>
#include <map>
#include <string_view>

namespace cmverbs
{

/**
 * A consumer of the CM that is steered by lines of text (doc/cm-shell.md). What comes in from
 * elsewhere waits in a queue; Run takes it out, and is the only one that acts and prints: so an
 * answer always stands before what comes of its command, and the events of an id in their order.
 */
class ShellSession
{
  public:
    /** @param behaviour of the device's manager. */
    ShellSession(CmDevice& device, ibcm::Behaviour behaviour, std::ostream& output);

    ShellSession(const ShellSession&) = delete;
    ShellSession& operator=(const ShellSession&) = delete;

    /** Where whoever reads the input leaves it. */
    ShellQueue& Queue()
    {
        return m_queue;
    }

    /** Until 'quit' or the end of the input; all ids have been destroyed then. */
    void Run();

  private:
    /** What is answered without being told to. */
    struct Automatic
    {
        bool establish{true};
        bool disconnect{true};
        bool destroy{false};
    };

    using Entry = std::map<unsigned, ShellConnection>::iterator;

    // What comes out of the queue. False: that was the last.
    bool On(const ShellInput& input);
    bool On(const ShellInputEnd& end);
    bool On(const ShellNews& news);
    bool On(const ShellResolved& resolved);

    // Commands.
    ShellResult<void> Execute(const ShellCommand& command);
    ShellResult<void> Listen(const ShellCommand& command);
    ShellResult<void> Connect(const ShellCommand& command);
    ShellResult<void> SetAutomatic(const ShellCommand& command);
    ShellResult<void> SetPolicy(const ShellCommand& command);
    ShellResult<void> ExecuteOnId(const ShellCommand& command);
    ShellResult<void> ExecuteOnConnection(const ShellCommand& command, Entry entry);
    ShellResult<void> Dump();

    // Events.
    void OnRequest(const ShellNews& news, ShellEvent event);
    /** Refuses a request that nobody listens to any more, or not at its address. */
    void RefuseRequest(ibcm::Handle handle, bool datagram, bool elsewhere);
    void OnEvent(Entry entry, const ShellEvent& event);
    /** What the shell does by itself after an event. False: the id has come to its end by it. */
    bool AnswerRequest(Entry entry);
    bool AnswerResponse(Entry entry);
    void AnswerDisconnect(Entry entry);

    void Print(std::string_view line);
    void PrintEvent(Entry entry, const ShellEvent& event);
    /** "fail ID WHAT ERRNO". @return whether there was nothing to tell. */
    bool PrintFailure(Entry entry, std::string_view what, const ShellResult<void>& result);

    Entry Add(unsigned id, ShellConnection connection);
    void Destroy(Entry entry);
    /** The same, if ids are destroyed when they have come to their end. */
    void DestroyIfAutomatic(Entry entry);
    void DestroyAll();

    CmDevice& m_device;
    std::ostream& m_output;
    ShellQueue m_queue;
    ShellIntake m_intake;
    ShellCalls m_calls;
    ShellListeners m_listeners;
    ShellResolver m_resolver;
    unsigned m_lastId{0};
    std::map<unsigned, ShellConnection> m_connections;
    std::map<ibcm::Handle, unsigned> m_idOf; ///< of those that the CM knows
    ShellPolicy m_policy{ShellPolicy::kAccept};
    ShellParameters m_policyParameters;
    Automatic m_automatic;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_SHELL_SESSION_H */
