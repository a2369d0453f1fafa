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
using interleave::SearchTree;

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

Json PathToJson(const std::vector<SearchStep>& path)
{
    Json json = Json::array();
    for (const SearchStep& step : path)
    {
        json.push_back({step.option, step.count});
    }
    return json;
}

std::vector<SearchStep> PathFromJson(const Json& json)
{
    std::vector<SearchStep> path;
    for (const Json& step : json)
    {
        path.push_back({step.at(0).get<std::uint32_t>(), step.at(1).get<std::uint32_t>()});
    }
    return path;
}

Json NewsToJson(const std::vector<SearchNews>& all)
{
    Json json = Json::array();
    for (const SearchNews& news : all)
    {
        json.push_back({news.depth, news.state});
    }
    return json;
}

std::vector<SearchNews> NewsFromJson(const Json& json)
{
    std::vector<SearchNews> all;
    for (const Json& news : json)
    {
        all.push_back(
            {news.at(0).get<std::uint32_t>(), news.at(1).get<std::vector<std::uint64_t>>()});
    }
    return all;
}

Json SegmentToJson(SearchTree::Id id, const SearchTree::Segment& segment)
{
    return {{"id", id},
            {"parent", segment.parent ? Json(*segment.parent) : Json()},
            {"path", PathToJson(segment.path)},
            {"nodes", NodesToJson(segment.nodes)},
            {"children", segment.children},
            {"waiting", segment.waiting},
            {"out", segment.out},
            {"inbox", NewsToJson(segment.inbox)}};
}

SearchTree::Segment SegmentFromJson(const Json& json)
{
    SearchTree::Segment segment;
    if (!json.at("parent").is_null())
    {
        segment.parent = json.at("parent").get<SearchTree::Id>();
    }
    segment.path = PathFromJson(json.at("path"));
    segment.nodes = NodesFromJson(json.at("nodes"));
    json.at("children").get_to(segment.children);
    json.at("waiting").get_to(segment.waiting);
    json.at("out").get_to(segment.out);
    segment.inbox = NewsFromJson(json.at("inbox"));
    return segment;
}

Json TreeToJson(const SearchTree::State& state)
{
    Json segments = Json::array();
    for (const auto& [id, segment] : state.segments)
    {
        segments.push_back(SegmentToJson(id, segment));
    }
    Json issued = Json::array();
    for (const auto& [ticket, part] : state.issued)
    {
        issued.push_back({ticket, part.segment, part.mode, part.level});
    }
    return {{"segments", std::move(segments)},
            {"waiting", state.waiting},
            {"issued", std::move(issued)},
            {"nextId", state.nextId},
            {"nextTicket", state.nextTicket},
            {"merged", state.merged},
            {"mode", state.mode},
            {"level", state.level},
            {"more", state.more},
            {"skipped", state.skipped}};
}

SearchTree::State TreeFromJson(const Json& json)
{
    SearchTree::State state;
    for (const Json& segment : json.at("segments"))
    {
        state.segments.emplace(segment.at("id").get<SearchTree::Id>(), SegmentFromJson(segment));
    }
    for (const Json& part : json.at("issued"))
    {
        const SearchTree::Issued issued{part.at(1).get<SearchTree::Id>(),
                                        part.at(2).get<std::uint64_t>(),
                                        part.at(3).get<std::uint32_t>()};
        (void)state.segments.at(issued.segment);
        state.issued.emplace(part.at(0).get<std::uint64_t>(), issued);
    }
    json.at("waiting").get_to(state.waiting);
    for (const SearchTree::Id id : state.waiting)
    {
        (void)state.segments.at(id);
    }
    json.at("nextId").get_to(state.nextId);
    json.at("nextTicket").get_to(state.nextTicket);
    json.at("merged").get_to(state.merged);
    json.at("mode").get_to(state.mode);
    json.at("level").get_to(state.level);
    json.at("more").get_to(state.more);
    json.at("skipped").get_to(state.skipped);
    return state;
}

} // namespace

Json ToJson(const SearchPart& part)
{
    return {{"level", part.level},
            {"mode", part.mode},
            {"path", PathToJson(part.path)},
            {"nodes", NodesToJson(part.nodes)}};
}

Json ToJson(const SearchRest& rest)
{
    return {{"mode", rest.mode},
            {"more", rest.more},
            {"nodes", NodesToJson(rest.nodes)},
            {"news", NewsToJson(rest.news)}};
}

Json ToJson(const SearchDealer::State& state)
{
    return {
        {"tree", TreeToJson(state.tree)}, {"sum", ToJson(state.sum)}, {"crashes", state.crashes}};
}

SearchPart SearchPartFromJson(const Json& json)
{
    SearchPart part;
    json.at("level").get_to(part.level);
    json.at("mode").get_to(part.mode);
    part.path = PathFromJson(json.at("path"));
    part.nodes = NodesFromJson(json.at("nodes"));
    return part;
}

SearchRest SearchRestFromJson(const Json& json)
{
    SearchRest rest;
    json.at("mode").get_to(rest.mode);
    json.at("more").get_to(rest.more);
    rest.nodes = NodesFromJson(json.at("nodes"));
    rest.news = NewsFromJson(json.at("news"));
    return rest;
}

SearchDealer::State SearchStateFromJson(const Json& json)
{
    SearchDealer::State state;
    state.tree = TreeFromJson(json.at("tree"));
    state.sum = TallyFromJson(json.at("sum"));
    json.at("crashes").get_to(state.crashes);
    return state;
}

} // namespace lab
