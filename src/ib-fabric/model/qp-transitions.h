// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IB_QP_TRANSITIONS_H
#define IB_QP_TRANSITIONS_H

#include "ib-fabric/model/verbs-types.h"

#include <tl/expected.hpp>

#include <cstdint>

namespace ns3
{

/**
 * \ingroup infiniband
 * Checks a ModifyQp() against the table of transitions (IBA vol. 1, table 91 "QP state transition
 * properties"): is there such a step, does the mask name every attribute that it requires and
 * none that it forbids. Attributes are checked for range as well.
 * \param type transport
 * \param from state before
 * \param to state after; the same as before if only attributes change
 * \param mask attributes that are given, kQpState among them or not
 * \param attributes their values
 * \returns why the step is refused
 */
tl::expected<void, IbVerbsError> CheckQpTransition(IbQpType type,
                                                   IbQpState from,
                                                   IbQpState to,
                                                   std::uint32_t mask,
                                                   const IbQpAttributes& attributes);

} // namespace ns3

#endif // IB_QP_TRANSITIONS_H
