// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/command/output.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace lab
{

namespace
{

std::string_view Variable(const char* name)
{
    const char* const value = std::getenv(name);
    return value != nullptr ? value : "";
}

bool ShowsColours()
{
    const std::string_view terminal = Variable("TERM");
    return isatty(STDOUT_FILENO) == 1 && Variable("NO_COLOR").empty() && !terminal.empty() &&
           terminal != "dumb";
}

} // namespace

Output::Output()
    : m_colour(ShowsColours()),
      m_program(Variable("WEFT_COMMAND"))
{
    if (m_program.empty())
    {
        m_program = "./weft";
    }
}

void Output::Print(const std::string& text)
{
    std::fwrite(text.data(), 1, text.size(), stdout);
}

void Output::Complain(const std::string& message)
{
    // In order with what stands on stdout, should both be the same terminal.
    std::fflush(stdout);
    const std::string line = "weft: " + message + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
}

ExitStatus Output::Wrong(const InputError& error)
{
    Complain(error.Text());
    return ExitStatus::kWrongInput;
}

bool Output::Finish()
{
    return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

std::string ShellWord(const std::string& word)
{
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+/=:,@%";
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos)
    {
        return word;
    }
    std::string quoted = "'";
    for (const char c : word)
    {
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return quoted + "'";
}

} // namespace lab
