// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_LAB_TARGET_H
#define LAB_LAB_TARGET_H

#include "lab/helper/campaign-target.h"

namespace lab
{

/**
 * A scenario as what a campaign runs. Its fault rules act in every run; what they leave open is the
 * strategy's.
 */
MakeTarget MakeLabTarget(const Scenario& scenario);

} // namespace lab

#endif /* LAB_LAB_TARGET_H */
