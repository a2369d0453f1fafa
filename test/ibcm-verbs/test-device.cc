// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "test-device.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace cmverbs::test
{

namespace
{

constexpr std::uint64_t kGuid = 0x0002c90300000000;
constexpr std::uint8_t kPort = 1;
constexpr std::uint32_t kNet = 0x0a000000;     ///< 10.0.0.0
constexpr std::uint32_t kSlowNet = 0x0a000100; ///< 10.0.1.0
constexpr std::uint32_t kHostBits = 0xff;
constexpr std::uint32_t kMostHosts = 9;

ibwire::Gid GidOf(std::uint16_t number)
{
    return ibwire::Gid::From(ibwire::kDefaultGidPrefix, kGuid + number);
}

const char* NameOf(ibcm::QpTarget target)
{
    switch (target)
    {
    case ibcm::QpTarget::kInit:
        return "INIT";
    case ibcm::QpTarget::kRtr:
        return "RTR";
    case ibcm::QpTarget::kRts:
        return "RTS";
    }
    return "?";
}

} // namespace

void QpLog::Add(const std::string& line)
{
    const std::lock_guard hold(m_lock);
    m_lines.push_back(line);
}

std::vector<std::string> QpLog::Lines() const
{
    const std::lock_guard hold(m_lock);
    return m_lines;
}

class TestDevice::Qp final : public QueuePair
{
  public:
    Qp(TestDevice& device, std::uint32_t number, bool datagram)
        : m_device(device),
          m_number(number)
    {
        Log(datagram ? "ud" : "rc");
    }

    ~Qp() override
    {
        Log("gone");
    }

    std::uint32_t Number() const override
    {
        return m_number;
    }

    VerbsStatus Modify(const ibcm::QpAttributes& attributes) override
    {
        if (attributes.target == ibcm::QpTarget::kRtr && m_device.modifyError != 0)
        {
            return tl::unexpected(VerbsError{m_device.modifyError, "no RTR today"});
        }
        std::string text = NameOf(attributes.target);
        if (attributes.target == ibcm::QpTarget::kRtr)
        {
            text += fmt::format(" dest={} psn={} rr={}",
                                attributes.destQpn,
                                attributes.rqPsn,
                                attributes.maxDestRdAtomic);
        }
        if (attributes.target == ibcm::QpTarget::kRts)
        {
            text += fmt::format(" psn={} depth={} timeout={}",
                                attributes.sqPsn,
                                attributes.maxRdAtomic,
                                attributes.timeout);
        }
        Log(text);
        return {};
    }

    VerbsStatus ModifyToError() override
    {
        Log("ERR");
        return {};
    }

  private:
    void Log(const std::string& what)
    {
        m_device.qps.Add(fmt::format("{} {}", m_number, what));
    }

    TestDevice& m_device;
    const std::uint32_t m_number;
};

TestDevice::TestDevice(ibcm::Runtime& runtime,
                       ibcm::ThreadedWire& wire,
                       std::uint16_t number,
                       const ibcm::Options& options)
    : m_number(number),
      m_end(wire.AddEnd({.lid = number, .gids = {GidOf(number)}})),
      m_port(runtime, m_end, kPort),
      m_manager(runtime, {.caGuid = kGuid + number, .caAckDelay = kAckDelay}, options)
{
    EXPECT_TRUE(m_manager.AddPort(kPort, m_port));
    m_end.Attach(&m_port);
}

TestDevice::~TestDevice()
{
    EXPECT_EQ(m_manager.LiveIds(), 0U) << m_manager.Dump();
    RemovePort();
    m_end.Attach(nullptr);
}

ibcm::ConnectionManager& TestDevice::Manager()
{
    return m_manager;
}

std::uint8_t TestDevice::AckDelay() const
{
    return kAckDelay;
}

void TestDevice::RemovePort()
{
    if (!m_removed)
    {
        m_end.Attach(nullptr);
        EXPECT_TRUE(m_manager.RemovePort(kPort));
        m_removed = true;
    }
}

void TestDevice::SetDown(bool down)
{
    m_end.SetDown(down);
}

void TestDevice::Release()
{
    m_released = true;
}

ibcm::IpAddress TestDevice::Address() const
{
    return ibcm::IpAddress::V4(kNet + m_number);
}

ibcm::Path TestDevice::PathTo(std::uint16_t number) const
{
    ibcm::Path path;
    path.sgid = GidOf(m_number);
    path.dgid = GidOf(number);
    path.slid = m_number;
    path.dlid = number;
    path.packetLifeTime = kPacketLifeTime;
    return path;
}

VerbsResult<Route> TestDevice::Resolve(const ibcm::IpAddress& destination,
                                       std::optional<ibcm::IpAddress> source)
{
    if (source && *source != Address())
    {
        return tl::unexpected(VerbsError{EADDRNOTAVAIL, "the device does not have that address"});
    }
    const auto address = static_cast<std::uint32_t>(destination.Bytes().Guid());
    const std::uint32_t net = address & ~kHostBits;
    const std::uint32_t host = address & kHostBits;
    if (destination.Version() != 4 || (net != kNet && net != kSlowNet))
    {
        return tl::unexpected(VerbsError{ENETUNREACH, "no route"});
    }
    while (net == kSlowNet && !m_released)
    {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (host > kMostHosts)
    {
        return tl::unexpected(VerbsError{EHOSTUNREACH, "no neighbour"});
    }
    return Route{PathTo(static_cast<std::uint16_t>(host)), Address(), kPort};
}

VerbsResult<std::unique_ptr<QueuePair>> TestDevice::MakeQueuePair(bool datagram)
{
    if (qpError != 0)
    {
        return tl::unexpected(VerbsError{qpError, "no more QPs"});
    }
    return std::make_unique<Qp>(*this, ++m_lastQpn, datagram);
}

DevicePair::DevicePair(const ibcm::Options& options, const ibcm::Options& serverOptions)
    : client(m_runtime, m_wire, 1, options),
      server(m_runtime, m_wire, 2, serverOptions)
{
    m_wire.Start();
}

DevicePair::~DevicePair()
{
    client.RemovePort();
    server.RemovePort();
    m_wire.Stop();
}

void DevicePair::Lose(bool everything)
{
    ibcm::WireFaults faults;
    faults.lossPerMillion = everything ? ibcm::WireFaults::kAlways : 0;
    m_wire.SetFaults(faults);
}

} // namespace cmverbs::test
