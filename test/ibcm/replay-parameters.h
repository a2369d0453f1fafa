// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a consumer must have said for a message to be as it was captured. All spans point into the
// message.
#ifndef WEFT_TEST_IBCM_REPLAY_PARAMETERS_H
#define WEFT_TEST_IBCM_REPLAY_PARAMETERS_H

#include "ibcm/model/parameters.h"
#include "replay-plan.h"

#include <cstddef>

namespace ibcm::test
{

/** The REQ that began the connection of a message of the host's; null if it was not captured. */
const ibwire::CmReq* BeginningOf(const ReplayPlan& plan, const ReplayStep& step);

ReqParameters ReqParametersOf(const ReplayPlan& plan,
                              const ReplayStep& step,
                              const ibwire::CmReq& req);
RepParameters RepParametersOf(const ReplayStep& step, const ibwire::CmRep& rep);
MraParameters MraParametersOf(const ibwire::CmMra& mra, bool onDuplicateOnly);
LapParameters LapParametersOf(const ReplayPlan& plan,
                              const ReplayStep& step,
                              const ibwire::CmLap& lap);
AprParameters AprParametersOf(const ibwire::CmApr& apr);
SidrReqParameters SidrReqParametersOf(const ReplayPlan& plan,
                                      std::size_t step,
                                      const ibwire::CmSidrReq& req);
SidrRepParameters SidrRepParametersOf(const ReplayStep& step, const ibwire::CmSidrRep& rep);

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_REPLAY_PARAMETERS_H
