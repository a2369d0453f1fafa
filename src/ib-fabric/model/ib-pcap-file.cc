// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ib-pcap-file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>

namespace ns3
{

namespace
{

constexpr std::uint32_t kMagicNanoseconds = 0xa1b23c4d;
constexpr std::uint32_t kLinkTypeErf = 197;
constexpr std::uint8_t kErfTypeInfiniband = 21;
constexpr std::uint8_t kErfVaryingLength = 0x04;
constexpr std::uint32_t kErfHeaderBytes = 16;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

/** Appends integers of either byte order: pcap's here little-endian, ERF's mixed. */
template <std::size_t N>
class Bytes
{
  public:
    template <class T>
    void Little(T value)
    {
        for (std::size_t i = 0; i < sizeof(T); ++i)
        {
            m_bytes[m_size++] = static_cast<std::uint8_t>(value >> (8 * i));
        }
    }

    void Big16(std::uint32_t value)
    {
        m_bytes[m_size++] = static_cast<std::uint8_t>(value >> 8);
        m_bytes[m_size++] = static_cast<std::uint8_t>(value);
    }

    void Byte(std::uint8_t value)
    {
        m_bytes[m_size++] = value;
    }

    void WriteTo(std::FILE* file) const
    {
        std::fwrite(m_bytes.data(), 1, m_size, file);
    }

  private:
    std::array<std::uint8_t, N> m_bytes{};
    std::size_t m_size{0};
};

} // namespace

tl::expected<Ptr<IbPcapFile>, std::string> IbPcapFile::Create(const std::string& path,
                                                              std::uint32_t snapLength)
{
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (file == nullptr)
    {
        return tl::unexpected(path + ": " + std::strerror(errno));
    }
    const std::uint32_t snap = std::min(snapLength, kDefaultSnapLength);
    Bytes<24> header;
    header.Little(kMagicNanoseconds);
    header.Little(std::uint16_t{2}); // version 2.4
    header.Little(std::uint16_t{4});
    header.Little(std::uint32_t{0}); // time zone
    header.Little(std::uint32_t{0}); // accuracy
    header.Little(snap + kErfHeaderBytes);
    header.Little(kLinkTypeErf);
    header.WriteTo(file);
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
    const std::int64_t ns = time.GetNanoSeconds();
    const auto seconds = static_cast<std::uint64_t>(ns / kNsPerSecond);
    const auto rest = static_cast<std::uint64_t>(ns % kNsPerSecond);

    Bytes<32> header;
    header.Little(static_cast<std::uint32_t>(seconds));
    header.Little(static_cast<std::uint32_t>(rest));
    header.Little(kept + kErfHeaderBytes);
    header.Little(wireBytes + kErfHeaderBytes);
    // The ERF record: a fixed-point time of 32.32 bits, rounded up so that it never precedes the
    // nanosecond that it stands for.
    header.Little(seconds << 32 | ((rest << 32) + kNsPerSecond - 1) / kNsPerSecond);
    header.Byte(kErfTypeInfiniband);
    header.Byte(kErfVaryingLength);
    header.Big16(kept + kErfHeaderBytes);
    header.Big16(0); // losses
    header.Big16(wireBytes);
    header.WriteTo(m_file);
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
