// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_EXPECTATIONS_H
#define LAB_EXPECTATIONS_H

#include "lab/model/run-record.h"
#include "lab/model/scenario.h"

namespace lab
{

/** Adds a violation to @p record for each expectation of @p scenario that the run does not meet. */
void CheckExpectations(const Scenario& scenario, RunRecord& record);

} // namespace lab

#endif /* LAB_EXPECTATIONS_H */
