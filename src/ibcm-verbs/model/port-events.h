// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_PORT_EVENTS_H
#define IBCM_VERBS_PORT_EVENTS_H

#include "ibcm-verbs/model/verbs-device.h"
#include "ibcm-verbs/model/wake-descriptor.h"
#include "ibcm/model/connection-manager.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace cmverbs
{

/** What is done about an asynchronous event of verbs. */
enum class EventAction : std::uint8_t
{
    kIgnore,
    kRefreshPort, ///< state, LID, GIDs or P_Keys may have changed
    kEstablished, ///< a queue pair has got data before the RTU came
    kMigrated,    ///< a queue pair goes by its alternate path now
    kDeviceGone,
};

/** Pure. */
EventAction ActionFor(ibv_event_type type);

/** Which id a queue pair's number belongs to. Not thread-safe. */
class QpOwners
{
  public:
    explicit QpOwners(ibcm::ConnectionManager& manager);

    /**
     * Does @p tell for the id whose local QPN this is. Asks the manager for all ids when one is not
     * known yet, or has gone: COMM_EST comes in crowds.
     */
    void Tell(std::uint32_t qpn, const std::function<ibcm::Status(ibcm::Handle)>& tell);

  private:
    void Learn();

    ibcm::ConnectionManager& m_manager;
    std::map<std::uint32_t, ibcm::Handle> m_owners;
};

/** One thread that waits for the device's asynchronous events. */
class PortEvents
{
  public:
    struct Reactions
    {
        std::function<void()> refresh; ///< the port may have changed
        std::function<void()> gone;    ///< the device is broken or removed
    };

    PortEvents(const VerbsDevice& device,
               std::uint8_t port,
               ibcm::ConnectionManager& manager,
               Reactions reactions);
    ~PortEvents();

    PortEvents(const PortEvents&) = delete;
    PortEvents& operator=(const PortEvents&) = delete;

  private:
    void Serve();
    void React(const ibv_async_event& event, QpOwners& owners);

    const VerbsDevice& m_device;
    const std::uint8_t m_port;
    ibcm::ConnectionManager& m_manager;
    const Reactions m_reactions;
    WakeDescriptor m_wake;
    ibcm::OsThread m_thread;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_PORT_EVENTS_H */
