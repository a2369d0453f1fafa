// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/command/log-file.h"

#include "interleave/model/search/trail.h"
#include "lab/command/running.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace lab
{

using interleave::DecisionLog;
using interleave::Trail;

namespace
{

tl::expected<std::string, InputError> ReadFile(const std::string& path)
{
    std::error_code ignored;
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    const bool folder = std::filesystem::is_directory(path, ignored);
    if (!stream || folder)
    {
        return tl::unexpected(
            InputError{path,
                       0,
                       fmt::format("nothing to read ({})", std::strerror(folder ? EISDIR : errno)),
                       "a decision log, as 'weft explore' or 'weft run --trace' writes it"});
    }
    text << stream.rdbuf();
    return text.str();
}

/** The line in which a header stands, from 1; 0 if there is none. */
unsigned LineOfHeader(const std::string& text, const std::string& key)
{
    std::istringstream lines(text);
    std::string line;
    for (unsigned number = 1; std::getline(lines, line); ++number)
    {
        if (line.starts_with(key + ":"))
        {
            return number;
        }
    }
    return 0;
}

} // namespace

tl::expected<LoadedLog, InputError> LoadLog(const std::string& file)
{
    const auto text = ReadFile(file);
    if (!text)
    {
        return tl::unexpected(text.error());
    }
    auto log = DecisionLog::Parse(*text);
    if (!log)
    {
        return tl::unexpected(InputError{file,
                                         log.error().line,
                                         fmt::format("no decision log ({})", log.error().text),
                                         "what 'weft explore' or 'weft run --trace' writes"});
    }
    LoadedLog loaded;
    const std::string* const path = log->Header("scenario");
    if (path == nullptr || path->empty())
    {
        return tl::unexpected(InputError{file,
                                         LineOfHeader(*text, "scenario"),
                                         "no scenario in the header",
                                         "'scenario: FILE.toml', relative to the log"});
    }
    const std::string* const seed = log->Header("seed");
    if (seed != nullptr && !(loaded.seed = ParseSeed(*seed)))
    {
        return tl::unexpected(InputError{file,
                                         LineOfHeader(*text, "seed"),
                                         fmt::format("seed: {}", *seed),
                                         "a whole number of 64 bits"});
    }
    if (const std::string* const trail = log->Header(Trail::kHeader))
    {
        if (const auto parsed = Trail::Parse(*trail); !parsed)
        {
            return tl::unexpected(
                InputError{file, LineOfHeader(*text, Trail::kHeader), "no trail", parsed.error()});
        }
    }
    const auto folder = std::filesystem::path(file).parent_path();
    auto scenario = ReadScenario((folder / *path).lexically_normal().string());
    if (!scenario)
    {
        return tl::unexpected(scenario.error());
    }
    loaded.log = std::move(*log);
    loaded.scenario = std::move(*scenario);
    return loaded;
}

} // namespace lab
