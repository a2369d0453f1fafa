// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SHELL_LINE_H
#define IBCM_VERBS_SHELL_LINE_H

#include "ibcm-verbs/helper/shell-refusal.h"
#include "ibcm-verbs/helper/shell-words.h"
#include "ibcm/model/ip-cm.h"
#include "ibcm/model/parameters.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/**
 * @file
 * The shell's commands as text: what a line says, or why it says nothing. Pure functions.
 */

namespace cmverbs
{

enum class ShellVerb : std::uint8_t
{
    kListen,
    kPolicy,
    kAuto,
    kAccept,
    kReject,
    kConnect,
    kEstablish,
    kDisconnect,
    kDestroy,
    kNotify,
    kDump,
    kQuit,
};

/** What is done with a new request. */
enum class ShellPolicy : std::uint8_t
{
    kAccept,
    kHold,
    kReject,
};

/** Connection parameters; what is not given is chosen by the shell. */
struct ShellParameters
{
    std::optional<std::uint32_t> qpn; ///< 1..2^24 - 1
    bool realQp{false};               ///< instead of a number: one of the device
    std::optional<std::uint8_t> responderResources;
    std::optional<std::uint8_t> initiatorDepth;
    std::optional<std::uint8_t> retryCount;    ///< 0..7
    std::optional<std::uint8_t> rnrRetryCount; ///< 0..7
    bool flowControl{false};
    bool srq{false};
    ibcm::Ece ece;
    std::vector<std::uint8_t> data;
};

/** A line that has been understood. Which members count depends on the verb. */
struct ShellCommand
{
    ShellVerb verb{ShellVerb::kQuit};
    unsigned id{0};
    ibcm::IpAddress address; ///< of connect
    std::uint16_t port{0};
    bool datagram{false}; ///< ps=udp
    ShellPolicy policy{ShellPolicy::kAccept};
    ShellParameters parameters;
    std::optional<std::uint32_t> backlog;
    std::optional<ibcm::IpAddress> ip;      ///< of listen
    std::optional<std::uint8_t> ackTimeout; ///< 0..31: 4.096 us * 2^n
    std::optional<bool> establish;          ///< of auto, as the next two
    std::optional<bool> disconnect;
    std::optional<bool> destroy;
};

/** The name by which answers call a verb. */
std::string_view ToString(ShellVerb verb);

/**
 * Reads a command: the verb, the words that it must have, then KEY=VALUE in any order, each once.
 * @param words at least one.
 * @return code EINVAL if it is no command, lacks something, or has a word that it cannot have.
 */
ShellResult<ShellCommand> ParseCommand(const ShellWords& words);

} // namespace cmverbs

#endif /* IBCM_VERBS_SHELL_LINE_H */
