// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Requests that do not keep to the RDMA IP CM service are refused, and never shown.
#include "shell-runner.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

namespace cmverbs::test
{
namespace
{

constexpr std::uint64_t kTcpService = 0x01061b58; ///< port 7000
constexpr std::uint64_t kUdpService = 0x01111b58;

/** A consumer that asks for anything and waits for what comes of it. */
class Stranger final : public ibcm::EventHandler
{
  public:
    explicit Stranger(TestDevice& device)
        : m_device(device),
          m_id(*device.Manager().Create(*this))
    {
    }

    ~Stranger() override
    {
        EXPECT_TRUE(m_device.Manager().Destroy(m_id));
    }

    Stranger(const Stranger&) = delete;
    Stranger& operator=(const Stranger&) = delete;

    ibcm::Event SendReq(const std::vector<std::uint8_t>& privateData,
                        std::uint64_t service = kTcpService,
                        ibcm::QpType type = ibcm::QpType::kRc)
    {
        ibcm::ReqParameters req;
        req.serviceId = service;
        req.primaryPath = m_device.PathTo(2);
        req.qpType = type;
        req.localQpn = 55;
        req.privateData = privateData;
        EXPECT_TRUE(m_device.Manager().SendReq(m_id, req));
        return Wait();
    }

    ibcm::Event SendSidrReq(const std::vector<std::uint8_t>& privateData,
                            std::uint64_t service = kUdpService)
    {
        ibcm::SidrReqParameters request;
        request.serviceId = service;
        request.path = m_device.PathTo(2);
        request.privateData = privateData;
        EXPECT_TRUE(m_device.Manager().SendSidrReq(m_id, request));
        return Wait();
    }

    ibcm::Disposition OnCmEvent(ibcm::ConnectionManager& /*manager*/,
                                ibcm::Handle /*id*/,
                                const ibcm::Event& event) override
    {
        {
            const std::lock_guard hold(m_lock);
            m_event = event;
        }
        m_told.notify_one();
        return ibcm::Disposition::kKeep;
    }

  private:
    ibcm::Event Wait()
    {
        std::unique_lock hold(m_lock);
        const bool told =
            m_told.wait_for(hold, std::chrono::seconds(60), [this] { return m_event.has_value(); });
        EXPECT_TRUE(told);
        return m_event.value_or(ibcm::Event{});
    }

    TestDevice& m_device;
    ibcm::Handle m_id;
    std::mutex m_lock;
    std::condition_variable m_told;
    std::optional<ibcm::Event> m_event;
};

std::vector<std::uint8_t> Header(std::size_t size = 36)
{
    auto header =
        *ibcm::BuildIpCm({ibcm::IpAddress::V4(0x0a000001), 1000, ibcm::IpAddress::V4(0x0a000002)},
                         ibcm::IpCmCarrier::kReq);
    header.resize(size);
    return header;
}

class ShellHeader : public testing::TestWithParam<ibcm::Behaviour>
{
  protected:
    ShellHeader()
    {
        ibcm::Options options;
        options.behaviour = GetParam();
        m_devices.emplace(options, options);
        m_shell.emplace(m_devices->server, GetParam());
    }

    /** The REJ 28 that a request gets, and the reason in it. */
    void ExpectRejected(const std::vector<std::uint8_t>& privateData, ibwire::IpCmRejReason reason)
    {
        Stranger stranger(m_devices->client);
        const ibcm::Event event = stranger.SendReq(privateData);
        ASSERT_EQ(event.type, ibcm::EventType::kRejReceived);
        const auto& rej = std::get<ibcm::RejReceived>(event.parameters);
        EXPECT_EQ(rej.reason, ibwire::RejReason::kConsumer);
        if (GetParam() == ibcm::Behaviour::kLinux61)
        {
            EXPECT_EQ(rej.infoLength, 0);
            return;
        }
        ASSERT_EQ(rej.infoLength, 2);
        EXPECT_EQ(rej.info[0], 0); // the layer: the IP CM service
        EXPECT_EQ(rej.info[1], static_cast<std::uint8_t>(reason));
    }

    /** Nothing was shown: what the shell says next has the next number. */
    void ExpectNothingShown(const std::string& request)
    {
        EXPECT_EQ(m_shell->Event(m_lastListener + 1), request);
    }

    std::optional<DevicePair> m_devices;
    std::optional<ShellRunner> m_shell;
    unsigned m_lastListener{1};
};

INSTANTIATE_TEST_SUITE_P(Behaviours,
                         ShellHeader,
                         testing::Values(ibcm::Behaviour::kStrict, ibcm::Behaviour::kLinux61),
                         [](const auto& info) { return ibcm::ToString(info.param); });

TEST_P(ShellHeader, BadHeadersAreRejectedWithTheReason)
{
    ASSERT_EQ(m_shell->Do("policy hold"), "ok policy");
    ASSERT_EQ(m_shell->Do("listen 7000"), "ok listen id=1");
    struct Fault
    {
        std::size_t offset;
        std::uint8_t value;
        ibwire::IpCmRejReason reason;
    };
    const std::vector<Fault> faults{
        {0, 0x10, ibwire::IpCmRejReason::kMajorVersion},
        {0, 0x01, ibwire::IpCmRejReason::kMinorVersion},
        {1, 0x50, ibwire::IpCmRejReason::kIpVersion},
        {4, 1, ibwire::IpCmRejReason::kSourceAddress},
        {20, 1, ibwire::IpCmRejReason::kDestinationAddress},
    };
    for (const Fault& fault : faults)
    {
        auto header = Header();
        header[fault.offset] = fault.value;
        ExpectRejected(header, fault.reason);
    }
    ExpectRejected({}, ibwire::IpCmRejReason::kIpVersion); // all zero
    Stranger good(m_devices->client);
    std::thread asking([&]
                       { EXPECT_EQ(good.SendReq(Header()).type, ibcm::EventType::kRejReceived); });
    ExpectNothingShown("CONNECT_REQUEST status=0 listen=1 rr=0 depth=0 fc=1 retry=7 rnr=7 srq=0 "
                       "qpn=55");
    EXPECT_EQ(m_shell->Do("reject 2"), "ok reject");
    asking.join();
}

TEST_P(ShellHeader, OtherTransportsAndServicesAreRejected)
{
    ASSERT_EQ(m_shell->Do("listen 7000"), "ok listen id=1");
    ASSERT_EQ(m_shell->Do("listen 7000 ps=udp"), "ok listen id=2");
    {
        Stranger unreliable(m_devices->client);
        const ibcm::Event event = unreliable.SendReq(Header(), kTcpService, ibcm::QpType::kUc);
        ASSERT_EQ(event.type, ibcm::EventType::kRejReceived);
        EXPECT_EQ(std::get<ibcm::RejReceived>(event.parameters).reason,
                  ibwire::RejReason::kConsumer);
    }
    {
        Stranger connected(m_devices->client);
        const ibcm::Event event = connected.SendReq(Header(), kUdpService);
        ASSERT_EQ(event.type, ibcm::EventType::kRejReceived);
        EXPECT_EQ(std::get<ibcm::RejReceived>(event.parameters).reason,
                  ibwire::RejReason::kConsumer);
    }
    for (const auto& [header, service] :
         std::vector<std::pair<std::vector<std::uint8_t>, std::uint64_t>>{{Header(), kTcpService},
                                                                          {{}, kUdpService}})
    {
        Stranger datagrams(m_devices->client);
        const ibcm::Event event = datagrams.SendSidrReq(header, service);
        ASSERT_EQ(event.type, ibcm::EventType::kSidrRepReceived);
        EXPECT_EQ(std::get<ibcm::SidrRepReceived>(event.parameters).status,
                  ibwire::SidrStatus::kRejected);
    }
    EXPECT_EQ(m_shell->End(true), 0);
    EXPECT_EQ(m_shell->Rest(), std::vector<std::string>{"ok quit"});
}

TEST_P(ShellHeader, AListenerTakesRequestsForItsAddressOnly)
{
    ASSERT_EQ(m_shell->Do("listen 7000 ip=10.0.0.2"), "ok listen id=1");
    auto elsewhere = Header();
    elsewhere[35] = 9; // 10.0.0.9
    ExpectRejected(elsewhere, ibwire::IpCmRejReason::kUnknownAddress);
    Stranger good(m_devices->client);
    const ibcm::Event response = good.SendReq(Header());
    ASSERT_EQ(response.type, ibcm::EventType::kRepReceived);
    EXPECT_EQ(std::get<ibcm::RepReceived>(response.parameters).targetAckDelay,
              TestDevice::kAckDelay);
    EXPECT_TRUE(m_shell->Event(2).starts_with("CONNECT_REQUEST status=0 listen=1 "));
}

TEST_P(ShellHeader, ARequestComesFromTheAddressAndAPortOfTheShell)
{
    ASSERT_EQ(m_shell->End(true), 0);
    struct Listening final : ibcm::EventHandler
    {
        ibcm::Disposition OnCmEvent(ibcm::ConnectionManager& /*manager*/,
                                    ibcm::Handle /*id*/,
                                    const ibcm::Event& event) override
        {
            if (event.type == ibcm::EventType::kReqReceived)
            {
                request = event;
                return ibcm::Disposition::kDestroy;
            }
            return ibcm::Disposition::kKeep;
        }

        ibcm::Event request;
    } listening;
    const auto id = *m_devices->server.Manager().Create(listening);
    ASSERT_TRUE(m_devices->server.Manager().Listen(id, kTcpService));
    ShellRunner client(m_devices->client, GetParam());
    ASSERT_EQ(client.Do("connect 10.0.0.2 7000 acktimeout=12 data=1234"), "ok connect id=1");
    client.Event(1);
    client.Event(1);
    EXPECT_EQ(client.Event(1), "REJECTED status=28");
    ASSERT_TRUE(m_devices->server.Manager().Destroy(id));
    const auto& req = std::get<ibcm::ReqReceived>(listening.request.parameters);
    const auto header = ibcm::ParseIpCm(listening.request.privateData.Bytes(), kTcpService);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->endpoints.source, ibcm::IpAddress::V4(0x0a000001));
    EXPECT_EQ(header->endpoints.destination, ibcm::IpAddress::V4(0x0a000002));
    EXPECT_GE(header->endpoints.sourcePort, 32768);
    EXPECT_LT(header->endpoints.sourcePort, 61000);
    EXPECT_EQ(header->consumerData[0], 0x12);
    EXPECT_EQ(req.primaryPath.packetLifeTime, 11); // twice that is the time asked for
    EXPECT_EQ(req.retryCount, 7);
    EXPECT_EQ(req.localCmResponseTimeout, 20);
    EXPECT_EQ(req.remoteCmResponseTimeout, 20);
}

} // namespace
} // namespace cmverbs::test
