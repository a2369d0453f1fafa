// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Devices without hardware: the core over a wire of threads, addresses and QPs made up.
#ifndef WEFT_TEST_IBCM_VERBS_TEST_DEVICE_H
#define WEFT_TEST_IBCM_VERBS_TEST_DEVICE_H

#include "ibcm-verbs/model/cm-device.h"
#include "ibcm/helper/host-runtime.h"
#include "ibcm/helper/reliable-port.h"
#include "ibcm/helper/threaded-wire.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace cmverbs::test
{

/** What was done to the QPs of a device, in order: "1 rc", "1 INIT", "1 RTR rq=5 …", "1 gone". */
class QpLog
{
  public:
    void Add(const std::string& line);
    std::vector<std::string> Lines() const;

  private:
    mutable std::mutex m_lock;
    std::vector<std::string> m_lines;
};

/** Host number N of a wire: LID N, address 10.0.0.N, CA GUID from N, port 1. */
class TestDevice final : public CmDevice
{
  public:
    /** Short enough that TIMEWAIT passes at once. */
    static constexpr std::uint8_t kPacketLifeTime = 8;
    static constexpr std::uint8_t kAckDelay = 5;

    TestDevice(ibcm::Runtime& runtime,
               ibcm::ThreadedWire& wire,
               std::uint16_t number,
               const ibcm::Options& options = {});
    ~TestDevice() override;

    TestDevice(const TestDevice&) = delete;
    TestDevice& operator=(const TestDevice&) = delete;

    ibcm::ConnectionManager& Manager() override;
    std::uint8_t AckDelay() const override;
    /** 10.0.0.1 … 9 are hosts, 10.0.0.10 … have no owner, 10.0.1.* never answers at once but waits
     * for Release, and then is there; others are unreachable. */
    VerbsResult<Route> Resolve(const ibcm::IpAddress& destination,
                               std::optional<ibcm::IpAddress> source = std::nullopt) override;
    VerbsResult<std::unique_ptr<QueuePair>> MakeQueuePair(bool datagram) override;

    ibcm::IpAddress Address() const;
    ibcm::Path PathTo(std::uint16_t number) const;
    /** Lets the requests for slow addresses go on, those to come with them. */
    void Release();
    /** Ends what waits for answers, as a device that goes away. */
    void RemovePort();
    /** While down, what is sent cannot be handed to the wire. */
    void SetDown(bool down);

    QpLog qps;
    std::atomic<int> qpError{0};     ///< of MakeQueuePair, if not 0
    std::atomic<int> modifyError{0}; ///< of Modify to RTR, if not 0

  private:
    class Qp;

    const std::uint16_t m_number;
    ibcm::ThreadedWire::End& m_end;
    ibcm::ReliablePort m_port;
    ibcm::ConnectionManager m_manager;
    bool m_removed{false};
    std::atomic<std::uint32_t> m_lastQpn{0x100};
    std::atomic<bool> m_released{false};
};

/** Two devices, and a wire between them that delivers. */
class DevicePair
{
  public:
    explicit DevicePair(const ibcm::Options& options = {}, const ibcm::Options& serverOptions = {});
    ~DevicePair();

    DevicePair(const DevicePair&) = delete;
    DevicePair& operator=(const DevicePair&) = delete;

    void Lose(bool everything);

  private:
    ibcm::HostRuntime m_runtime{1};
    ibcm::ThreadedWire m_wire;

  public:
    TestDevice client;
    TestDevice server;
};

} // namespace cmverbs::test

#endif // WEFT_TEST_IBCM_VERBS_TEST_DEVICE_H
