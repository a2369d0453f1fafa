// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SHELL_INTAKE_H
#define IBCM_VERBS_SHELL_INTAKE_H

#include "ibcm-verbs/helper/shell-queue.h"
#include "ibcm/model/behaviour.h"

namespace cmverbs
{

/**
 * The handler of all ids of a shell, on the CM's threads: what rdma_cm does below a program.
 * Requests that are none of the RDMA IP CM service are refused here, and an MRA is got ready for
 * when the program takes its time; everything else waits in the queue for the shell.
 */
class ShellIntake final : public ibcm::EventHandler
{
  public:
    /** @param behaviour of the manager: kLinux61 refuses without a word about the reason. */
    ShellIntake(ShellQueue& queue, ibcm::Behaviour behaviour);

    ibcm::Disposition OnCmEvent(ibcm::ConnectionManager& manager,
                                ibcm::Handle id,
                                const ibcm::Event& event) override;

    /** REJ 28 of the layer of the IP CM service, with its reason if the behaviour has such. */
    ibcm::Status Refuse(ibcm::ConnectionManager& manager,
                        ibcm::Handle id,
                        ibwire::IpCmRejReason reason) const;

  private:
    ibcm::Disposition OnRequest(ibcm::ConnectionManager& manager,
                                ibcm::Handle id,
                                const ibcm::Event& event,
                                const ibcm::ReqReceived& request);
    ibcm::Disposition OnSidrRequest(ibcm::Handle id,
                                    const ibcm::Event& event,
                                    const ibcm::SidrReqReceived& request);

    ShellQueue& m_queue;
    const ibcm::Behaviour m_behaviour;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_SHELL_INTAKE_H */
