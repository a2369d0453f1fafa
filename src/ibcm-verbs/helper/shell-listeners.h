// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SHELL_LISTENERS_H
#define IBCM_VERBS_SHELL_LISTENERS_H

#include "ibcm-verbs/helper/shell-line.h"
#include "ibcm-verbs/model/cm-device.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace cmverbs
{

/**
 * Who listens at which port and address. Several may share a port if each names another address;
 * they are one listener of the CM then. For one thread.
 */
class ShellListeners
{
  public:
    /** @param handler of the listeners; outlives this. */
    ShellListeners(CmDevice& device, ibcm::EventHandler& handler);
    /** Ends all. */
    ~ShellListeners();

    ShellListeners(const ShellListeners&) = delete;
    ShellListeners& operator=(const ShellListeners&) = delete;

    /**
     * @param id of the new one.
     * @return as rdma_cm says it: code EADDRINUSE if somebody listens at the same address,
     * EADDRNOTAVAIL if the address is none of the device's or one of both listens at all addresses;
     * ENOMEM.
     */
    ShellResult<void> Add(unsigned id, const ShellCommand& listen);
    bool Has(unsigned id) const;
    void Remove(unsigned id);
    std::vector<unsigned> Ids() const;

    /** Who listens to a request for a service at an address. */
    std::optional<unsigned> Find(std::uint64_t serviceId, const ibcm::IpAddress& address) const;
    /** Whether anybody listens to the service at all. */
    bool Serves(std::uint64_t serviceId) const;

  private:
    struct Listener
    {
        unsigned id;
        std::optional<ibcm::IpAddress> ip; ///< nothing: all of the device's
    };

    /** Those at one port. */
    struct Service
    {
        ibcm::Handle handle{ibcm::Handle::kNone};
        std::vector<Listener> listeners; ///< never empty
    };

    /** That the port is taken, at this address; 0 if it is not. */
    int ConflictAt(std::uint64_t serviceId, const std::optional<ibcm::IpAddress>& ip) const;
    ShellResult<ibcm::Handle> Open(std::uint64_t serviceId, std::uint32_t backlog);

    CmDevice& m_device;
    ibcm::EventHandler& m_handler;
    std::map<std::uint64_t, Service> m_services; ///< by service id
};

} // namespace cmverbs

#endif /* IBCM_VERBS_SHELL_LISTENERS_H */
