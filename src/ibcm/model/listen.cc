// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Listeners: which id answers for a service (InfiniBand Architecture vol. 1, 12.9.4).
#include "ibcm/model/core.h"

namespace ibcm
{

namespace
{

/** Ids that begin with this byte are assigned by the host: kAssignServiceId. */
constexpr std::uint64_t kAssignedMask = 0xff00000000000000;

bool MayListen(const ListenParameters& parameters)
{
    const bool assign =
        parameters.serviceId == kAssignServiceId && parameters.serviceMask == kExactService;
    // Under a mask, too: else one listener could take every id that is there to be assigned.
    const bool reserved =
        ((parameters.serviceId ^ kAssignServiceId) & kAssignedMask & parameters.serviceMask) == 0;
    return parameters.serviceMask != 0 && (assign || !reserved);
}

} // namespace

Result<std::uint64_t> Core::Listen(Handle handle, const ListenParameters& parameters)
{
    if (!MayListen(parameters))
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    if (parameters.redirect && !ibwire::Fits(*parameters.redirect))
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    auto record = std::make_unique<ListenerRecord>();
    record->serviceMask = parameters.serviceMask;
    record->serviceId = parameters.serviceId & parameters.serviceMask;
    record->redirect = parameters.redirect;
    record->backlog = std::make_shared<Backlog>(parameters.backlog != 0 ? parameters.backlog
                                                                        : m_options.limits.backlog);
    IdRef ref = m_table.FindByHandle(handle);
    if (!ref)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    CmId& id = *ref;
    record->id = &id;
    record->sharedBy = parameters.shared ? &id.handler : nullptr;
    MutexLock hold(id.lock);
    // Destroyed since it was found: it is in IDLE, but nothing may begin there any more.
    if (id.delivery.Read().stopped)
    {
        return tl::unexpected(CmError::kInvalidHandle);
    }
    const Transition* row = RowFor(id, Input::kCallListen);
    if (row == nullptr)
    {
        return tl::unexpected(CmError::kInvalidState);
    }
    // In the table and in LISTEN at once, as far as anyone can see who holds either lock.
    const auto serviceId = m_table.Listen(*record);
    if (!serviceId)
    {
        return tl::unexpected(serviceId.error());
    }
    id.connection.Write().serviceId = *serviceId;
    id.listener.Write() = std::move(record);
    Apply(id, *row);
    return *serviceId;
}

Result<Handle> Core::ListenShared(EventHandler& handler, std::uint64_t serviceId)
{
    ListenParameters parameters;
    parameters.serviceId = serviceId;
    parameters.shared = true;
    if (!MayListen(parameters))
    {
        return tl::unexpected(CmError::kInvalidArgument);
    }
    for (;;)
    {
        if (serviceId != kAssignServiceId)
        {
            const auto shared = m_table.Share(handler, serviceId);
            if (!shared || *shared != Handle::kNone)
            {
                return shared;
            }
        }
        const auto id = Create(handler);
        if (!id)
        {
            return id;
        }
        const auto listening = Listen(*id, parameters);
        if (listening)
        {
            return id;
        }
        (void)Destroy(*id);
        if (listening.error() != CmError::kAddressInUse)
        {
            return tl::unexpected(listening.error());
        }
        // Another thread was first, or a mask covers this service: Share knows which.
        if (const auto shared = m_table.Share(handler, serviceId);
            !shared || *shared != Handle::kNone)
        {
            return shared;
        }
    }
}

} // namespace ibcm
