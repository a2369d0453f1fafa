// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SA_PATH_H
#define IBCM_VERBS_SA_PATH_H

#include "ib-wire/model/mad.h"
#include "ibcm-verbs/model/verbs-error.h"
#include "ibcm/model/parameters.h"

#include <cstdint>

/**
 * @file
 * SubnAdmGet(PathRecord): the question to the subnet administrator, and its answer. Pure.
 */

namespace cmverbs
{

/** Which path is asked for. */
struct PathQuestion
{
    ibwire::Gid sgid;
    ibwire::Gid dgid;
    std::uint16_t pkey{0xffff};
    std::uint64_t serviceId{0}; ///< 0: for any service
};

/** The MAD that asks for one reversible path. @param transactionId of its lower half. */
ibwire::MadBytes BuildPathQuery(const PathQuestion& question, std::uint32_t transactionId);

/**
 * The path in an answer. @return code EAGAIN if it is not the answer to the question with this
 * transaction id or the administrator is busy: wait for another, or ask again. EHOSTUNREACH if
 * there is no such path, EPROTO if the answer makes no sense.
 */
VerbsResult<ibcm::Path> ReadPathAnswer(const ibwire::MadBytes& mad, std::uint32_t transactionId);

} // namespace cmverbs

#endif /* IBCM_VERBS_SA_PATH_H */
