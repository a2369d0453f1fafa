// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ib-pcap-file.h"

#include "ib-wire/model/erf.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

namespace ns3
{

tl::expected<Ptr<IbPcapFile>, std::string> IbPcapFile::Create(const std::string& path,
                                                              std::uint32_t snapLength)
{
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (file == nullptr)
    {
        return tl::unexpected(path + ": " + std::strerror(errno));
    }
    const std::uint32_t snap = std::min(snapLength, kDefaultSnapLength);
    const auto header = ibwire::ErfFileHeader(snap);
    std::fwrite(header.data(), 1, header.size(), file);
    return Ptr<IbPcapFile>(new IbPcapFile(file, snap), false);
}

IbPcapFile::IbPcapFile(std::FILE* file, std::uint32_t snapLength)
    : m_file(file),
      m_snapLength(snapLength)
{
}

IbPcapFile::~IbPcapFile()
{
    std::fclose(m_file);
}

void IbPcapFile::Write(Time time, const IbPacket& packet)
{
    const std::span<const std::uint8_t> wire = packet.Seal();
    const auto wireBytes = static_cast<std::uint32_t>(wire.size());
    const std::uint32_t kept = std::min(wireBytes, m_snapLength);
    const auto header = ibwire::ErfRecordHeader(time.GetNanoSeconds(), kept, wireBytes);
    std::fwrite(header.data(), 1, header.size(), m_file);
    std::fwrite(wire.data(), 1, kept, m_file);
    ++m_count;
}

std::uint64_t IbPcapFile::GetCount() const
{
    return m_count;
}

bool IbPcapFile::Flush()
{
    return std::fflush(m_file) == 0 && std::ferror(m_file) == 0;
}

} // namespace ns3
