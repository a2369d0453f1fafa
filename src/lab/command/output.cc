// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/command/output.h"

#include "lab/helper/ascii.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
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

/** The locale says, and says that there is no Unicode. Without a word of it there is. */
bool IsAsciiOnly()
{
    for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"})
    {
        std::string locale(Variable(name));
        if (locale.empty())
        {
            continue;
        }
        std::ranges::transform(
            locale, locale.begin(), [](unsigned char c) { return std::tolower(c); });
        return locale.find("utf-8") == std::string::npos &&
               locale.find("utf8") == std::string::npos;
    }
    return false;
}

} // namespace

Output::Output()
    : m_colour(ShowsColours()),
      m_ascii(IsAsciiOnly()),
      m_progress(isatty(STDERR_FILENO) == 1 && Variable("TERM") != "dumb"),
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

void Output::Draw(const std::string& text)
{
    Print(m_ascii ? AsciiOf(text) : text);
}

void Output::Progress(const std::string& line)
{
    if (!m_progress)
    {
        return;
    }
    const std::string shown = "\r\x1b[K" + (m_ascii ? AsciiOf(line) : line);
    std::fwrite(shown.data(), 1, shown.size(), stderr);
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
