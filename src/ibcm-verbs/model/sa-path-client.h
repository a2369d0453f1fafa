// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SA_PATH_CLIENT_H
#define IBCM_VERBS_SA_PATH_CLIENT_H

#include "ibcm-verbs/model/port-snapshot.h"
#include "ibcm-verbs/model/sa-path.h"
#include "ibcm-verbs/model/umad-agent.h"
#include "ibcm/helper/host-threads.h"

#include <cstdint>
#include <memory>

namespace cmverbs
{

/** Asks the subnet administrator of an InfiniBand port for paths, one question at a time. Any
 * thread. */
class SaPathClient
{
  public:
    /** @param agent of class SubnAdm, version 2. */
    explicit SaPathClient(std::unique_ptr<UmadAgent> agent);

    /**
     * Blocks until there is an answer. Code ETIMEDOUT if there is none after all retries,
     * EHOSTUNREACH if there is no path, ENETDOWN if the port knows no subnet manager.
     */
    VerbsResult<ibcm::Path> Find(const PortSnapshot& port, const PathQuestion& question);

  private:
    /** Waits for the answer; EAGAIN: ask again. */
    VerbsResult<ibcm::Path> Await(std::uint32_t transactionId);

    const std::unique_ptr<UmadAgent> m_agent;
    ibcm::OsMutex m_lock;
    std::uint32_t m_lastTransactionId{0};
};

} // namespace cmverbs

#endif /* IBCM_VERBS_SA_PATH_CLIENT_H */
