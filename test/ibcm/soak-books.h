// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// How long the soak goes on, and the balance of its books at the end.
#ifndef WEFT_TEST_IBCM_SOAK_BOOKS_H
#define WEFT_TEST_IBCM_SOAK_BOOKS_H

#include "ibcm/helper/wire-counters.h"
#include "ibcm/model/counters.h"

#include <chrono>

namespace ibcm::test
{

/** How long, from the environment; a value that is no number of seconds fails the test. */
std::chrono::seconds SoakDuration();

/** What all managers have sent and received is what the wire took and delivered, kind by kind. */
void CheckBooks(const WireCounters& wire, const MessageCounters& all);

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_SOAK_BOOKS_H
