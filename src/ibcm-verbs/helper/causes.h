// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_CAUSES_H
#define IBCM_VERBS_CAUSES_H

#include "ibcm/model/event.h"

#include <string>

/**
 * @file
 * Why a connection came to nothing, in words that are the same for the same reason, so that they
 * can be counted. Pure.
 */

namespace cmverbs
{

/** "rejected: invalid service ID (8)", or by the IP CM service, or "rejected by the consumer (28)".
 */
std::string CauseOf(const ibcm::RejReceived& rejection);
/** "no answer to the REQ", … @param message that it was, e.g. "REQ". */
std::string CauseOf(const ibcm::SendFailed& failure, const char* message);
/** "service ID resolution refused: service ID not supported (1)". */
std::string CauseOf(ibwire::SidrStatus status);

} // namespace cmverbs

#endif /* IBCM_VERBS_CAUSES_H */
