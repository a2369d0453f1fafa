// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_STATUS_H
#define IBCM_STATUS_H

#include <tl/expected.hpp>

#include <cstdint>

namespace ibcm
{

/** Why a call was refused. Unless its documentation says otherwise, a refused call changed nothing.
 */
enum class CmError : std::uint8_t
{
    kInvalidHandle,     ///< no such id, or it is being destroyed
    kInvalidState,      ///< the id's state does not allow the call (a kernel's -EINVAL)
    kInvalidArgument,   ///< a parameter is out of its range or missing
    kPrivateDataLength, ///< more private data or reject information than the message holds
    kAddressInUse,      ///< another listener has this service id (-EBUSY)
    kNoPort,            ///< no attached port has the path's source GID
    kNoPkey,            ///< the port's table does not hold the path's P_Key
    kNoResources,       ///< a configured limit is reached (-ENOMEM)
    kSendFailed,        ///< the MAD port refused the message
    kAlreadyConnected,  ///< communication was established before (-EISCONN)
    kWouldDeadlock,     ///< destroying an id from its own callback: return kDestroy instead
};

/** The error's name in lower case, for messages. */
const char* ToString(CmError error);

template <class T>
using Result = tl::expected<T, CmError>;
using Status = tl::expected<void, CmError>;

} // namespace ibcm

#endif /* IBCM_STATUS_H */
