// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_UMAD_ADDRESS_H
#define IBCM_VERBS_UMAD_ADDRESS_H

#include "ibcm/model/mad-port.h"

#include <infiniband/umad.h>

/**
 * @file
 * Addresses of MADs as libibumad and the kernel have them: most integers in network order, a GRH
 * that may be absent. Pure functions.
 */

namespace cmverbs
{

/** Where a MAD is to go, for umad. */
ib_mad_addr_t ToUmad(const ibcm::MadAddress& address);

/**
 * Where the answer to a received MAD goes. The kernel has turned the address round already: the GID
 * is the sender's, and the GID index that of the GID that the MAD was sent to.
 */
ibcm::MadAddress ReplyAddressOf(const ib_mad_addr_t& received);

} // namespace cmverbs

#endif /* IBCM_VERBS_UMAD_ADDRESS_H */
