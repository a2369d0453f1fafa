// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/umad-agent.h"

#include "ibcm-verbs/model/umad-troubles.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <vector>

namespace cmverbs
{

namespace
{

constexpr int kMadBytes = static_cast<int>(ibwire::kMadBytes);

/** umad's own header with room for a MAD behind it. */
class UmadBuffer
{
  public:
    explicit UmadBuffer(std::size_t madBytes)
        : m_words((umad_size() + madBytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t))
    {
    }

    void* Get()
    {
        return m_words.data();
    }

    std::uint8_t* Mad()
    {
        return static_cast<std::uint8_t*>(umad_get_mad(m_words.data()));
    }

  private:
    std::vector<std::uint64_t> m_words; ///< aligned as the kernel's header wants it
};

class LibraryAgent final : public UmadAgent
{
  public:
    LibraryAgent(int port, int agent)
        : m_port(port),
          m_agent(agent),
          m_receive(ibwire::kMadBytes)
    {
    }

    ~LibraryAgent() override
    {
        umad_unregister(m_port, m_agent);
        umad_close_port(m_port);
    }

    int FileDescriptor() const override
    {
        return umad_get_fd(m_port);
    }

    int Send(const ibwire::MadBytes& mad,
             const ib_mad_addr_t& address,
             int timeoutMs,
             int retries) override
    {
        UmadBuffer buffer(ibwire::kMadBytes);
        *umad_get_mad_addr(buffer.Get()) = address;
        std::copy(mad.begin(), mad.end(), buffer.Mad());
        errno = 0;
        if (umad_send(m_port, m_agent, buffer.Get(), kMadBytes, timeoutMs, retries) < 0)
        {
            return errno == 0 ? EIO : errno;
        }
        return 0;
    }

    int Receive(UmadArrival& arrival) override
    {
        int length = kMadBytes;
        errno = 0;
        const int result = umad_recv(m_port, m_receive.Get(), &length, 0);
        if (result == -ENOSPC)
        {
            return ReceiveLong(arrival, length);
        }
        if (result < 0)
        {
            return errno == 0 ? -result : errno;
        }
        Fill(arrival, m_receive, length);
        return 0;
    }

  private:
    /** Takes a MAD that is longer than any of the classes here: the kernel would offer it again. */
    int ReceiveLong(UmadArrival& arrival, int length)
    {
        UmadBuffer buffer(static_cast<std::size_t>(std::max(length, kMadBytes)));
        errno = 0;
        const int result = umad_recv(m_port, buffer.Get(), &length, 0);
        if (result < 0)
        {
            return errno == 0 ? -result : errno;
        }
        Fill(arrival, buffer, length);
        return 0;
    }

    static void Fill(UmadArrival& arrival, UmadBuffer& buffer, int length)
    {
        arrival.status = umad_status(buffer.Get());
        arrival.length = static_cast<std::size_t>(std::max(length, 0));
        arrival.address = *umad_get_mad_addr(buffer.Get());
        arrival.bytes = {};
        std::copy_n(
            buffer.Mad(), std::min(arrival.length, arrival.bytes.size()), arrival.bytes.begin());
    }

    const int m_port;
    const int m_agent;
    UmadBuffer m_receive;
};

/** Bit n of the mask is method n. */
std::array<long, 16 / sizeof(long)> MethodMask(bool unsolicited)
{
    std::array<long, 16 / sizeof(long)> mask{};
    if (unsolicited)
    {
        constexpr auto kSend = static_cast<unsigned>(ibwire::MadMethod::kSend);
        mask[kSend / std::numeric_limits<unsigned long>::digits] |=
            1L << (kSend % std::numeric_limits<unsigned long>::digits);
    }
    return mask;
}

} // namespace

VerbsResult<std::unique_ptr<UmadAgent>> OpenUmadAgent(const std::string& device,
                                                      std::uint8_t port,
                                                      const UmadClass& agentClass)
{
    if (umad_init() < 0)
    {
        return tl::unexpected(VerbsError{EIO, "libibumad cannot be initialised"});
    }
    errno = 0;
    const int opened = umad_open_port(device.c_str(), port);
    if (opened < 0)
    {
        return tl::unexpected(
            WhyNoUmadDevice(device, port, errno == 0 ? -opened : errno, ReadKernelModules()));
    }
    auto mask = MethodMask(agentClass.unsolicited);
    errno = 0;
    const int agent = umad_register(opened,
                                    static_cast<int>(agentClass.mgmtClass),
                                    agentClass.version,
                                    0,
                                    agentClass.unsolicited ? mask.data() : nullptr);
    if (agent < 0)
    {
        const int code = errno;
        umad_close_port(opened);
        return tl::unexpected(WhyNotRegistered(device, port, code, ReadKernelModules()));
    }
    return std::make_unique<LibraryAgent>(opened, agent);
}

} // namespace cmverbs
