// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// weft topo SOURCE: what is this fabric?
#include "ib-fabric/model/topology-source.h"
#include "lab/command/command.h"
#include "lab/helper/topo-report.h"

#include <memory>

namespace lab
{

namespace
{

struct TopoCommand
{
    std::string source;
    bool json{false};
    bool all{false};

    ExitStatus operator()(Output& output) const;
};

ExitStatus TopoCommand::operator()(Output& output) const
{
    const auto topology = ns3::LoadTopology(source);
    if (!topology)
    {
        const ns3::TopologyError& error = topology.error();
        return output.Wrong({error.file, error.line, error.found, error.expected});
    }
    if (json)
    {
        output.Print(JsonText(TopoJson(*topology, source)));
        return ExitStatus::kFine;
    }
    TopoOptions options;
    options.colour = output.Colour();
    options.all = all;
    output.Print(TopoReport(*topology, source, options));
    return ExitStatus::kFine;
}

} // namespace

void AddTopoCommand(CLI::App& program, Action& action)
{
    const auto command = std::make_shared<TopoCommand>();
    CLI::App* const app = program.add_subcommand(
        "topo", "Show what a fabric consists of: switches, HCAs, links, diameter");
    app->add_option("SOURCE",
                    command->source,
                    "a file of ibnetdiscover or ibsim, fat-tree:k=N[,levels=2|3][,hosts=N], or "
                    "back-to-back")
        ->required()
        ->type_name("TEXT");
    app->add_flag("--all", command->all, "every switch, host and warning, not only the first ones");
    app->add_flag("--json", command->json, "every node and link, as JSON");
    app->footer("Examples:\n"
                "  weft topo test/data/topologies/loginoff.ibnetdiscover\n"
                "  weft topo fat-tree:k=8\n"
                "  ibnetdiscover > my.fabric && weft topo my.fabric --all");
    app->callback([command, &action] { action = *command; });
}

} // namespace lab
