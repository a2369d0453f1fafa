// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/verbs-types.h"

namespace ns3
{

const char* ToString(IbQpState state)
{
    switch (state)
    {
    case IbQpState::kReset:
        return "RESET";
    case IbQpState::kInit:
        return "INIT";
    case IbQpState::kRtr:
        return "RTR";
    case IbQpState::kRts:
        return "RTS";
    case IbQpState::kSqd:
        return "SQD";
    case IbQpState::kSqe:
        return "SQE";
    case IbQpState::kError:
        return "ERROR";
    }
    return "unknown state";
}

const char* ToString(IbVerbsError error)
{
    switch (error)
    {
    case IbVerbsError::kInvalidTransition:
        return "no such transition";
    case IbVerbsError::kMissingAttribute:
        return "the transition needs an attribute that is missing";
    case IbVerbsError::kInvalidAttribute:
        return "the transition does not allow an attribute";
    case IbVerbsError::kInvalidValue:
        return "attribute value out of range";
    case IbVerbsError::kInvalidState:
        return "not in this state of the queue pair";
    case IbVerbsError::kQueueFull:
        return "queue full";
    case IbVerbsError::kMessageTooLong:
        return "message too long";
    }
    return "unknown error";
}

const char* ToString(IbWcStatus status)
{
    switch (status)
    {
    case IbWcStatus::kSuccess:
        return "success";
    case IbWcStatus::kLocalLength:
        return "local length error";
    case IbWcStatus::kFlushed:
        return "flushed";
    case IbWcStatus::kRetryExceeded:
        return "transport retry count exceeded";
    case IbWcStatus::kRnrRetryExceeded:
        return "receiver-not-ready retry count exceeded";
    case IbWcStatus::kRemoteInvalidRequest:
        return "remote invalid request";
    case IbWcStatus::kRemoteOperation:
        return "remote operation error";
    }
    return "unknown status";
}

} // namespace ns3
