// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "round-trip.h"

namespace ibwiretest
{

INSTANTIATE_TYPED_TEST_SUITE_P(Req, RoundTrip, ToGtest<ReqMessages>::Types, NameOfMessage);

} // namespace ibwiretest
