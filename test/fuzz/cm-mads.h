// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// MADs as a hostile peer would make them: right enough to reach the state machines, and wrong in
// what the input chooses.
#ifndef WEFT_TEST_FUZZ_CM_MADS_H
#define WEFT_TEST_FUZZ_CM_MADS_H

#include "fuzz/cm-world.h"

namespace weft::fuzz
{

/** Any of the messages to @p host, mostly for an id that lives there, with damage of choice. */
ibwire::MadBytes StructuredMad(World& world, Draws& input, std::size_t host);

/** Bytes of the input, as many as it gives, then zeros. */
ibwire::MadBytes RawMad(Draws& input);

/** Flips a few bits of choice. */
void Damage(ibwire::MadBytes& bytes, Draws& input);

/** A header of choice before whatever follows it: other classes, versions, methods, attributes. */
void SpoilHeader(ibwire::MadBytes& bytes, Draws& input);

} // namespace weft::fuzz

#endif // WEFT_TEST_FUZZ_CM_MADS_H
