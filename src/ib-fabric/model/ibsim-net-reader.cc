// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ibsim-net-reader.h"

#include "ib-fabric/model/text-file.h"
#include "ib-fabric/model/topology-record-reader.h"

#include <filesystem>

namespace ns3
{

namespace
{

constexpr int kMaxIncludeDepth = 16;

using Outcome = tl::expected<void, TopologyError>;

Outcome ReadText(std::string_view text,
                 const std::string& file,
                 int depth,
                 TopologyBuilder& builder);

Outcome Include(std::string name, const SourcePlace& place, int depth, TopologyBuilder& builder)
{
    if (depth >= kMaxIncludeDepth)
    {
        return tl::unexpected(TopologyError{place.file,
                                            place.line,
                                            "files included " + std::to_string(depth) + " deep",
                                            "at most " + std::to_string(kMaxIncludeDepth)});
    }
    const auto path = std::filesystem::path(place.file).parent_path() / name;
    const auto text = ReadTextFile(path.string());
    if (!text)
    {
        return tl::unexpected(TopologyError{place.file,
                                            place.line,
                                            "include of '" + path.string() + "': " + text.error(),
                                            "a file that can be read"});
    }
    return ReadText(*text, path.string(), depth + 1, builder);
}

Outcome ReadText(std::string_view text,
                 const std::string& file,
                 int depth,
                 TopologyBuilder& builder)
{
    TopologyRecordReader reader(TopologyRecordReader::Dialect::kIbsim, builder);
    SourcePlace place{file, 0};
    while (!text.empty())
    {
        ++place.line;
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);

        Outcome outcome;
        TopologyScanner scan(line);
        if (line.starts_with("include "))
        {
            scan.Take("include");
            const auto quoted = scan.TakeQuoted();
            outcome = Include(quoted ? *quoted : std::string(scan.Rest()), place, depth, builder);
        }
        else if (line.starts_with("do "))
        {
            builder.Warn(place, "console command not carried out: " + scan.Describe());
        }
        else
        {
            outcome = reader.ReadLine(line, place);
        }
        if (!outcome)
        {
            return outcome;
        }
    }
    return {};
}

} // namespace

tl::expected<Topology, TopologyError> ReadIbsimNet(std::string_view text, const std::string& file)
{
    TopologyBuilder builder;
    if (const auto outcome = ReadText(text, file, 0, builder); !outcome)
    {
        return tl::unexpected(outcome.error());
    }
    auto topology = builder.Finish();
    if (topology && topology->nodes.empty())
    {
        return tl::unexpected(TopologyError{file, 0, "no node", "at least one node"});
    }
    return topology;
}

} // namespace ns3
