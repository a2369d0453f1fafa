// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/topology-record-reader.h"

#include <array>

namespace ns3
{

namespace
{

constexpr std::uint64_t kMaxPorts = 254;    // port 255 means "drop" in a forwarding table
constexpr std::size_t kMaxDescription = 64; // bytes of NodeDescription
constexpr std::uint64_t kMaxUnicastLid = 0xbfff;

TopologyError Mismatch(TopologyScanner& scan, std::string expected, const SourcePlace& place)
{
    return TopologyError{place.file, place.line, scan.Describe(), std::move(expected)};
}

/** Lines that the diagnostic programs write among their output when stderr went to the file. */
bool IsProgramNoise(std::string_view line)
{
    constexpr std::array<std::string_view, 4> kStarts{"src/", "ibwarn:", "ibpanic:", "ibdebug:"};
    for (const auto start : kStarts)
    {
        if (line.starts_with(start))
        {
            return true;
        }
    }
    return false;
}

std::optional<IbNodeType> NodeTypeOf(std::string_view word)
{
    if (word == "Switch")
    {
        return IbNodeType::kSwitch;
    }
    if (word == "Ca" || word == "Hca")
    {
        return IbNodeType::kCa;
    }
    if (word == "Rt" || word == "Router")
    {
        return IbNodeType::kRouter;
    }
    return std::nullopt;
}

/** The text between the first and the last double quote: descriptions may hold quotes. */
std::optional<std::string> OuterQuoted(std::string_view text)
{
    const std::size_t first = text.find('"');
    const std::size_t last = text.rfind('"');
    if (first == std::string_view::npos || first == last)
    {
        return std::nullopt;
    }
    return std::string(text.substr(first + 1, last - first - 1));
}

} // namespace

TopologyRecordReader::TopologyRecordReader(Dialect dialect, TopologyBuilder& builder)
    : m_dialect(dialect),
      m_builder(builder)
{
}

TopologyRecordReader::Outcome TopologyRecordReader::Expect(TopologyScanner& scan,
                                                           std::string_view text,
                                                           const SourcePlace& place)
{
    if (!scan.Take(text))
    {
        return tl::unexpected(Mismatch(scan, "'" + std::string(text) + "'", place));
    }
    return {};
}

TopologyRecordReader::Outcome TopologyRecordReader::ReadLine(std::string_view line,
                                                             const SourcePlace& place)
{
    TopologyScanner scan(line);
    if (scan.AtEnd() || scan.Take("#"))
    {
        return {};
    }
    if (IsProgramNoise(scan.Rest()))
    {
        m_builder.Warn(place, "message of the program that made the file: " + scan.Describe());
        return {};
    }
    TopologyScanner start = scan;
    if (scan.Take("["))
    {
        return ReadCable(start, place);
    }
    const std::string_view word = scan.TakeWord();
    if (const auto type = NodeTypeOf(word))
    {
        return ReadNode(scan, *type, place);
    }
    if (!word.empty() && scan.Take("="))
    {
        return ReadAttribute(scan, word, place);
    }
    // Headings of the grouping by chassis.
    if (word == "Non-Chassis" || word == "Chassis")
    {
        return {};
    }
    return tl::unexpected(Mismatch(
        start, "a node ('Switch', 'Ca', 'Rt'), a cable ('[port]'), 'key=value' or '#'", place));
}

TopologyRecordReader::Outcome TopologyRecordReader::ReadAttribute(TopologyScanner& scan,
                                                                  std::string_view key,
                                                                  const SourcePlace& place)
{
    const auto value = scan.TakeNumber(16);
    if (!value)
    {
        return tl::unexpected(
            Mismatch(scan, "a hexadecimal number after '" + std::string(key) + "='", place));
    }
    if (key == "vendid")
    {
        m_attributes.vendorId = static_cast<std::uint32_t>(*value & 0xffffff);
    }
    else if (key == "devid")
    {
        m_attributes.deviceId = static_cast<std::uint16_t>(*value);
    }
    else if (key == "sysimgguid")
    {
        m_attributes.systemImageGuid = *value;
    }
    else if (key == "switchguid" || key == "caguid" || key == "rtguid" || key == "hcaguid")
    {
        m_attributes.nodeGuid = *value;
        if (scan.Take("("))
        {
            const auto port = scan.TakeNumber(16);
            if (!port || !scan.Take(")"))
            {
                return tl::unexpected(Mismatch(scan, "a port GUID and ')'", place));
            }
            m_attributes.portGuid = *port;
        }
    }
    else
    {
        m_builder.Warn(place, "'" + std::string(key) + "=' is not known and not used");
        return {};
    }
    if (!scan.AtEnd() && !scan.Take("#"))
    {
        return tl::unexpected(Mismatch(scan, "the end of the line", place));
    }
    return {};
}

TopologyRecordReader::Outcome TopologyRecordReader::ReadNode(TopologyScanner& scan,
                                                             IbNodeType type,
                                                             const SourcePlace& place)
{
    const auto ports = scan.TakeNumber(10);
    if (!ports || *ports == 0 || *ports > kMaxPorts)
    {
        return tl::unexpected(ports ? TopologyError{place.file,
                                                    place.line,
                                                    std::to_string(*ports) + " ports",
                                                    "a number of ports from 1 to 254"}
                                    : Mismatch(scan, "a number of ports from 1 to 254", place));
    }
    auto id = scan.TakeQuoted();
    if (!id || id->empty())
    {
        return tl::unexpected(Mismatch(scan, "the id of the node in double quotes", place));
    }
    TopologyNode node;
    node.type = type;
    node.id = std::move(*id);
    node.description = node.id;
    node.ports.resize(*ports + 1);
    node.guid = m_attributes.nodeGuid;
    node.systemImageGuid = m_attributes.systemImageGuid;
    node.vendorId = m_attributes.vendorId;
    node.deviceId = m_attributes.deviceId;
    if (type == IbNodeType::kSwitch)
    {
        node.ports[0].guid = m_attributes.portGuid;
    }
    if (const auto outcome = ReadNodeComment(scan, node, place); !outcome)
    {
        return outcome;
    }
    m_attributes = {};
    const auto index = m_builder.AddNode(std::move(node), place);
    if (!index)
    {
        return tl::unexpected(index.error());
    }
    m_node = *index;
    return {};
}

TopologyRecordReader::Outcome TopologyRecordReader::ReadNodeComment(TopologyScanner& scan,
                                                                    TopologyNode& node,
                                                                    const SourcePlace& place)
{
    if (scan.AtEnd())
    {
        return {};
    }
    if (const auto outcome = Expect(scan, "#", place); !outcome || scan.AtEnd())
    {
        return outcome;
    }
    const std::string_view comment = scan.Rest();
    const auto description = OuterQuoted(comment);
    if (!description)
    {
        return m_dialect == Dialect::kIbsim
                   ? Outcome{}
                   : tl::unexpected(Mismatch(scan, "a description in double quotes", place));
    }
    node.description = description->substr(0, kMaxDescription);
    TopologyScanner tail(comment.substr(comment.rfind('"') + 1));
    node.enhancedPort0 = tail.Take("enhanced");
    if (!node.enhancedPort0 && !tail.Take("base"))
    {
        return {};
    }
    const auto lid = tail.Take("port 0 lid") ? tail.TakeNumber(10) : std::nullopt;
    const auto lmc = lid && tail.Take("lmc") ? tail.TakeNumber(10) : std::nullopt;
    if (!lmc || *lid > kMaxUnicastLid || *lmc > 7)
    {
        return m_dialect == Dialect::kIbsim
                   ? Outcome{}
                   : tl::unexpected(
                         Mismatch(scan, "'port 0 lid' and a LID, 'lmc' and 0 to 7", place));
    }
    node.ports[0].lid = static_cast<std::uint16_t>(*lid);
    node.ports[0].lmc = static_cast<std::uint8_t>(*lmc);
    return {};
}

TopologyRecordReader::Outcome TopologyRecordReader::ReadPortSuffix(TopologyScanner& scan,
                                                                   std::uint64_t& guid,
                                                                   const SourcePlace& place)
{
    if (scan.Take("[ext") && (!scan.TakeNumber(10) || !scan.Take("]")))
    {
        return tl::unexpected(Mismatch(scan, "an external port number and ']'", place));
    }
    if (!scan.Take("("))
    {
        return {};
    }
    const auto number = scan.TakeNumber(16);
    if (!number || !scan.Take(")"))
    {
        return tl::unexpected(Mismatch(scan, "a port GUID and ')'", place));
    }
    guid = *number;
    return {};
}

TopologyRecordReader::Outcome TopologyRecordReader::ReadCable(TopologyScanner& scan,
                                                              const SourcePlace& place)
{
    if (!m_node)
    {
        return tl::unexpected(Mismatch(scan, "the line of a node before its cables", place));
    }
    TopologyBuilder::CableEnd end;
    end.place = place;
    end.local.node = *m_node;
    TopologyNode& node = m_builder.GetNode(*m_node);

    const auto port = scan.Take("[") ? scan.TakeNumber(10) : std::nullopt;
    if (!port || !scan.Take("]") || *port == 0 || *port > node.NumPorts())
    {
        return tl::unexpected(port
                                  ? TopologyError{place.file,
                                                  place.line,
                                                  "port " + std::to_string(*port),
                                                  "'[port]' with a port of \"" + node.id +
                                                      "\", 1 to " + std::to_string(node.NumPorts())}
                                  : Mismatch(scan, "a port number between '[' and ']'", place));
    }
    end.local.port = static_cast<std::uint8_t>(*port);
    if (const auto outcome = ReadPortSuffix(scan, node.ports[*port].guid, place); !outcome)
    {
        return outcome;
    }
    auto remote = scan.TakeQuoted();
    if (!remote)
    {
        return tl::unexpected(Mismatch(scan, "the id of the remote node in quotes", place));
    }
    end.remoteId = std::move(*remote);
    const auto remotePort = scan.Take("[") ? scan.TakeNumber(10) : std::nullopt;
    if (!remotePort || !scan.Take("]") || *remotePort > kMaxPorts)
    {
        return tl::unexpected(Mismatch(scan, "the remote port between '[' and ']'", place));
    }
    end.remotePort = static_cast<std::uint32_t>(*remotePort);
    if (const auto outcome = ReadPortSuffix(scan, end.remotePortGuid, place); !outcome)
    {
        return outcome;
    }
    if (const auto outcome = ReadCableOptions(scan, end, place); !outcome)
    {
        return outcome;
    }
    return m_builder.AddCableEnd(std::move(end));
}

TopologyRecordReader::Outcome TopologyRecordReader::ReadCableOptions(TopologyScanner& scan,
                                                                     TopologyBuilder::CableEnd& end,
                                                                     const SourcePlace& place)
{
    while (!scan.AtEnd() && !scan.Take("#"))
    {
        if (m_dialect == Dialect::kIbsim && scan.Take("w="))
        {
            const auto lanes = scan.TakeNumber(10);
            end.width = lanes ? ParseLinkWidth(std::to_string(*lanes) + "x") : std::nullopt;
            if (!end.width)
            {
                return tl::unexpected(Mismatch(scan, "a width of 1, 2, 4, 8 or 12", place));
            }
            continue;
        }
        if (m_dialect == Dialect::kIbsim && scan.Take("s="))
        {
            end.speed = ParseLinkSpeed(scan.TakeWord());
            if (!end.speed)
            {
                return tl::unexpected(Mismatch(scan, "a speed from SDR to XDR", place));
            }
            continue;
        }
        return tl::unexpected(Mismatch(scan,
                                       m_dialect == Dialect::kIbsim ? "'w=', 's=' or a comment"
                                                                    : "'#' and the comment",
                                       place));
    }
    return scan.AtEnd() ? Outcome{} : ReadCableComment(scan, end, place);
}

TopologyRecordReader::Outcome TopologyRecordReader::ReadCableComment(TopologyScanner& scan,
                                                                     TopologyBuilder::CableEnd& end,
                                                                     const SourcePlace& place)
{
    const std::string_view comment = scan.Rest();
    const bool lenient = m_dialect == Dialect::kIbsim;
    // A port of a CA begins with its own LID: lid 16 lmc 1 "remote" lid 3 4xSDR.
    TopologyScanner own(comment);
    if (own.Take("lid"))
    {
        const auto lid = own.TakeNumber(10);
        const auto lmc = lid && own.Take("lmc") ? own.TakeNumber(10) : std::nullopt;
        if (!lmc || *lid > kMaxUnicastLid || *lmc > 7)
        {
            return lenient ? Outcome{}
                           : tl::unexpected(Mismatch(own, "a LID, 'lmc' and 0 to 7", place));
        }
        TopologyPort& port = m_builder.GetNode(end.local.node).ports[end.local.port];
        port.lid = static_cast<std::uint16_t>(*lid);
        port.lmc = static_cast<std::uint8_t>(*lmc);
    }
    if (const auto description = OuterQuoted(comment))
    {
        end.remoteDescription = description->substr(0, kMaxDescription);
    }
    else if (!lenient)
    {
        return tl::unexpected(Mismatch(own, "the remote description in double quotes", place));
    }
    const std::size_t quote = comment.rfind('"');
    TopologyScanner tail(quote == std::string_view::npos ? comment : comment.substr(quote + 1));
    if (tail.Take("lid"))
    {
        tail.TakeNumber(10); // the remote's; its own record says it too
    }
    TopologyScanner atRate = tail;
    const std::string_view word = tail.TakeWord();
    const auto rate = ParseLinkRate(word);
    if (!rate && !lenient && !word.empty())
    {
        return tl::unexpected(Mismatch(atRate, "width and speed such as 4xEDR", place));
    }
    if (rate)
    {
        end.width = rate->width;
        end.speed = rate->speed;
    }
    return {};
}

} // namespace ns3
