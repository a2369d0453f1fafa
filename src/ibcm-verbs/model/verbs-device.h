// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_VERBS_DEVICE_H
#define IBCM_VERBS_VERBS_DEVICE_H

#include "ibcm-verbs/model/port-snapshot.h"
#include "ibcm-verbs/model/verbs-error.h"

#include <infiniband/verbs.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace cmverbs
{

/** Frees what verbs hands out, for std::unique_ptr. */
struct VerbsFree
{
    void operator()(ibv_context* context) const;
    void operator()(ibv_pd* domain) const;
    void operator()(ibv_cq* queue) const;
    void operator()(ibv_comp_channel* channel) const;
    void operator()(ibv_mr* region) const;
    void operator()(ibv_qp* pair) const;
    void operator()(ibv_ah* address) const;
};

template <class T>
using VerbsPtr = std::unique_ptr<T, VerbsFree>;

/** An open RDMA device. Thread-safe. */
class VerbsDevice
{
  public:
    /**
     * @param name as `rdma link` shows it; empty: the only one that there is.
     * @return code ENODEV if there is no such device (or there are several), EACCES.
     */
    static VerbsResult<std::unique_ptr<VerbsDevice>> Open(const std::string& name);

    const std::string& Name() const
    {
        return m_name;
    }

    /** Host byte order. */
    std::uint64_t NodeGuid() const
    {
        return m_nodeGuid;
    }

    /** Exponent: 4.096 us * 2^n. */
    std::uint8_t AckDelay() const
    {
        return m_ackDelay;
    }

    /** RDMA READs that one QP may have under way, in each direction. */
    std::uint8_t MaxReads() const
    {
        return m_maxReads;
    }

    std::uint8_t Ports() const
    {
        return m_ports;
    }

    ibv_context* Context() const
    {
        return m_context.get();
    }

    ibv_pd* Domain() const
    {
        return m_domain.get();
    }

    /**
     * Called when a thread has made something, and by another when the kernel has named it in an
     * event, before it is used: the way through the kernel is none that C++ knows of.
     */
    void HandOver() const
    {
        const std::lock_guard hold(m_handOver);
    }

    /** The port as it is now. ENODEV if there is no such port. */
    VerbsResult<PortSnapshot> QueryPort(std::uint8_t number) const;

  private:
    VerbsDevice(VerbsPtr<ibv_context> context, std::string name);

    VerbsStatus Initialise();

    const std::string m_name;
    VerbsPtr<ibv_context> m_context;
    VerbsPtr<ibv_pd> m_domain;
    mutable ibcm::OsMutex m_handOver; ///< protects nothing else
    std::uint64_t m_nodeGuid{0};
    std::uint8_t m_ackDelay{0};
    std::uint8_t m_maxReads{0};
    std::uint8_t m_ports{0};
};

/**
 * The device that a name means. @param names of all devices. @return its place, or why there is
 * none; pure.
 */
VerbsResult<std::size_t> ChooseDevice(const std::vector<std::string>& names,
                                      const std::string& wanted);

} // namespace cmverbs

#endif /* IBCM_VERBS_VERBS_DEVICE_H */
