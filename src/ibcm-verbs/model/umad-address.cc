// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/umad-address.h"

#include <endian.h>

#include <algorithm>

namespace cmverbs
{

ib_mad_addr_t ToUmad(const ibcm::MadAddress& address)
{
    ib_mad_addr_t umad{};
    umad.qpn = htobe32(address.qpn);
    umad.qkey = htobe32(address.qkey);
    umad.lid = htobe16(address.dlid);
    umad.sl = address.sl;
    umad.path_bits = address.sourcePathBits;
    umad.pkey_index = address.pkeyIndex; // the one integer in host order
    if (!address.hasGrh)
    {
        return umad;
    }
    umad.grh_present = 1;
    umad.gid_index = address.sgidIndex;
    umad.hop_limit = address.hopLimit;
    umad.traffic_class = address.trafficClass;
    umad.flow_label = htobe32(address.flowLabel);
    std::copy(address.dgid.raw.begin(), address.dgid.raw.end(), std::begin(umad.gid));
    return umad;
}

ibcm::MadAddress ReplyAddressOf(const ib_mad_addr_t& received)
{
    ibcm::MadAddress address;
    address.qpn = be32toh(received.qpn);
    address.qkey = ibwire::kGsiQkey; // the kernel does not say; all CM QPs have it
    address.dlid = be16toh(received.lid);
    address.sl = received.sl;
    address.sourcePathBits = received.path_bits;
    address.pkeyIndex = received.pkey_index;
    if (received.grh_present == 0)
    {
        return address;
    }
    address.hasGrh = true;
    address.sgidIndex = received.gid_index;
    address.hopLimit = received.hop_limit;
    address.trafficClass = received.traffic_class;
    // The upper 12 bits are the GRH's version and traffic class in some kernels.
    address.flowLabel = be32toh(received.flow_label) & 0xfffff;
    std::copy(std::begin(received.gid), std::end(received.gid), address.dgid.raw.begin());
    return address;
}

} // namespace cmverbs
