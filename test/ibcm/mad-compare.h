// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What differs between two MADs, in the words of their layout.
#ifndef WEFT_TEST_IBCM_MAD_COMPARE_H
#define WEFT_TEST_IBCM_MAD_COMPARE_H

#include "ib-wire/model/mad.h"

#include <string>
#include <vector>

namespace ibcm::test
{

/** One field that is not the same. */
struct FieldDifference
{
    std::string field; ///< "REQ: Starting PSN", as the table of the message calls it
    std::string expected;
    std::string actual;

    friend bool operator==(const FieldDifference&, const FieldDifference&) = default;
};

/** "REQ: Starting PSN: expected 0x000001, is 0x000002". */
std::string ToString(const FieldDifference& difference);

/**
 * Compares headers, then the CM messages inside, field by field through the tables of ib-wire, and
 * at last the bits that no table names. Nothing in it is free to differ: whoever allows that writes
 * it into @p expected first. Empty only if all 256 bytes are the same.
 */
std::vector<FieldDifference> CompareMads(const ibwire::MadBytes& expected,
                                         const ibwire::MadBytes& actual);

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_MAD_COMPARE_H
