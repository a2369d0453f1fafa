// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CRASH_SHRINKER_H
#define LAB_CRASH_SHRINKER_H

#include "interleave/model/decision-log.h"
#include "interleave/model/search/program.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <string>

namespace lab
{

struct CrashShrinkOptions
{
    std::uint64_t runs{1000}; ///< at most
    unsigned runSeconds{10};  ///< of real time, after which a run is ended and counts as passing
};

/** A smaller log of a crash. */
struct ShrunkCrash
{
    interleave::DecisionLog log;
    std::uint64_t runs{0};
    bool minimal{false}; ///< leaving out any one decision was tried
};

/**
 * Leaves decisions out of @p log as long as the run still takes its process down with @p signature
 * (see CrashSignature()): delta debugging, each run in a process of its own.
 * @param log of a run that crashes; it has no trail, and gets none.
 * @return an error when the run along @p log does not end like that.
 */
tl::expected<ShrunkCrash, std::string> ShrinkCrash(interleave::Program& program,
                                                   const interleave::DecisionLog& log,
                                                   const std::string& signature,
                                                   const CrashShrinkOptions& options = {});

} // namespace lab

#endif /* LAB_CRASH_SHRINKER_H */
