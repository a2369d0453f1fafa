// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "round-trip.h"

#include <rapidcheck.h>

namespace ibwiretest
{

bool Holds(std::size_t size,
           const std::function<std::string(std::span<const std::uint8_t>, Sequence&)>& property)
{
    return rc::check(
        [&]
        {
            const auto bytes = *rc::gen::container<std::vector<std::uint8_t>>(
                size, rc::gen::arbitrary<std::uint8_t>());
            Sequence source(*rc::gen::arbitrary<std::uint64_t>());
            const std::string wrong = property(bytes, source);
            RC_ASSERT(wrong == "");
        });
}

} // namespace ibwiretest
