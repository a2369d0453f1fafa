// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_MAD_TAP_H
#define IBCM_VERBS_MAD_TAP_H

#include "ibcm-verbs/model/port-snapshot.h"
#include "ibcm/model/mad-port.h"

namespace cmverbs
{

/** Sees the MADs of a port. Called on many threads at once. */
class MadTap
{
  public:
    virtual ~MadTap() = default;
    /** It is about to be handed to the kernel. */
    virtual void OnSent(const PortSnapshot& port,
                        const ibwire::MadBytes& mad,
                        const ibcm::MadAddress& address) = 0;
    virtual void OnReceived(const PortSnapshot& port, const ibcm::ReceivedMad& mad) = 0;
};

} // namespace cmverbs

#endif /* IBCM_VERBS_MAD_TAP_H */
