// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/random.h"

#include "interleave/model/digest.h"

namespace interleave
{

Random::Random(std::uint64_t seed)
{
    // SplitMix64, as the authors of xoshiro advise: never all zeros.
    for (std::uint64_t& word : m_state)
    {
        seed += 0x9e37'79b9'7f4a'7c15ULL;
        word = MixBits(seed);
    }
}

Random::Random(std::uint64_t seed, std::string_view stream)
    : Random(MixBits(seed) ^ HashText(stream))
{
}

} // namespace interleave
