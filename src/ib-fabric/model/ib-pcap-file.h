// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_PCAP_FILE_H
#define IB_PCAP_FILE_H

#include "ib-fabric/model/ib-packet.h"

#include <ns3/nstime.h>
#include <ns3/simple-ref-count.h>

#include <tl/expected.hpp>

#include <cstdint>
#include <cstdio>
#include <string>

namespace ns3
{

/**
 * \ingroup infiniband
 * A capture file of InfiniBand packets from LRH to VCRC, which Wireshark and tshark dissect fully:
 * see ib-wire/model/erf.h.
 */
class IbPcapFile : public SimpleRefCount<IbPcapFile>
{
  public:
    /** Longest part of a packet that is kept by default: all of it. */
    static constexpr std::uint32_t kDefaultSnapLength = 65535 - 16;

    /**
     * \param path where the file is made; an existing one is overwritten
     * \param snapLength most octets that are kept of a packet
     * \returns the file, or the operating system's reason why not
     */
    static tl::expected<Ptr<IbPcapFile>, std::string> Create(
        const std::string& path,
        std::uint32_t snapLength = kDefaultSnapLength);

    ~IbPcapFile();

    IbPcapFile(const IbPcapFile&) = delete;
    IbPcapFile& operator=(const IbPcapFile&) = delete;

    /** \param time of the first byte \param packet to be recorded */
    void Write(Time time, const IbPacket& packet);

    /** \returns how many packets were recorded */
    std::uint64_t GetCount() const;

    /** Hands everything to the operating system. \returns false if something could not be written
     */
    bool Flush();

  private:
    IbPcapFile(std::FILE* file, std::uint32_t snapLength);

    std::FILE* m_file;
    std::uint32_t m_snapLength;
    std::uint64_t m_count{0};
};

} // namespace ns3

#endif // IB_PCAP_FILE_H
