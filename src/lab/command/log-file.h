// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_LOG_FILE_H
#define LAB_LOG_FILE_H

#include "interleave/model/decision-log.h"
#include "lab/model/scenario.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace lab
{

/** A decision log, and the scenario that it is of. */
struct LoadedLog
{
    interleave::DecisionLog log;
    Scenario scenario;
    std::optional<std::uint64_t> seed;
};

/** Reads a log and the scenario that it names; the error has the line of what is wrong. */
tl::expected<LoadedLog, InputError> LoadLog(const std::string& file);

} // namespace lab

#endif /* LAB_LOG_FILE_H */
