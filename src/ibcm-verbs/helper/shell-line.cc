// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The commands and what each may be told, as tables.
#include "ibcm-verbs/helper/shell-line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

namespace cmverbs
{

namespace
{

/** Stores what a word says; false if it says nothing that could stand there. */
using Reader = bool (*)(ShellCommand& command, std::string_view word);

constexpr std::uint32_t kMostQpn = 0xffffff;
constexpr std::uint32_t kMostByte = 0xff;
constexpr std::uint32_t kMostRetries = 7;
constexpr std::uint32_t kMostExponent = 31;

/** Stores a number of the given range. @param to a member of any integer type, or of bool. */
template <class T>
bool StoreNumber(T& to, std::string_view word, std::uint32_t least, std::uint32_t most)
{
    const auto number = ParseNumber(word, least, most);
    if (number)
    {
        to = static_cast<T>(*number);
    }
    return number.has_value();
}

template <class T>
bool StoreNumber(std::optional<T>& to,
                 std::string_view word,
                 std::uint32_t least,
                 std::uint32_t most)
{
    T value{};
    const bool understood = StoreNumber(value, word, least, most);
    if (understood)
    {
        to = value;
    }
    return understood;
}

/** Stores what one of the parsers of shell-words.h has found, if it has. */
template <class To, class From>
bool Store(To& to, std::optional<From> found)
{
    const bool understood = found.has_value();
    if (understood)
    {
        to = *std::move(found);
    }
    return understood;
}

bool ReadId(ShellCommand& command, std::string_view word)
{
    return StoreNumber(command.id, word, 0, std::numeric_limits<std::uint32_t>::max());
}

bool ReadPort(ShellCommand& command, std::string_view word)
{
    return StoreNumber(command.port, word, 1, 0xffff);
}

bool ReadAddress(ShellCommand& command, std::string_view word)
{
    return Store(command.address, ParseIpAddress(word));
}

bool ReadPolicy(ShellCommand& command, std::string_view word)
{
    constexpr std::array<std::pair<std::string_view, ShellPolicy>, 3> kNames{{
        {"accept", ShellPolicy::kAccept},
        {"hold", ShellPolicy::kHold},
        {"reject", ShellPolicy::kReject},
    }};
    const auto* const found =
        std::find_if(kNames.begin(), kNames.end(), [&](const auto& n) { return n.first == word; });
    if (found != kNames.end())
    {
        command.policy = found->second;
    }
    return found != kNames.end();
}

bool ReadQpn(ShellCommand& command, std::string_view word)
{
    command.parameters.realQp = word == "real";
    return command.parameters.realQp || StoreNumber(command.parameters.qpn, word, 1, kMostQpn);
}

bool ReadPortSpace(ShellCommand& command, std::string_view word)
{
    command.datagram = word == "udp";
    return command.datagram || word == "tcp";
}

/** A KEY=VALUE that some commands take. */
struct Key
{
    std::string_view name;
    std::string_view wanted; ///< for a person
    Reader read;
};

enum KeyBit : std::uint32_t
{
    kQpn = 1U << 0,
    kRr = 1U << 1,
    kDepth = 1U << 2,
    kRetry = 1U << 3,
    kRnr = 1U << 4,
    kFc = 1U << 5,
    kSrq = 1U << 6,
    kEce = 1U << 7,
    kData = 1U << 8,
    kPs = 1U << 9,
    kBacklog = 1U << 10,
    kIp = 1U << 11,
    kAckTimeout = 1U << 12,
    kEstablish = 1U << 13,
    kDisconnect = 1U << 14,
    kDestroy = 1U << 15,
    kConn = kQpn | kRr | kDepth | kRetry | kRnr | kFc | kSrq | kEce | kData,
};

constexpr std::string_view kSwitch = "0 or 1";
constexpr std::string_view kRetries = "0..7";
constexpr std::string_view kByte = "0..255";

/** In the order of their bits. */
constexpr std::array<Key, 16> kKeys{{
    {"qpn", "1..16777215 or 'real'", ReadQpn},
    {"rr",
     kByte,
     [](ShellCommand& c, std::string_view w)
     { return StoreNumber(c.parameters.responderResources, w, 0, kMostByte); }},
    {"depth",
     kByte,
     [](ShellCommand& c, std::string_view w)
     { return StoreNumber(c.parameters.initiatorDepth, w, 0, kMostByte); }},
    {"retry",
     kRetries,
     [](ShellCommand& c, std::string_view w)
     { return StoreNumber(c.parameters.retryCount, w, 0, kMostRetries); }},
    {"rnr",
     kRetries,
     [](ShellCommand& c, std::string_view w)
     { return StoreNumber(c.parameters.rnrRetryCount, w, 0, kMostRetries); }},
    {"fc",
     kSwitch,
     [](ShellCommand& c, std::string_view w)
     { return StoreNumber(c.parameters.flowControl, w, 0, 1); }},
    {"srq",
     kSwitch,
     [](ShellCommand& c, std::string_view w) { return StoreNumber(c.parameters.srq, w, 0, 1); }},
    {"ece",
     "VENDOR:ATTRMOD",
     [](ShellCommand& c, std::string_view w) { return Store(c.parameters.ece, ParseEce(w)); }},
    {"data",
     "two hexadecimal digits a byte",
     [](ShellCommand& c, std::string_view w) { return Store(c.parameters.data, ParseHex(w)); }},
    {"ps", "'tcp' or 'udp'", ReadPortSpace},
    {"backlog",
     "1..2147483647",
     [](ShellCommand& c, std::string_view w)
     { return StoreNumber(c.backlog, w, 1, std::numeric_limits<std::int32_t>::max()); }},
    {"ip",
     "an IP address",
     [](ShellCommand& c, std::string_view w) { return Store(c.ip, ParseIpAddress(w)); }},
    {"acktimeout",
     "0..31",
     [](ShellCommand& c, std::string_view w)
     { return StoreNumber(c.ackTimeout, w, 0, kMostExponent); }},
    {"establish",
     kSwitch,
     [](ShellCommand& c, std::string_view w) { return StoreNumber(c.establish, w, 0, 1); }},
    {"disconnect",
     kSwitch,
     [](ShellCommand& c, std::string_view w) { return StoreNumber(c.disconnect, w, 0, 1); }},
    {"destroy",
     kSwitch,
     [](ShellCommand& c, std::string_view w) { return StoreNumber(c.destroy, w, 0, 1); }},
}};

/** A word that must stand behind the verb. */
struct Place
{
    std::string_view wanted; ///< for a person
    Reader read{nullptr};    ///< null: there is no such word
};

struct Verb
{
    std::string_view name;
    ShellVerb verb;
    std::array<Place, 2> places;
    std::uint32_t keys; ///< KeyBit
};

constexpr Place kNothing{};
constexpr Place kId{"the number of an id", ReadId};
constexpr Place kPort{"a port, 1..65535", ReadPort};
constexpr Place kAddress{"an IP address", ReadAddress};
constexpr Place kPolicy{"hold, accept or reject", ReadPolicy};

/** In the order of ShellVerb. */
constexpr std::array<Verb, 12> kVerbs{{
    {"listen", ShellVerb::kListen, {kPort, kNothing}, kPs | kBacklog | kIp},
    {"policy", ShellVerb::kPolicy, {kPolicy, kNothing}, kConn},
    {"auto", ShellVerb::kAuto, {kNothing, kNothing}, kEstablish | kDisconnect | kDestroy},
    {"accept", ShellVerb::kAccept, {kId, kNothing}, kConn},
    {"reject", ShellVerb::kReject, {kId, kNothing}, kData},
    {"connect", ShellVerb::kConnect, {kAddress, kPort}, kConn | kPs | kAckTimeout},
    {"establish", ShellVerb::kEstablish, {kId, kNothing}, 0},
    {"disconnect", ShellVerb::kDisconnect, {kId, kNothing}, 0},
    {"destroy", ShellVerb::kDestroy, {kId, kNothing}, 0},
    {"notify", ShellVerb::kNotify, {kId, kNothing}, 0},
    {"dump", ShellVerb::kDump, {kNothing, kNothing}, 0},
    {"quit", ShellVerb::kQuit, {kNothing, kNothing}, 0},
}};

tl::unexpected<ShellRefusal> Refuse(std::string text)
{
    return tl::unexpected(ShellRefusal{EINVAL, std::move(text)});
}

/** Reads KEY=VALUE. @param given the keys before it; this one is added. */
ShellResult<void> ReadKey(const Verb& verb,
                          std::string_view word,
                          ShellCommand& command,
                          std::uint32_t& given)
{
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const auto* const key =
        std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& k) { return k.name == name; });
    const auto bit = static_cast<std::uint32_t>(1U << (key - kKeys.begin()));
    if (equals == std::string_view::npos || key == kKeys.end() || (verb.keys & bit) == 0)
    {
        return Refuse(fmt::format("'{}' does not take '{}'", verb.name, word));
    }
    if ((given & bit) != 0)
    {
        return Refuse(fmt::format("'{}' is given twice", name));
    }
    given |= bit;
    if (!key->read(command, word.substr(equals + 1)))
    {
        return Refuse(
            fmt::format("'{}' wants {}, not '{}'", name, key->wanted, word.substr(equals + 1)));
    }
    return {};
}

/** Reads all that is behind the verb. */
ShellResult<ShellCommand> ReadRest(const Verb& verb, const ShellWords& words)
{
    ShellCommand command;
    command.verb = verb.verb;
    std::size_t next = 1;
    for (const Place& place : verb.places)
    {
        if (place.read == nullptr)
        {
            break;
        }
        if (next == words.size())
        {
            return Refuse(fmt::format("'{}' wants {}", verb.name, place.wanted));
        }
        if (!place.read(command, words[next]))
        {
            return Refuse(
                fmt::format("'{}' wants {}, not '{}'", verb.name, place.wanted, words[next]));
        }
        ++next;
    }
    std::uint32_t given = 0;
    for (; next < words.size(); ++next)
    {
        if (auto read = ReadKey(verb, words[next], command, given); !read)
        {
            return tl::unexpected(std::move(read).error());
        }
    }
    return command;
}

} // namespace

std::string_view ToString(ShellVerb verb)
{
    return kVerbs.at(static_cast<std::size_t>(verb)).name;
}

ShellResult<ShellCommand> ParseCommand(const ShellWords& words)
{
    const auto* const verb = std::find_if(
        kVerbs.begin(), kVerbs.end(), [&](const Verb& v) { return v.name == words.front(); });
    if (verb == kVerbs.end())
    {
        return Refuse("there is no such command");
    }
    return ReadRest(*verb, words);
}

} // namespace cmverbs
