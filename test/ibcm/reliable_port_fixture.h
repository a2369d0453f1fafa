// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_IBCM_RELIABLE_PORT_FIXTURE_H
#define TEST_IBCM_RELIABLE_PORT_FIXTURE_H

#include "ibcm/helper/loopback-wire.h"
#include "ibcm/helper/reliable-port.h"
#include "ibcm/helper/step-runtime.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace ibcm::test
{

inline constexpr std::size_t kTagAt = 255;

/** A MAD with this attribute and a byte to know it by. */
inline ibwire::MadBytes Mad(ibwire::CmAttribute attribute, std::uint8_t tag)
{
    ibwire::MadBytes mad{};
    ibwire::EncodeHeader({.mgmtClass = ibwire::MgmtClass::kCm,
                          .classVersion = 2,
                          .method = ibwire::MadMethod::kSend,
                          .attributeId = static_cast<std::uint16_t>(attribute)},
                         mad);
    mad[kTagAt] = tag;
    return mad;
}

/** A port with LID 1 whose sends lie in a list, and all that is known of them afterwards. */
class Reliably : public ::testing::Test, public MadSink
{
  protected:
    Reliably()
        : end(wire.AddEnd({1, {}, {0xffff}})),
          other(wire.AddEnd({2, {}, {0xffff}}))
    {
        Use({});
        wire.SetTap(
            [this](const Flight& flight)
            {
                sent.push_back(runtime.Now());
                tags.push_back(flight.bytes[kTagAt]);
                lastByte = flight.bytes[255];
            });
        address.dlid = 2;
    }

    /** Builds the port, or builds it anew: nothing of the old one is left. */
    void Use(const ReliablePortOptions& options)
    {
        port.emplace(runtime, end, std::uint8_t{3}, options);
        end.Attach(&*port);
        port->SetSink(this);
    }

    ~Reliably() override
    {
        // A test's hook speaks of the test's own variables, which are gone; the port still locks.
        runtime.SetLockHook({});
        if (port)
        {
            port->SetSink(nullptr);
        }
        end.Attach(nullptr);
    }

    void OnReceive(std::uint8_t portNumber, const ReceivedMad& mad) override
    {
        received.emplace_back(portNumber, mad);
    }

    void OnSendDone(std::uint64_t context, SendToken token, SendStatus status) override
    {
        done.push_back({context, token, status, runtime.Now()});
        if (onDone)
        {
            onDone();
        }
    }

    SendToken Send(Duration timeout, unsigned retries, std::uint64_t context = 9)
    {
        return port->Send({}, address, timeout, retries, context).value();
    }

    /** A REQ to LID 2 that waits 10 ms, without retries. */
    SendToken Request(std::uint8_t tag)
    {
        return port->Send(Mad(ibwire::CmAttribute::kReq, tag), address, kWait, 0, tag).value();
    }

    static constexpr Duration kWait = std::chrono::milliseconds(10);

    struct Done
    {
        std::uint64_t context;
        SendToken token;
        SendStatus status;
        Instant when;
    };

    StepRuntime runtime;
    LoopbackWire wire;
    LoopbackWire::End& end;
    LoopbackWire::End& other;
    std::optional<ReliablePort> port;
    MadAddress address;
    std::vector<Instant> sent;
    std::vector<std::uint8_t> tags; ///< of what was sent
    std::uint8_t lastByte{0};
    std::vector<std::pair<std::uint8_t, ReceivedMad>> received;
    std::vector<Done> done;
    std::function<void()> onDone;
};

/** One whose windows have room for two. */
class Windowed : public Reliably
{
  protected:
    Windowed()
    {
        options.requestWindow = 2;
        Use(options);
    }

    Result<SendToken> TrySend(ibwire::CmAttribute attribute, std::uint8_t tag, unsigned retries = 0)
    {
        return port->Send(Mad(attribute, tag), address, kWait, retries, tag);
    }

    ReliablePortOptions options;
};

} // namespace ibcm::test

#endif /* TEST_IBCM_RELIABLE_PORT_FIXTURE_H */
