// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SCENARIO_H
#define LAB_SCENARIO_H

#include "lab/model/fault-budget.h"
#include "lab/model/script.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/**
 * @file
 * A scenario: what is simulated, what the hosts do, what goes wrong, and what must come out.
 * Written in TOML; doc/scenarios.md describes each key. Times are nanoseconds of simulated time
 * here and texts such as "2ms" in the file.
 */

namespace lab
{

/** A place in an input file, and what is wrong there. */
struct InputError
{
    std::string file;
    unsigned line{0}; ///< from 1; 0 if the whole file is meant
    std::string found;
    std::string expected;

    /** "first-light.toml:12: found …, expected …". */
    std::string Text() const;
};

/** What joins the hosts. */
struct FabricSpec
{
    /** "direct", an ibnetdiscover or ibsim file (relative to the scenario), or "fat-tree:k=4". */
    std::string source;
    std::string subnetManager; ///< node name or GUID of its host; empty: the scenario's first host
    std::int64_t directLatencyNs{1000}; ///< one way, for "direct"
    unsigned line{0};
};

/** A host with a Connection Manager. */
struct HostSpec
{
    std::string name; ///< as the other tables refer to it
    std::string node; ///< node description or GUID ("0x…") in the fabric; empty: chosen in order
    unsigned port{1};
    unsigned workers{2}; ///< threads that handle received MADs, 1..16
    unsigned line{0};
};

/** A service that a host offers. */
struct ListenSpec
{
    std::string host;
    std::uint64_t serviceId{0};
    std::string policy{"accept"}; ///< accept, reject (reason 28), ignore (never answers)
    std::string privateData;      ///< text, sent in the REP or REJ
    unsigned line{0};
};

/** A connection that a host asks for. */
struct ConnectSpec
{
    std::string name; ///< for expectations and reports; "connect1" if none is given
    std::string from;
    std::string to;
    std::uint64_t serviceId{0};
    std::int64_t atNs{0}; ///< after the fabric is up
    unsigned count{1};    ///< so many connections, one after the other
    std::string privateData;
    std::string message;            ///< sent over the RC queue pair once connected; empty: none
    std::string disconnect{"from"}; ///< who sends the DREQ: from, to, both, none
    std::int64_t holdNs{0};         ///< from established (and the message delivered) to the DREQ
    unsigned cmResponseTimeout{20}; ///< exponent, 0..31: what the asking side needs to answer a REP
    /** Exponent, 0..31: what the other side has to answer the REQ; cmResponseTimeout if not given.
     */
    unsigned remoteCmResponseTimeout{20};
    unsigned maxCmRetries{15}; ///< 0..15
    unsigned line{0};
};

/** What happens to MADs that match. */
struct FaultSpec
{
    std::string attribute; ///< "REQ", "REP", …; empty: any CM message
    std::string from;      ///< host name; empty: any
    std::string to;
    unsigned nth{0};         ///< the n-th that matches otherwise, from 1; 0: each
    std::string action;      ///< drop, duplicate, delay, corrupt, reorder, restart, port-down
    std::int64_t delayNs{0}; ///< for delay, restart and port-down
    unsigned line{0};
    std::string host{"receiver"}; ///< for restart and port-down: sender, receiver

    /** As decision logs write it: see Fate. */
    std::string FateText() const;
};

/** What befalls a host at a time. */
struct OutageSpec
{
    std::string host;
    std::string action; ///< restart, port-down
    std::int64_t atNs{0};
    std::int64_t forNs{0};
    unsigned line{0};
};

/** What must hold at the end of the run. */
struct ExpectSpec
{
    std::string connect;                ///< name of a connect; empty: the whole run
    std::optional<std::string> outcome; ///< connected, rejected, timeout, disconnected, restarted
    std::optional<unsigned> rejectReason;
    std::optional<std::string> attribute; ///< with count: how many of these MADs were sent
    std::optional<std::string> from;
    std::optional<unsigned> count;
    unsigned line{0};
};

struct Scenario
{
    std::string file;
    std::string name;
    std::string description;
    std::uint64_t seed{1};
    std::int64_t limitNs{60'000'000'000}; ///< simulated time after which the run is given up
    FabricSpec fabric;
    std::vector<HostSpec> hosts;
    std::vector<ListenSpec> listens;
    std::vector<ConnectSpec> connects;
    std::vector<TaskSpec> tasks;
    std::vector<ReactionSpec> reactions;
    std::vector<FaultSpec> faults;
    std::vector<OutageSpec> outages;
    FaultBudget explore;
    std::vector<ExpectSpec> expects;
};

/** Reads and checks a scenario file; names, ranges and references are valid in what is returned. */
tl::expected<Scenario, InputError> ReadScenario(const std::string& path);

/** The same from text. @param file the name for errors and the folder for relative paths. */
tl::expected<Scenario, InputError> ParseScenario(std::string_view text, const std::string& file);

/** "1.5ms", "20us", "3s", "250ns" or a plain 0, as nanoseconds; nothing if it is none of these. */
std::optional<std::int64_t> ParseTime(std::string_view text);

/** Nanoseconds in the largest unit that stays exact enough to read, e.g. "1.044 ms". */
std::string FormatTime(std::int64_t ns);

} // namespace lab

#endif /* LAB_SCENARIO_H */
