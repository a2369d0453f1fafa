// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_CM_HOST_H
#define IBCM_VERBS_CM_HOST_H

#include "ibcm-verbs/model/cm-device.h"
#include "ibcm-verbs/model/mad-capture.h"
#include "ibcm-verbs/model/port-events.h"
#include "ibcm-verbs/model/sa-path-client.h"
#include "ibcm-verbs/model/umad-port.h"
#include "ibcm-verbs/model/verbs-device.h"
#include "ibcm-verbs/model/verbs-qp.h"
#include "ibcm/helper/host-runtime.h"
#include "ibcm/helper/reliable-port.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace cmverbs
{

struct CmHostOptions
{
    std::string device;   ///< as `rdma link` shows it; empty: the only one that there is
    std::uint8_t port{1}; ///< 1..
    /** On Ethernet: the GID to connect from, for Resolve without a source. */
    std::optional<std::uint8_t> gidIndex;
    ibcm::Options manager;
    ibcm::ReliablePortOptions mads;
    std::string captureFile; ///< where the port's CM messages are recorded; empty: nowhere
    /**
     * Told what goes wrong later and is nobody's call: the device was removed, a capture cannot be
     * written. On any thread. Null: nobody listens.
     */
    std::function<void(const std::string&)> trouble;
};

/**
 * A Connection Manager on one port of a real RDMA device, in place of the kernel's: what a program
 * begins with. The modules rdma_ucm, rdma_cm and ib_cm must not be loaded, and /dev/infiniband must
 * be readable and writable. All ids must have been destroyed before it.
 */
class CmHost final : public CmDevice
{
  public:
    /**
     * @return code ENODEV if there is no such device or port, EACCES, ENETDOWN if the port is down,
     * EADDRNOTAVAIL if it has no GID that can be used, EBUSY if the kernel or another program has
     * the CM class; the text says what to do about it.
     */
    static VerbsResult<std::unique_ptr<CmHost>> Open(const CmHostOptions& options);
    ~CmHost() override;

    ibcm::ConnectionManager& Manager() override
    {
        return *m_manager;
    }

    std::uint8_t AckDelay() const override
    {
        return m_device->AckDelay();
    }

    VerbsResult<Route> Resolve(const ibcm::IpAddress& destination,
                               std::optional<ibcm::IpAddress> source = std::nullopt) override;
    VerbsResult<std::unique_ptr<QueuePair>> MakeQueuePair(bool datagram) override;

    /** A queue pair that moves data; a datagram one on this port. */
    VerbsResult<std::unique_ptr<VerbsQp>> MakeDataQp(VerbsQpOptions options);
    /** A way for datagrams along a path, from a QP that MakeDataQp has made. */
    VerbsResult<std::unique_ptr<DatagramAddress>> AddressFor(const VerbsQp& pair,
                                                             const ibcm::Path& path) const;

    const VerbsDevice& Device() const
    {
        return *m_device;
    }

    ibcm::Runtime& Runtime()
    {
        return m_runtime;
    }

    std::shared_ptr<const PortSnapshot> Port() const
    {
        return m_state->Get();
    }

    UmadCounts Counts() const
    {
        return m_umad->Counts();
    }

    /** Transmissions that had to be made again. */
    std::uint64_t Retries() const
    {
        return m_mads->Retries();
    }

    /** Reliable sends that have not ended. */
    std::size_t OutstandingSends() const
    {
        return m_mads->Outstanding();
    }

    /** The manager's Dump, and what the port knows: lines of text. */
    std::string Dump();

  private:
    explicit CmHost(const CmHostOptions& options);

    VerbsStatus Initialise();
    VerbsStatus OpenPort();
    void Refresh();
    /** The device has gone: the manager tells its users. */
    void Withdraw(const std::string& why);

    const CmHostOptions m_options;
    ibcm::HostRuntime m_runtime;
    std::unique_ptr<VerbsDevice> m_device;
    std::unique_ptr<PortState> m_state;
    std::unique_ptr<MadCapture> m_capture;
    std::unique_ptr<SaPathClient> m_paths; ///< of InfiniBand
    std::unique_ptr<UmadPort> m_umad;
    std::unique_ptr<ibcm::ReliablePort> m_mads;
    std::unique_ptr<ibcm::ConnectionManager> m_manager;
    std::unique_ptr<PortEvents> m_events;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_CM_HOST_H */
