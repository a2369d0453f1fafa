// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "erf-writer.h"

#include "ib-wire/model/crc.h"
#include "ib-wire/model/packet-headers.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <stdexcept>

namespace ibwiretest
{

using namespace ibwire;

namespace
{

constexpr std::size_t kHeaders = Lrh::kBytes + Bth::kBytes + Deth::kBytes;
using Packet = std::array<std::uint8_t, kHeaders + kMadBytes + kIcrcBytes + kVcrcBytes>;

Packet MakePacket(const MadBytes& mad, std::uint32_t psn)
{
    Packet packet{};
    const std::span<std::uint8_t> all(packet);
    const Lrh lrh{.vl = 15,
                  .sl = 5,
                  .lnh = LinkNextHeader::kIbaLocal,
                  .dlid = 0x1234,
                  .pktLen = (kHeaders + kMadBytes + kIcrcBytes) / 4,
                  .slid = 0x2345};
    const Bth bth{.opCode = OpCode::kUdSendOnly, .pkey = 0xffff, .destQp = 1, .psn = psn};
    const Deth deth{.qkey = kGsiQkey, .srcQp = 1};
    const bool good =
        Encode(lrh, all.first(Lrh::kBytes)).has_value() &&
        Encode(bth, all.subspan(Lrh::kBytes, Bth::kBytes)).has_value() &&
        Encode(deth, all.subspan(Lrh::kBytes + Bth::kBytes, Deth::kBytes)).has_value();
    std::copy(mad.begin(), mad.end(), packet.begin() + kHeaders);
    if (!good || !SealPacket(packet))
    {
        throw std::runtime_error("cannot make a packet");
    }
    return packet;
}

void Put(std::string& out, std::uint64_t value, int bytes, bool little)
{
    for (int i = 0; i < bytes; ++i)
    {
        out += static_cast<char>(value >> 8 * (little ? i : bytes - 1 - i));
    }
}

} // namespace

void WriteErf(const std::string& path, const std::vector<MadBytes>& mads)
{
    constexpr std::uint16_t kErfHeader = 16;
    std::string out;
    Put(out, 0xa1b2c3d4, 4, true);
    Put(out, 2, 2, true);
    Put(out, 4, 2, true);
    Put(out, 0, 8, true);
    Put(out, 65535, 4, true);
    Put(out, 197, 4, true);
    for (std::size_t i = 0; i < mads.size(); ++i)
    {
        const Packet packet = MakePacket(mads[i], static_cast<std::uint32_t>(i));
        Put(out, i, 4, true); // seconds
        Put(out, 0, 4, true);
        Put(out, kErfHeader + packet.size(), 4, true);
        Put(out, kErfHeader + packet.size(), 4, true);
        Put(out, std::uint64_t{i} << 32, 8, true);
        Put(out, 21, 1, true); // InfiniBand
        Put(out, 4, 1, true);  // flags: records of varying length
        Put(out, kErfHeader + packet.size(), 2, false);
        Put(out, 0, 2, false);
        Put(out, packet.size(), 2, false);
        out.append(packet.begin(), packet.end());
    }
    std::ofstream file(path, std::ios::binary);
    file.write(out.data(), static_cast<std::streamsize>(out.size()));
    if (!file.flush())
    {
        throw std::runtime_error("cannot write " + path);
    }
}

} // namespace ibwiretest
