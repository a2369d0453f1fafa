// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "shell-runner.h"

#include "ibcm-verbs/helper/shell-words.h"
#include "ibcm-verbs/helper/shell.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <utility>

namespace cmverbs::test
{

namespace
{

/** For a shell that hangs, not for a slow machine. */
constexpr int kPatienceSeconds = 60;

ibcm::Options OptionsFor(ibcm::Behaviour behaviour)
{
    ibcm::Options options;
    options.behaviour = behaviour;
    return options;
}

} // namespace

std::string Value(const std::string& event, const std::string& key)
{
    for (const std::string_view word : SplitWords(event))
    {
        if (word.starts_with(key + "="))
        {
            return std::string(word.substr(key.size() + 1));
        }
    }
    return {};
}

ShellRunner::ShellRunner(TestDevice& device, ibcm::Behaviour behaviour)
    : m_thread([this, &device, behaviour]
               { m_status = RunShell(device, behaviour, m_input, m_output); })
{
    EXPECT_EQ(Line(), "app ready");
}

ShellRunner::~ShellRunner()
{
    End(true);
}

int ShellRunner::End(bool quit)
{
    if (!std::exchange(m_ended, true))
    {
        if (quit)
        {
            m_typed.Type("quit\n");
        }
        m_typed.End();
        m_thread.join();
    }
    return m_status;
}

std::string ShellRunner::Line()
{
    auto line = m_printed.Next(kPatienceSeconds);
    if (!line)
    {
        ADD_FAILURE() << "the shell says nothing";
        std::abort(); // everything after this would wait as long
    }
    return *std::move(line);
}

std::vector<std::string> ShellRunner::Rest()
{
    std::vector<std::string> lines;
    while (auto line = m_printed.Next(0))
    {
        lines.push_back(*std::move(line));
    }
    return lines;
}

void ShellRunner::Sort(const std::string& line)
{
    const ShellWords words = SplitWords(line);
    if (words.front() == "ok" || words.front() == "err")
    {
        m_answers.push_back(line);
    }
    else if (words.front() == "ev" || words.front() == "fail")
    {
        const auto id = ParseNumber(words.at(1), 1, 1000000);
        ASSERT_TRUE(id) << line;
        m_events[*id].push_back(words.front() == "fail" ? line
                                                        : line.substr(line.find(words.at(2))));
    }
    else
    {
        m_report.push_back(line);
    }
}

void ShellRunner::Type(const std::string& text)
{
    m_typed.Type(text);
}

std::string ShellRunner::Answer()
{
    while (m_answers.empty())
    {
        Sort(Line());
    }
    std::string answer = std::move(m_answers.front());
    m_answers.pop_front();
    return answer;
}

std::string ShellRunner::Do(const std::string& command)
{
    Type(command + "\n");
    return Answer();
}

std::string ShellRunner::Event(unsigned id)
{
    auto& events = m_events[id];
    while (events.empty())
    {
        Sort(Line());
    }
    std::string event = std::move(events.front());
    events.pop_front();
    return event;
}

std::vector<std::string> ShellRunner::Report()
{
    return std::exchange(m_report, {});
}

ShellPair::ShellPair(ibcm::Behaviour behaviour)
    : ShellPair(OptionsFor(behaviour), OptionsFor(behaviour))
{
}

ShellPair::ShellPair(const ibcm::Options& clientOptions, const ibcm::Options& serverOptions)
    : DevicePair(clientOptions, serverOptions),
      a(client, clientOptions.behaviour),
      b(server, serverOptions.behaviour)
{
}

void ShellPair::Listen()
{
    ASSERT_EQ(b.Do("listen 7000"), "ok listen id=1");
}

void ShellPair::Connect(unsigned id, const std::string& parameters)
{
    ASSERT_EQ(a.Do("connect 10.0.0.2 7000 " + parameters), "ok connect id=" + std::to_string(id));
    ASSERT_EQ(a.Event(id), "ADDR_RESOLVED status=0");
    ASSERT_EQ(a.Event(id), "ROUTE_RESOLVED status=0");
}

void ShellPair::Establish()
{
    Listen();
    Connect(1);
    ASSERT_TRUE(b.Event(2).starts_with("CONNECT_REQUEST status=0 listen=1 "));
    ASSERT_TRUE(a.Event(1).starts_with("CONNECT_RESPONSE status=0 "));
    ASSERT_EQ(b.Event(2), "ESTABLISHED status=0");
}

} // namespace cmverbs::test
