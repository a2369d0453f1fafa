// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/command/arguments.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace cmverbs
{

namespace
{

std::string CheckHex(const std::string& text)
{
    return BytesOfHex(text) ? std::string{} : "an even number of hexadecimal digits is expected";
}

} // namespace

std::optional<std::vector<std::uint8_t>> BytesOfHex(const std::string& text)
{
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < text.size(); i += 2)
    {
        std::uint8_t byte = 0;
        const char* begin = text.data() + i;
        const char* end = begin + std::min<std::size_t>(2, text.size() - i);
        const auto read = std::from_chars(begin, end, byte, 16);
        if (read.ec != std::errc{} || read.ptr != begin + 2)
        {
            return std::nullopt;
        }
        bytes.push_back(byte);
    }
    return bytes;
}

void AddDeviceOptions(CLI::App& command, DeviceArguments& arguments)
{
    command
        .add_option("--device",
                    arguments.device,
                    "RDMA device, as 'rdma link' shows it; not needed if there is only one")
        ->type_name("NAME");
    command.add_option("--port", arguments.port, "port of the device")
        ->check(CLI::Range(1, 255))
        ->capture_default_str()
        ->type_name("N");
    command
        .add_option("--gid-index",
                    arguments.gidIndex,
                    "connect from this entry of the GID table, of type RoCE v2")
        ->check(CLI::Range(0, 255))
        ->type_name("N");
    command
        .add_option("--behaviour",
                    arguments.behaviour,
                    "as the specification says (strict), or as Linux 6.1 does (linux61)")
        ->check(CLI::IsMember({"strict", "linux61"}))
        ->capture_default_str()
        ->type_name("NAME");
    command
        .add_option(
            "--pcap", arguments.capture, "record the port's CM messages, for Wireshark and tshark")
        ->type_name("FILE");
}

CmHostOptions HostOptions(const DeviceArguments& arguments)
{
    CmHostOptions options;
    options.device = arguments.device;
    options.port = static_cast<std::uint8_t>(arguments.port);
    if (arguments.gidIndex)
    {
        options.gidIndex = static_cast<std::uint8_t>(*arguments.gidIndex);
    }
    options.manager.behaviour =
        arguments.behaviour == "strict" ? ibcm::Behaviour::kStrict : ibcm::Behaviour::kLinux61;
    options.captureFile = arguments.capture;
    options.trouble = [](const std::string& what)
    { std::fprintf(stderr, "weft-cm: %s\n", what.c_str()); };
    return options;
}

void AddDataOptions(CLI::App& command,
                    DataArguments& arguments,
                    const std::vector<std::string>& peers)
{
    constexpr std::uint32_t kMaxMessages = 8192;
    constexpr std::uint32_t kMaxSize = 1U << 20U;
    command.add_option("--peer", arguments.peer, "the program at the other end")
        ->check(CLI::IsMember(peers))
        ->capture_default_str()
        ->type_name("NAME");
    command
        .add_option("--count", arguments.count, "messages of a connection, where they are counted")
        ->check(CLI::Range(std::uint32_t{1}, kMaxMessages))
        ->capture_default_str()
        ->type_name("N");
    command.add_option("--size", arguments.size, "bytes of a message (default: as the peer's)")
        ->check(CLI::Range(std::uint32_t{1}, kMaxSize))
        ->type_name("BYTES");
    command.add_option("--data", arguments.privateData, "private data for the peer's program")
        ->check(CLI::Validator(CheckHex, "HEX"))
        ->type_name("HEX");
}

DataModeOptions ModeOptions(const DataArguments& arguments, bool passive)
{
    DataModeOptions options;
    constexpr std::array<PeerKind, 5> kKinds{
        PeerKind::kNone, PeerKind::kWeft, PeerKind::kRping, PeerKind::kUcmatose, PeerKind::kUdaddy};
    for (const PeerKind kind : kKinds)
    {
        if (arguments.peer == ToString(kind))
        {
            options.peer = kind;
        }
    }
    options.passive = passive;
    options.count = arguments.count;
    options.size = arguments.size.value_or(DefaultSize(options.peer, passive));
    return options;
}

std::string ExitStatusText()
{
    return "Exit status: 0 all went well; 1 the peer refused, did not answer, or data was wrong;\n"
           "2 the command line, the device or the address is wrong; 3 weft-cm itself failed.\n"
           "SIGUSR1 prints all that the Connection Manager knows to stderr.";
}

} // namespace cmverbs
