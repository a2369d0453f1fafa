// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Where an input begins: ids that real exchanges have brought to a state of the input's choice.
#ifndef WEFT_TEST_FUZZ_CM_START_H
#define WEFT_TEST_FUZZ_CM_START_H

#include "fuzz/cm-world.h"

namespace weft::fuzz
{

/** Listeners on both hosts, and up to seven pairs of ids. Handlers keep everything meanwhile. */
void MakeStart(World& world, Draws& input);

} // namespace weft::fuzz

#endif // WEFT_TEST_FUZZ_CM_START_H
