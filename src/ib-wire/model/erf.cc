// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/erf.h"

namespace ibwire
{

namespace
{

constexpr std::uint32_t kMagicNanoseconds = 0xa1b23c4d;
constexpr std::uint32_t kLinkTypeErf = 197;
constexpr std::uint8_t kErfTypeInfiniband = 21;
constexpr std::uint8_t kErfVaryingLength = 0x04;
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
        m_bytes[m_size++] = static_cast<std::uint8_t>(value >> 8U);
        m_bytes[m_size++] = static_cast<std::uint8_t>(value);
    }

    void Byte(std::uint8_t value)
    {
        m_bytes[m_size++] = value;
    }

    const std::array<std::uint8_t, N>& All() const
    {
        return m_bytes;
    }

  private:
    std::array<std::uint8_t, N> m_bytes{};
    std::size_t m_size{0};
};

} // namespace

std::array<std::uint8_t, 24> ErfFileHeader(std::uint32_t snapLength)
{
    Bytes<24> header;
    header.Little(kMagicNanoseconds);
    header.Little(std::uint16_t{2}); // version 2.4
    header.Little(std::uint16_t{4});
    header.Little(std::uint32_t{0}); // time zone
    header.Little(std::uint32_t{0}); // accuracy
    header.Little(static_cast<std::uint32_t>(snapLength + kErfHeaderBytes));
    header.Little(kLinkTypeErf);
    return header.All();
}

std::array<std::uint8_t, kErfRecordBytes> ErfRecordHeader(std::int64_t nanoseconds,
                                                          std::uint32_t kept,
                                                          std::uint32_t wire)
{
    const auto seconds = static_cast<std::uint64_t>(nanoseconds / kNsPerSecond);
    const auto rest = static_cast<std::uint64_t>(nanoseconds % kNsPerSecond);
    constexpr auto kErf = static_cast<std::uint32_t>(kErfHeaderBytes);
    Bytes<kErfRecordBytes> header;
    header.Little(static_cast<std::uint32_t>(seconds));
    header.Little(static_cast<std::uint32_t>(rest));
    header.Little(kept + kErf);
    header.Little(wire + kErf);
    // The ERF record: a fixed-point time of 32.32 bits, rounded up so that it never precedes the
    // nanosecond that it stands for.
    header.Little(seconds << 32U | ((rest << 32U) + kNsPerSecond - 1) / kNsPerSecond);
    header.Byte(kErfTypeInfiniband);
    header.Byte(kErfVaryingLength);
    header.Big16(kept + kErf);
    header.Big16(0); // losses
    header.Big16(wire);
    return header.All();
}

} // namespace ibwire
