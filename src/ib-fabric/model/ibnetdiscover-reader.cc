// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ibnetdiscover-reader.h"

#include "ib-fabric/model/topology-record-reader.h"

namespace ns3
{

tl::expected<Topology, TopologyError> ReadIbnetdiscover(std::string_view text,
                                                        const std::string& file)
{
    TopologyBuilder builder;
    TopologyRecordReader reader(TopologyRecordReader::Dialect::kIbnetdiscover, builder);
    SourcePlace place{file, 0};
    while (!text.empty())
    {
        ++place.line;
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (const auto outcome = reader.ReadLine(line, place); !outcome)
        {
            return tl::unexpected(outcome.error());
        }
    }
    auto topology = builder.Finish();
    if (topology && topology->nodes.empty())
    {
        return tl::unexpected(TopologyError{file, place.line, "no node", "at least one node"});
    }
    return topology;
}

} // namespace ns3
