// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A shell on a thread of its own, and the person who steers it.
#ifndef WEFT_TEST_IBCM_VERBS_SHELL_RUNNER_H
#define WEFT_TEST_IBCM_VERBS_SHELL_RUNNER_H

#include "shell-pipe.h"
#include "test-device.h"

#include <deque>
#include <future>
#include <istream>
#include <map>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

namespace cmverbs::test
{

class ShellRunner
{
  public:
    explicit ShellRunner(TestDevice& device, ibcm::Behaviour behaviour = ibcm::Behaviour::kStrict);
    /** Quits, if that has not been done. */
    ~ShellRunner();

    ShellRunner(const ShellRunner&) = delete;
    ShellRunner& operator=(const ShellRunner&) = delete;

    /** Types a line, answers its answer; other lines are kept for Event and Failure. */
    std::string Do(const std::string& command);
    /** Types without waiting for anything. */
    void Type(const std::string& text);
    /** The next line that is an answer. */
    std::string Answer();
    /** The next event or failure of an id, without "ev ID" or with "fail ID". */
    std::string Event(unsigned id);
    /** The lines before the last answer that were neither answers, events nor failures. */
    std::vector<std::string> Report();
    /** Ends the input, or quits; waits. @return the exit status. */
    int End(bool quit);
    /** All lines that are left when the shell has ended. */
    std::vector<std::string> Rest();

  private:
    /** The next line; fails the test if none comes. */
    std::string Line();
    void Sort(const std::string& line);

    TypedInput m_typed;
    PrintedLines m_printed;
    std::istream m_input{&m_typed};
    std::ostream m_output{&m_printed};
    std::deque<std::string> m_answers;
    std::map<unsigned, std::deque<std::string>> m_events;
    std::vector<std::string> m_report;
    bool m_ended{false};
    int m_status{-1};
    std::thread m_thread;
};

/** The value of KEY= in an event; empty if there is none. */
std::string Value(const std::string& event, const std::string& key);

/** Two devices with a shell each. */
class ShellPair : public DevicePair
{
  public:
    explicit ShellPair(ibcm::Behaviour behaviour = ibcm::Behaviour::kStrict);
    ShellPair(const ibcm::Options& clientOptions, const ibcm::Options& serverOptions);

    /** Listens at port 7000 as id 1 of the server. */
    void Listen();
    /** Connects to that as the client's next id, up to ROUTE_RESOLVED. */
    void Connect(unsigned id, const std::string& parameters = "");
    /** Id 1 of the client and id 2 of the server, connected. */
    void Establish();

    ShellRunner a; ///< the client's
    ShellRunner b; ///< the server's
};

} // namespace cmverbs::test

#endif // WEFT_TEST_IBCM_VERBS_SHELL_RUNNER_H
