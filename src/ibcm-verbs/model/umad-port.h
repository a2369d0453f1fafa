// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_UMAD_PORT_H
#define IBCM_VERBS_UMAD_PORT_H

#include "ibcm-verbs/model/mad-tap.h"
#include "ibcm-verbs/model/port-snapshot.h"
#include "ibcm-verbs/model/send-lanes.h"
#include "ibcm-verbs/model/umad-agent.h"
#include "ibcm-verbs/model/wake-descriptor.h"
#include "ibcm/helper/reliable-port.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace cmverbs
{

/** What has become of a port's MADs. */
struct UmadCounts
{
    std::uint64_t handedOver{0};  ///< to the lanes, for sending
    std::uint64_t laneFull{0};    ///< refused, as too many waited
    std::uint64_t sendFailed{0};  ///< the kernel refused them
    std::uint64_t returned{0};    ///< sent, and came back with an error
    std::uint64_t received{0};    ///< handed to the ReliablePort
    std::uint64_t wrongLength{0}; ///< received, but not of 256 bytes: refused
    int lastSendError{0};         ///< errno of the latest of sendFailed; 0: none
};

/**
 * One port's CM class through umad: the wire that a ReliablePort stands on. It promises nothing:
 * umad reports a CM Send as done at once, so that waiting and retries are the ReliablePort's, and a
 * send that fails is counted only. The kernel replaces the upper half of the transaction id of what
 * goes out; the core knows its messages by the lower half.
 */
class UmadPort final : public ibcm::MadWire
{
  public:
    /**
     * @param agent of class CM. @param state of the port; both outlive this.
     * @param tap null: none.
     */
    UmadPort(std::unique_ptr<UmadAgent> agent, const PortState& state, MadTap* tap);
    /** Stops; what was handed over is sent. */
    ~UmadPort() override;

    UmadPort(const UmadPort&) = delete;
    UmadPort& operator=(const UmadPort&) = delete;

    /**
     * Delivers to @p port from now on, on one thread.
     * @param broken is told, once, that nothing more can be received, and why.
     */
    void Start(ibcm::ReliablePort& port, std::function<void(const std::string&)> broken);
    /** Delivers nothing any more when it returns; sending goes on. Not from a handler. */
    void Stop();

    UmadCounts Counts() const;

    bool Transmit(const ibwire::MadBytes& mad, const ibcm::MadAddress& address) override;
    std::uint16_t Lid() const override;
    std::uint8_t Lmc() const override;
    std::uint8_t ActiveMtu() const override;
    std::uint8_t ActiveRate() const override;
    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const override;
    ibwire::Gid GidAt(std::uint8_t index) const override;
    std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const override;

  private:
    SendLanes::Hooks MakeHooks();
    /** What the receiving thread does. @return why it ended; empty if it was told to. */
    std::string Receive(ibcm::ReliablePort& port);
    void Accept(const UmadArrival& arrival, ibcm::ReliablePort& port);

    const std::unique_ptr<UmadAgent> m_agent;
    const PortState& m_state;
    MadTap* const m_tap;
    std::atomic<std::uint64_t> m_handedOver{0};
    std::atomic<std::uint64_t> m_laneFull{0};
    std::atomic<std::uint64_t> m_sendFailed{0};
    std::atomic<std::uint64_t> m_returned{0};
    std::atomic<std::uint64_t> m_received{0};
    std::atomic<std::uint64_t> m_wrongLength{0};
    std::atomic<int> m_lastSendError{0};
    WakeDescriptor m_wake;
    ibcm::OsThread m_receiver;
    SendLanes m_lanes; ///< the last: its threads count above
};

} // namespace cmverbs

#endif /* IBCM_VERBS_UMAD_PORT_H */
