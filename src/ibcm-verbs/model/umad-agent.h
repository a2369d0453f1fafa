// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_UMAD_AGENT_H
#define IBCM_VERBS_UMAD_AGENT_H

#include "ib-wire/model/mad.h"
#include "ibcm-verbs/model/verbs-error.h"

#include <infiniband/umad.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace cmverbs
{

/** What a read from umad gave. */
struct UmadArrival
{
    /** 0: a MAD has come; else the errno of a MAD of this side that came back. */
    int status{0};
    std::size_t length{0}; ///< of the MAD; bytes holds at most 256 of it
    ib_mad_addr_t address{};
    ibwire::MadBytes bytes{};
};

/**
 * An agent for one management class at one port, through /dev/infiniband/umad*. Send may be called
 * on many threads, Receive on one. Virtual so that tests can stand in for the kernel.
 */
class UmadAgent
{
  public:
    virtual ~UmadAgent() = default;
    /** Readable when Receive has something. */
    virtual int FileDescriptor() const = 0;
    /**
     * Hands a MAD to the kernel; on RoCE blocks until it has found the peer's Ethernet address.
     * @param timeoutMs 0: no answer is awaited. The kernel keeps the lower half of the transaction
     * id and sets the upper one, unless the method is a response.
     * @return 0, or an errno.
     */
    virtual int Send(const ibwire::MadBytes& mad,
                     const ib_mad_addr_t& address,
                     int timeoutMs,
                     int retries) = 0;
    /** Takes what has come; to be called when the descriptor is readable. 0, or an errno. */
    virtual int Receive(UmadArrival& arrival) = 0;
};

/** The class that an agent speaks. */
struct UmadClass
{
    ibwire::MgmtClass mgmtClass{};
    std::uint8_t version{1};
    bool unsolicited{false}; ///< takes Sends that are no answers
};

/**
 * Opens the port's umad device and registers with the kernel's MAD layer.
 * @return code ENOENT if there is no umad device, EACCES, EBUSY if the class is taken.
 */
VerbsResult<std::unique_ptr<UmadAgent>> OpenUmadAgent(const std::string& device,
                                                      std::uint8_t port,
                                                      const UmadClass& agentClass);

} // namespace cmverbs

#endif /* IBCM_VERBS_UMAD_AGENT_H */
