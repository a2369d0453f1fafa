// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_MAD_PACKET_H
#define IBCM_VERBS_MAD_PACKET_H

#include "ibcm-verbs/model/port-snapshot.h"
#include "ibcm/model/mad-port.h"

#include <cstdint>
#include <vector>

namespace cmverbs
{

/**
 * The packet around a MAD, from LRH to VCRC, as far as a process can know it: what goes over the
 * wire is made by the device. Of RoCE there is the GRH in place of Ethernet, IP and UDP; PSN 0.
 */
std::vector<std::uint8_t> PacketOf(const PortSnapshot& port,
                                   const ibwire::MadBytes& mad,
                                   const ibcm::MadAddress& peer,
                                   bool sent);

} // namespace cmverbs

#endif /* IBCM_VERBS_MAD_PACKET_H */
