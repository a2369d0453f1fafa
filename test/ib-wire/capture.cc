// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "capture.h"

#include "ib-wire/model/packet-headers.h"

#include <pcap/pcap.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace ibwiretest
{

using namespace ibwire;

namespace
{

constexpr const char* kFolder = "test/data/pcaps";
constexpr std::size_t kEthernetBytes = 14;
constexpr std::size_t kUdpBytes = 8;
constexpr std::uint16_t kRocePort = 4791;

std::uint16_t Load16(const std::uint8_t* at)
{
    return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}

/** The packet of a frame if it is RoCEv2, without what Ethernet may have padded it with. */
std::optional<RoceFrame> ParseFrame(unsigned number, std::span<const std::uint8_t> frame)
{
    if (frame.size() < kEthernetBytes + 40)
    {
        return std::nullopt;
    }
    const std::uint16_t etherType = Load16(&frame[12]);
    const bool v6 = etherType == 0x86dd;
    if (!v6 && etherType != 0x0800)
    {
        return std::nullopt;
    }
    const std::span ip = frame.subspan(kEthernetBytes);
    const std::size_t ipBytes = v6 ? 40 : 20;
    const std::size_t length = v6 ? 40U + Load16(&ip[4]) : Load16(&ip[2]);
    if (ip[v6 ? 6 : 9] != 17 || Load16(&ip[ipBytes + 2]) != kRocePort || length > ip.size() ||
        length < ipBytes + kUdpBytes + Bth::kBytes + kIcrcBytes)
    {
        return std::nullopt;
    }
    RoceFrame result;
    result.number = number;
    const auto end = ip.begin() + static_cast<std::ptrdiff_t>(length);
    result.packet.assign(ip.begin(), end - kIcrcBytes);
    result.icrc.assign(end - kIcrcBytes, end);
    result.bthAt = ipBytes + kUdpBytes;
    const std::span<const std::uint8_t> transport = std::span(result.packet).subspan(result.bthAt);
    constexpr std::size_t kHeaders = Bth::kBytes + Deth::kBytes;
    if (transport.size() == kHeaders + kMadBytes)
    {
        const auto bth = Unpack<Bth>(transport.first<Bth::kBytes>());
        if (bth.opCode == OpCode::kUdSendOnly && bth.destQp == 1)
        {
            MadBytes mad;
            std::copy_n(transport.begin() + kHeaders, mad.size(), mad.begin());
            result.mad = mad;
        }
    }
    return result;
}

} // namespace

std::vector<std::string> CaptureNames()
{
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(kFolder))
    {
        if (entry.path().extension() == ".pcap")
        {
            names.push_back(entry.path().filename());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string CapturePath(const std::string& name)
{
    return std::string(kFolder) + "/" + name;
}

std::vector<RoceFrame> ReadRoceFrames(const std::string& path)
{
    char error[PCAP_ERRBUF_SIZE];
    const std::unique_ptr<pcap_t, decltype(&pcap_close)> pcap(
        pcap_open_offline(path.c_str(), error), pcap_close);
    if (pcap == nullptr)
    {
        throw std::runtime_error(path + ": " + error + " (tests run from the top of the checkout)");
    }
    if (pcap_datalink(pcap.get()) != DLT_EN10MB)
    {
        throw std::runtime_error(path + ": not an Ethernet capture");
    }
    std::vector<RoceFrame> frames;
    pcap_pkthdr* header = nullptr;
    const unsigned char* bytes = nullptr;
    int status = 0;
    for (unsigned number = 1; (status = pcap_next_ex(pcap.get(), &header, &bytes)) == 1; ++number)
    {
        if (auto frame = ParseFrame(number, {bytes, header->caplen}))
        {
            frames.push_back(std::move(*frame));
        }
    }
    if (status != PCAP_ERROR_BREAK)
    {
        throw std::runtime_error(path + ": " + pcap_geterr(pcap.get()));
    }
    return frames;
}

bool HaveTshark()
{
    return std::system("tshark --version >/dev/null 2>&1") == 0;
}

nlohmann::json AskTshark(const std::string& path, const std::string& filter)
{
    const std::string command =
        "tshark -n -r '" + path + "' -Y '" + filter + "' -T json --no-duplicate-keys 2>/dev/null";
    std::FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr)
    {
        throw std::runtime_error("cannot run: " + command);
    }
    std::string text;
    std::array<char, 65536> buffer;
    while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
    {
        text.append(buffer.data(), size);
    }
    if (pclose(pipe) != 0)
    {
        throw std::runtime_error("failed: " + command);
    }
    nlohmann::json all = nlohmann::json::array();
    for (auto& packet : nlohmann::json::parse(text))
    {
        all.push_back(std::move(packet["_source"]["layers"]));
    }
    return all;
}

} // namespace ibwiretest
