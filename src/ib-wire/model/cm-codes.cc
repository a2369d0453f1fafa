// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/cm-codes.h"

#include <cstddef>

namespace ibwire
{

namespace
{

/** Names by number; nullptr and numbers behind the end have none. */
template <class E, std::size_t N>
const char* Lookup(const char* const (&names)[N], E value, const char* unknown)
{
    const auto number = static_cast<std::size_t>(value);
    return number < N && names[number] != nullptr ? names[number] : unknown;
}

} // namespace

const char* ToString(RejReason reason)
{
    static constexpr const char* kNames[] = {
        nullptr,
        "no QP available",
        "no EEC available",
        "no resources",
        "timeout",
        "unsupported request",
        "invalid communication ID",
        "invalid communication instance",
        "invalid service ID",
        "invalid transport service type",
        "stale connection",
        "RDC does not exist",
        "primary remote port GID rejected",
        "primary remote port LID rejected",
        "invalid primary SL",
        "invalid primary traffic class",
        "invalid primary hop limit",
        "invalid primary packet rate",
        "alternate remote port GID rejected",
        "alternate remote port LID rejected",
        "invalid alternate SL",
        "invalid alternate traffic class",
        "invalid alternate hop limit",
        "invalid alternate packet rate",
        "port and CM redirection",
        "port redirection",
        "invalid path MTU",
        "insufficient responder resources",
        "consumer reject",
        "RNR retry count reject",
        "duplicate local communication ID",
        "invalid class version",
        "invalid primary flow label",
        "invalid alternate flow label",
        nullptr,
        "vendor option not supported",
    };
    return Lookup(kNames, reason, "unrecognized reason");
}

const char* ToString(MessageRejected message)
{
    static constexpr const char* kNames[] = {"REQ", "REP", "other"};
    return Lookup(kNames, message, "reserved");
}

const char* ToString(MessageMraed message)
{
    static constexpr const char* kNames[] = {"REQ", "REP", "LAP"};
    return Lookup(kNames, message, "reserved");
}

const char* ToString(AprStatus status)
{
    static constexpr const char* kNames[] = {
        "success",
        "invalid communication ID",
        "alternate path not supported",
        "rejected by consumer",
        "redirect",
        "proposed path is the current path",
        "invalid QPN or EECN",
        "invalid LID",
        "invalid GID",
        "invalid flow label",
        "invalid traffic class",
        "invalid hop limit",
        "invalid packet rate",
        "invalid SL",
    };
    return Lookup(kNames, status, "unrecognized status");
}

const char* ToString(SidrStatus status)
{
    static constexpr const char* kNames[] = {
        "success",
        "service ID not supported",
        "rejected by service provider",
        "no QP available",
        "redirect",
        "version not supported",
    };
    return Lookup(kNames, status, "unrecognized status");
}

const char* ToString(TransportService service)
{
    static constexpr const char* kNames[] = {"RC", "UC", "RD", "extended"};
    return Lookup(kNames, service, "reserved");
}

const char* ToString(ExtendedTransport transport)
{
    static constexpr const char* kNames[] = {"none", "XRC"};
    return Lookup(kNames, transport, "reserved");
}

const char* ToString(Failover failover)
{
    static constexpr const char* kNames[] = {"accepted", "not supported", "rejected"};
    return Lookup(kNames, failover, "reserved");
}

} // namespace ibwire
