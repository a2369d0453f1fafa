// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Writes MADs as InfiniBand packets into a capture that tshark reads: link type 197, ERF records of
 * type 21.
 */
#ifndef WEFT_TEST_IB_WIRE_ERF_WRITER_H
#define WEFT_TEST_IB_WIRE_ERF_WRITER_H

#include "ib-wire/model/mad.h"

#include <string>
#include <vector>

namespace ibwiretest
{

/**
 * Writes a capture with a UD packet for each MAD, from LRH to VCRC; packet i has i as its PSN.
 * Throws std::runtime_error if the file cannot be written.
 */
void WriteErf(const std::string& path, const std::vector<ibwire::MadBytes>& mads);

} // namespace ibwiretest

#endif // WEFT_TEST_IB_WIRE_ERF_WRITER_H
