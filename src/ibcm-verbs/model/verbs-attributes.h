// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_VERBS_ATTRIBUTES_H
#define IBCM_VERBS_VERBS_ATTRIBUTES_H

#include "ibcm/model/qp-attributes.h"

#include <infiniband/verbs.h>

namespace cmverbs
{

/** For ibv_modify_qp. */
struct VerbsAttributes
{
    ibv_qp_attr attributes{};
    int mask{0};
};

/** What the core has computed, in verbs' words. Pure. */
VerbsAttributes ToVerbs(const ibcm::QpAttributes& attributes);

/** An address of data or of a datagram's receiver. @param port that it leaves by. Pure. */
ibv_ah_attr ToVerbs(const ibcm::MadAddress& address, std::uint8_t port);

} // namespace cmverbs

#endif /* IBCM_VERBS_VERBS_ATTRIBUTES_H */
