// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/topology-source.h"

#include "ib-fabric/model/fat-tree-generator.h"
#include "ib-fabric/model/ibnetdiscover-reader.h"
#include "ib-fabric/model/ibsim-net-reader.h"
#include "ib-fabric/model/text-file.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace ns3
{

namespace
{

/** The options of a generator: "k=8,levels=2". Absent ones keep the value that they have. */
class GeneratorOptions
{
  public:
    GeneratorOptions(std::string source, std::string_view options)
        : m_source(std::move(source)),
          m_options(options)
    {
    }

    /** \returns false at the end of the text or if it is wrong */
    bool Next(std::string_view& key, std::string_view& value)
    {
        if (m_options.empty())
        {
            return false;
        }
        const std::string_view option = m_options.substr(0, m_options.find(','));
        m_options.remove_prefix(std::min(m_options.size(), option.size() + 1));
        const std::size_t equals = option.find('=');
        key = option.substr(0, equals);
        value = equals == std::string_view::npos ? "" : option.substr(equals + 1);
        return true;
    }

    TopologyError Wrong(std::string_view key, std::string_view value, std::string expected) const
    {
        return {m_source,
                0,
                "'" + std::string(key) + (value.empty() ? "" : "=" + std::string(value)) + "'",
                std::move(expected)};
    }

  private:
    std::string m_source;
    std::string_view m_options;
};

bool ParseUnsigned(std::string_view text, std::uint32_t& value)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

tl::expected<Topology, TopologyError> LoadFatTree(const std::string& source, std::string_view text)
{
    FatTreeShape shape;
    GeneratorOptions options(source, text);
    std::string_view key;
    std::string_view value;
    bool hasK = false;
    while (options.Next(key, value))
    {
        std::uint32_t number = 0;
        const bool isNumber = ParseUnsigned(value, number);
        if (key == "k")
        {
            if (!isNumber || number < 2 || number > 64 || number % 2 != 0)
            {
                return tl::unexpected(options.Wrong(key, value, "k=<even number, 2 to 64>"));
            }
            shape.k = number;
            hasK = true;
        }
        else if (key == "levels")
        {
            if (!isNumber || (number != 2 && number != 3))
            {
                return tl::unexpected(options.Wrong(key, value, "levels=2 or levels=3"));
            }
            shape.levels = number;
        }
        else if (key == "hosts")
        {
            if (!isNumber || number == 0)
            {
                return tl::unexpected(options.Wrong(key, value, "hosts=<number, 1 or more>"));
            }
            shape.hosts = number;
        }
        else if (const auto rate = ParseLinkRate(value); key == "rate" && rate)
        {
            shape.rate = *rate;
        }
        else
        {
            return tl::unexpected(
                options.Wrong(key, value, "k=N, levels=2|3, hosts=N or rate=4xEDR"));
        }
    }
    if (!hasK)
    {
        return tl::unexpected(TopologyError{source, 0, "no 'k='", "for example fat-tree:k=8"});
    }
    const std::uint32_t room =
        shape.k * shape.k / (shape.levels == 2 ? 2 : 4) * (shape.levels == 2 ? 1 : shape.k);
    if (shape.hosts > room)
    {
        return tl::unexpected(options.Wrong(
            "hosts", std::to_string(shape.hosts), "at most " + std::to_string(room) + " hosts"));
    }
    return MakeFatTree(shape);
}

tl::expected<Topology, TopologyError> LoadBackToBack(const std::string& source,
                                                     std::string_view text)
{
    IbLinkRate rate;
    GeneratorOptions options(source, text);
    std::string_view key;
    std::string_view value;
    while (options.Next(key, value))
    {
        const auto parsed = ParseLinkRate(value);
        if (key != "rate" || !parsed)
        {
            return tl::unexpected(options.Wrong(key, value, "rate=4xEDR"));
        }
        rate = *parsed;
    }
    return MakeBackToBack(rate);
}

bool LooksLikeIbnetdiscover(std::string_view text)
{
    return text.find("switchguid=") != std::string_view::npos ||
           text.find("caguid=") != std::string_view::npos ||
           text.find("# Topology file:") != std::string_view::npos;
}

} // namespace

tl::expected<Topology, TopologyError> LoadTopology(const std::string& source)
{
    const std::string_view view = source;
    constexpr std::string_view kFatTree = "fat-tree:";
    constexpr std::string_view kBackToBack = "back-to-back";
    constexpr std::string_view kIbnetdiscover = "ibnetdiscover:";
    constexpr std::string_view kIbsim = "ibsim:";
    if (view.starts_with(kFatTree))
    {
        return LoadFatTree(source, view.substr(kFatTree.size()));
    }
    if (view == kBackToBack || view.starts_with("back-to-back:"))
    {
        return LoadBackToBack(source, view.substr(std::min(view.size(), kBackToBack.size() + 1)));
    }
    const bool forcedDiscover = view.starts_with(kIbnetdiscover);
    const bool forcedIbsim = view.starts_with(kIbsim);
    const std::string file = forcedDiscover ? source.substr(kIbnetdiscover.size())
                             : forcedIbsim  ? source.substr(kIbsim.size())
                                            : source;
    const auto text = ReadTextFile(file);
    if (!text)
    {
        return tl::unexpected(
            TopologyError{file,
                          0,
                          text.error(),
                          "a topology file, fat-tree:k=N[,levels=2|3][,hosts=N] or back-to-back"});
    }
    const bool discover = forcedDiscover || (!forcedIbsim && LooksLikeIbnetdiscover(*text));
    return discover ? ReadIbnetdiscover(*text, file) : ReadIbsimNet(*text, file);
}

} // namespace ns3
