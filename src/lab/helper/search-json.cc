// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/search-json.h"

#include <utility>
#include <vector>

namespace lab
{

namespace
{

using interleave::SearchNews;
using interleave::SearchNode;
using interleave::SearchPart;
using interleave::SearchRest;
using interleave::SearchStep;

Json NodesToJson(const std::vector<SearchNode>& nodes)
{
    Json json = Json::array();
    for (const SearchNode& node : nodes)
    {
        json.push_back({node.step.option, node.step.count, node.open, node.state});
    }
    return json;
}

std::vector<SearchNode> NodesFromJson(const Json& json)
{
    std::vector<SearchNode> nodes;
    for (const Json& node : json)
    {
        nodes.push_back({{node.at(0).get<std::uint32_t>(), node.at(1).get<std::uint32_t>()},
                         node.at(2).get<bool>(),
                         node.at(3).get<std::vector<std::uint64_t>>()});
    }
    return nodes;
}

} // namespace

Json ToJson(const SearchPart& part)
{
    Json path = Json::array();
    for (const SearchStep& step : part.path)
    {
        path.push_back({step.option, step.count});
    }
    return {{"level", part.level},
            {"mode", part.mode},
            {"path", std::move(path)},
            {"nodes", NodesToJson(part.nodes)}};
}

Json ToJson(const SearchRest& rest)
{
    Json all = Json::array();
    for (const SearchNews& news : rest.news)
    {
        all.push_back({news.depth, news.state});
    }
    return {{"mode", rest.mode},
            {"more", rest.more},
            {"nodes", NodesToJson(rest.nodes)},
            {"news", std::move(all)}};
}

SearchPart SearchPartFromJson(const Json& json)
{
    SearchPart part;
    json.at("level").get_to(part.level);
    json.at("mode").get_to(part.mode);
    for (const Json& step : json.at("path"))
    {
        part.path.push_back({step.at(0).get<std::uint32_t>(), step.at(1).get<std::uint32_t>()});
    }
    part.nodes = NodesFromJson(json.at("nodes"));
    return part;
}

SearchRest SearchRestFromJson(const Json& json)
{
    SearchRest rest;
    json.at("mode").get_to(rest.mode);
    json.at("more").get_to(rest.more);
    rest.nodes = NodesFromJson(json.at("nodes"));
    for (const Json& news : json.at("news"))
    {
        rest.news.push_back(
            {news.at(0).get<std::uint32_t>(), news.at(1).get<std::vector<std::uint64_t>>()});
    }
    return rest;
}

} // namespace lab
