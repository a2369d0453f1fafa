// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/shell.h"

#include "ibcm-verbs/helper/shell-session.h"
#include "ibcm/helper/host-threads.h"

#include <istream>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

namespace cmverbs
{

namespace
{

constexpr std::size_t kMostCharacters = 4096; ///< of a line
constexpr int kExitWriteFailed = 3;

/** The next line; nothing at the end of the input, where a line without an end does not count. */
std::optional<ShellInput> ReadLine(std::istream& input)
{
    ShellInput read;
    char next = 0;
    while (input.get(next))
    {
        if (next == '\n')
        {
            return read;
        }
        if (read.line.size() < kMostCharacters)
        {
            read.line.push_back(next);
        }
        else
        {
            read.tooLong = true;
        }
    }
    return std::nullopt;
}

void ReadAll(std::istream& input, ShellQueue& queue)
{
    ibcm::NameThisOsThread("shell input");
    while (auto line = ReadLine(input))
    {
        if (!queue.PushInput(*std::move(line)))
        {
            return;
        }
    }
    queue.Push(ShellInputEnd{});
}

} // namespace

int RunShell(CmDevice& device, ibcm::Behaviour behaviour, std::istream& input, std::ostream& output)
{
    ShellSession session(device, behaviour, output);
    ibcm::OsThread reader([&] { ReadAll(input, session.Queue()); });
    session.Run();
    reader.join();
    return output ? 0 : kExitWriteFailed;
}

} // namespace cmverbs
