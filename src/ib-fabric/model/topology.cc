// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/topology.h"

#include <charconv>

namespace ns3
{

const char* ToString(IbNodeType type)
{
    switch (type)
    {
    case IbNodeType::kCa:
        return "CA";
    case IbNodeType::kSwitch:
        return "switch";
    case IbNodeType::kRouter:
        return "router";
    }
    return "unknown node type";
}

std::uint8_t TopologyNode::NumPorts() const
{
    return ports.empty() ? 0 : static_cast<std::uint8_t>(ports.size() - 1);
}

std::optional<std::uint32_t> Topology::FindGuid(std::uint64_t guid) const
{
    for (std::uint32_t i = 0; i < nodes.size(); ++i)
    {
        if (nodes[i].guid == guid)
        {
            return i;
        }
    }
    return std::nullopt;
}

std::optional<std::uint32_t> Topology::Find(std::string_view name) const
{
    std::optional<std::uint32_t> described;
    bool ambiguous = false;
    for (std::uint32_t i = 0; i < nodes.size(); ++i)
    {
        if (nodes[i].id == name)
        {
            return i;
        }
        if (nodes[i].description == name)
        {
            ambiguous = ambiguous || described.has_value();
            described = i;
        }
    }
    if (described)
    {
        return ambiguous ? std::nullopt : described;
    }
    std::string_view digits = name;
    if (digits.starts_with("0x"))
    {
        digits.remove_prefix(2);
    }
    else if (digits.size() != 16)
    {
        return std::nullopt;
    }
    std::uint64_t guid = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), guid, 16);
    if (error != std::errc{} || end != digits.data() + digits.size())
    {
        return std::nullopt;
    }
    return FindGuid(guid);
}

std::string TopologyError::ToString() const
{
    std::string text = file;
    if (line != 0)
    {
        text += ":" + std::to_string(line);
    }
    return text + ": found " + found + ", expected " + expected;
}

} // namespace ns3
