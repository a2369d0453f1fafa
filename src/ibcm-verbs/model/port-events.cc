// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/port-events.h"

#include <utility>

namespace cmverbs
{

EventAction ActionFor(ibv_event_type type)
{
    switch (type)
    {
    case IBV_EVENT_PORT_ACTIVE:
    case IBV_EVENT_PORT_ERR:
    case IBV_EVENT_LID_CHANGE:
    case IBV_EVENT_PKEY_CHANGE:
    case IBV_EVENT_GID_CHANGE:
    case IBV_EVENT_SM_CHANGE:
    case IBV_EVENT_CLIENT_REREGISTER:
        return EventAction::kRefreshPort;
    case IBV_EVENT_COMM_EST:
        return EventAction::kEstablished;
    case IBV_EVENT_PATH_MIG:
        return EventAction::kMigrated;
    case IBV_EVENT_DEVICE_FATAL:
        return EventAction::kDeviceGone;
    default:
        return EventAction::kIgnore;
    }
}

QpOwners::QpOwners(ibcm::ConnectionManager& manager)
    : m_manager(manager)
{
}

void QpOwners::Tell(std::uint32_t qpn, const std::function<ibcm::Status(ibcm::Handle)>& tell)
{
    for (const bool again : {false, true})
    {
        if (again)
        {
            Learn();
        }
        const auto owner = m_owners.find(qpn);
        if (owner == m_owners.end())
        {
            continue;
        }
        const ibcm::Status told = tell(owner->second);
        if (told || told.error() != ibcm::CmError::kInvalidHandle)
        {
            return; // a state that the event means nothing in is no reason to ask again
        }
    }
}

void QpOwners::Learn()
{
    m_owners.clear();
    for (const ibcm::IdReport& id : m_manager.Inspect().ids)
    {
        if (id.localQpn != 0 && id.state != ibcm::State::kIdle &&
            id.state != ibcm::State::kTimewait)
        {
            m_owners[id.localQpn] = id.id;
        }
    }
}

PortEvents::PortEvents(const VerbsDevice& device,
                       std::uint8_t port,
                       ibcm::ConnectionManager& manager,
                       Reactions reactions)
    : m_device(device),
      m_port(port),
      m_manager(manager),
      m_reactions(std::move(reactions))
{
    m_thread = ibcm::OsThread(
        [this]
        {
            ibcm::NameThisOsThread("verbs events");
            Serve();
        });
}

PortEvents::~PortEvents()
{
    m_wake.Wake();
    m_thread.join();
}

void PortEvents::Serve()
{
    QpOwners owners(m_manager);
    ibv_context* context = m_device.Context();
    while (m_wake.WaitFor(context->async_fd))
    {
        ibv_async_event event{};
        if (ibv_get_async_event(context, &event) != 0)
        {
            m_reactions.gone();
            return;
        }
        m_device.HandOver();
        React(event, owners);
    }
}

void PortEvents::React(const ibv_async_event& event, QpOwners& owners)
{
    const EventAction action = ActionFor(event.event_type);
    std::uint32_t qpn = 0;
    bool here = true;
    if (action == EventAction::kEstablished || action == EventAction::kMigrated)
    {
        qpn = event.element.qp->qp_num;
    }
    if (action == EventAction::kRefreshPort)
    {
        here = event.element.port_num == m_port;
    }
    // Before anything is done about it: whoever destroys the queue pair waits for this.
    ibv_async_event acknowledged = event;
    ibv_ack_async_event(&acknowledged);
    switch (action)
    {
    case EventAction::kRefreshPort:
        if (here)
        {
            m_reactions.refresh();
        }
        break;
    case EventAction::kEstablished:
        owners.Tell(qpn, [this](ibcm::Handle id) { return m_manager.NotifyEstablished(id); });
        break;
    case EventAction::kMigrated:
        owners.Tell(qpn, [this](ibcm::Handle id) { return m_manager.NotifyMigrated(id); });
        break;
    case EventAction::kDeviceGone:
        m_reactions.gone();
        break;
    case EventAction::kIgnore:
        break;
    }
}

} // namespace cmverbs
