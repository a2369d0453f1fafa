// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/causes.h"

#include "ibcm/model/ip-cm.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace cmverbs
{

std::string CauseOf(const ibcm::RejReceived& rejection)
{
    const auto number = static_cast<unsigned>(rejection.reason);
    if (rejection.reason != ibwire::RejReason::kConsumer)
    {
        return fmt::format("rejected: {} ({})", ibwire::ToString(rejection.reason), number);
    }
    const auto length = std::min<std::size_t>(rejection.infoLength, rejection.info.size());
    if (const auto reason = ibcm::IpCmReasonOf(std::span(rejection.info).first(length)))
    {
        return fmt::format("rejected by the IP CM service: {}", ibcm::ToString(*reason));
    }
    return fmt::format("rejected by the peer's program ({})", number);
}

std::string CauseOf(const ibcm::SendFailed& failure, const char* message)
{
    switch (failure.cause)
    {
    case ibcm::SendFailed::Cause::kTimeout:
        return fmt::format("no answer to the {}", message);
    case ibcm::SendFailed::Cause::kPort:
        return fmt::format("the port could not send the {}", message);
    case ibcm::SendFailed::Cause::kRefused:
        return fmt::format("the answer to the {} could not be taken", message);
    }
    return message;
}

std::string CauseOf(ibwire::SidrStatus status)
{
    return fmt::format("service ID resolution refused: {} ({})",
                       ibwire::ToString(status),
                       static_cast<unsigned>(status));
}

} // namespace cmverbs
