// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_ARGUMENTS_H
#define IBCM_VERBS_ARGUMENTS_H

#include "ibcm-verbs/helper/cm-host.h"
#include "ibcm-verbs/helper/data-mode.h"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/**
 * @file
 * Options that several commands have.
 */

namespace cmverbs
{

/** Which device, and how its Connection Manager behaves. */
struct DeviceArguments
{
    std::string device;
    unsigned port{1};
    std::optional<unsigned> gidIndex;
    std::string behaviour{"strict"};
    std::string capture;
};

/** @param arguments live until the command has run. */
void AddDeviceOptions(CLI::App& command, DeviceArguments& arguments);
CmHostOptions HostOptions(const DeviceArguments& arguments);

/** What is done with connections. */
struct DataArguments
{
    std::string peer{"none"};
    std::uint32_t count{10};
    std::optional<std::uint32_t> size; ///< nothing: the peer's own default
    std::string privateData;           ///< hexadecimal
};

/** @param peers those that the command knows. */
void AddDataOptions(CLI::App& command,
                    DataArguments& arguments,
                    const std::vector<std::string>& peers);
DataModeOptions ModeOptions(const DataArguments& arguments, bool passive);

/** Bytes from hexadecimal digits; nothing if it is none. */
std::optional<std::vector<std::uint8_t>> BytesOfHex(const std::string& text);

/** What stands below the help of each command. */
std::string ExitStatusText();

} // namespace cmverbs

#endif /* IBCM_VERBS_ARGUMENTS_H */
