// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Each way in which a scenario file can be wrong, and what is said of it.
#include "lab/model/scenario.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace lab
{

namespace
{

struct Mistake
{
    const char* name;
    const char* text; ///< what follows the preamble
    unsigned line;    ///< 0: the error belongs to no line
    const char* found;
    const char* expected;
};

void PrintTo(const Mistake& mistake, std::ostream* out)
{
    *out << mistake.name;
}

class ScenarioErrors : public ::testing::TestWithParam<Mistake>
{
};

/** Seven lines; what is tested begins in line 8. */
const std::string kPreamble = R"([fabric]
source = "direct"
[[host]]
name = "server"
[[host]]
name = "client"

)";

void Check(const std::string& text, const Mistake& mistake)
{
    const auto scenario = ParseScenario(text, "bad.toml");
    ASSERT_FALSE(scenario.has_value());
    const InputError& error = scenario.error();
    EXPECT_EQ(error.file, "bad.toml");
    EXPECT_EQ(error.line, mistake.line) << error.Text();
    EXPECT_NE(error.found.find(mistake.found), std::string::npos) << error.Text();
    EXPECT_NE(error.expected.find(mistake.expected), std::string::npos) << error.Text();
}

TEST_P(ScenarioErrors, IsFoundInItsLine)
{
    Check(kPreamble + GetParam().text, GetParam());
}

std::string NameOf(const ::testing::TestParamInfo<Mistake>& info)
{
    return info.param.name;
}

const Mistake kExplore[] = {
    {"ExploreUnknownKey", "[explore]\ndrops = 1\n", 9, "unknown key 'drops'", "'drop'"},
    {"ExploreTooMany", "[explore]\ndrop = 1001\n", 9, "drop = 1001", "1000"},
    {"ExploreNoNumber", "[explore]\ntotal = \"2\"\n", 9, "total = \"2\"", "number"},
    {"ExploreOneDelay", "[explore]\ndelay = \"2ms\"\n", 9, "delay = \"2ms\"", "list of times"},
    {"ExploreNoTime", "[explore]\ndelay = [\"2ms\", \"soon\"]\n", 9, "\"soon\" in delay", "list"},
    {"ExploreNoDelay", "[explore]\ndelay = [\"0ms\"]\n", 9, "\"0ms\" in delay", "at least"},
    {"ExploreSameDelay", "[explore]\ndelay = [\"2ms\", \"2000us\"]\n", 9, "in delay", "each once"},
    {"ExploreTwice", "[explore]\n[explore]\n", 9, "no TOML", "key = value"},
};

const Mistake kOutages[] = {
    {"OutageNoHost",
     "[[outage]]\naction = \"restart\"\nfor = \"1s\"\n",
     8,
     "no 'host'",
     "[[host]]"},
    {"OutageNoTime",
     "[[outage]]\nhost = \"server\"\naction = \"restart\"\n",
     8,
     "no 'for'",
     "time"},
    {"OutageAction",
     "[[outage]]\nhost = \"server\"\naction = \"reset\"\nfor = \"1s\"\n",
     10,
     "action = \"reset\"",
     "restart or port-down"},
    {"OutageZero",
     "[[outage]]\nhost = \"server\"\naction = \"restart\"\nfor = \"0ms\"\n",
     11,
     "for = \"0ms\"",
     "at least"},
    {"FaultRestartNoTime",
     "[[fault]]\naction = \"restart\"\n",
     9,
     "without 'for'",
     "for = \"50ms\""},
    {"FaultDropFor",
     "[[fault]]\naction = \"drop\"\nfor = \"1s\"\n",
     10,
     "'for' with action = \"drop\"",
     "port-down"},
    {"FaultDropHost",
     "[[fault]]\naction = \"drop\"\nhost = \"sender\"\n",
     10,
     "'host' with",
     "restart"},
    {"FaultHostName",
     "[[fault]]\naction = \"restart\"\nfor = \"1s\"\nhost = \"server\"\n",
     11,
     "host = \"server\"",
     "sender or receiver"},
    {"ExploreRestart", "[explore]\nrestart = 1\n", 9, "restart = 1", "list of times"},
    {"ExplorePortDown", "[explore]\nport-down = [\"now\"]\n", 9, "\"now\" in port-down", "list of"},
};

const Mistake kTasks[] = {
    {"TaskNoHost",
     "[[task]]\nsteps = [{do = \"inspect\"}]\n",
     8,
     "no 'host' in [[task]]",
     "[[host]]"},
    {"TaskNoSteps", "[[task]]\nhost = \"client\"\n", 8, "no [[steps]]", "at least one"},
    {"TaskName",
     "[[task]]\nhost = \"client\"\nname = \"a b\"\nsteps = [{do = \"inspect\"}]\n",
     10,
     "name = \"a b\"",
     "without blanks"},
    {"StepNoVerb",
     "[[task]]\nhost = \"client\"\nsteps = [{id = \"a\"}]\n",
     10,
     "no 'do'",
     "create"},
    {"StepUnknownVerb",
     "[[task]]\nhost = \"client\"\nsteps = [\n  {do = \"destory\", id = \"a\"},\n]\n",
     11,
     "do = \"destory\"",
     "did you mean 'destroy'?"},
    {"StepNoId", "[[task]]\nhost = \"client\"\nsteps = [{do = \"dreq\"}]\n", 10, "no 'id'", "text"},
    {"StepKeyOfAnother",
     "[[task]]\nhost = \"client\"\nsteps = [{do = \"dreq\", id = \"a\", reason = 3}]\n",
     10,
     "unknown key 'reason'",
     "id, private-data"},
    {"StepNoHost",
     "[[task]]\nhost = \"client\"\nsteps = [{do = \"req\", id = \"a\", to = \"servr\", service = "
     "1}]\n",
     10,
     "to = \"servr\"",
     "did you mean 'server'?"},
    {"StepResult",
     "[[task]]\nhost = \"client\"\nsteps = [{do = \"dreq\", id = \"a\", result = \"fine\"}]\n",
     10,
     "result = \"fine\"",
     "ok, "},
    {"StepMaybe",
     "[[task]]\nhost = \"client\"\nsteps = [{do = \"inspect\", maybe = 1}]\n",
     10,
     "maybe = 1",
     "true or false"},
    {"StepEvent",
     "[[task]]\nhost = \"client\"\nsteps = [{do = \"wait\", id = \"a\", event = \"RPE\"}]\n",
     10,
     "event = \"RPE\"",
     "did you mean 'REP'?"},
    {"StepSleepNoTime",
     "[[task]]\nhost = \"client\"\nsteps = [{do = \"sleep\"}]\n",
     10,
     "no 'for'",
     "time"},
    {"SendField",
     "[[task]]\nhost = \"client\"\nsteps = [\n"
     "  {do = \"send\", to = \"server\", message = \"REJ\", set = {reasn = 4}},\n]\n",
     11,
     "unknown key 'reasn' in set",
     "'reason'"},
    {"SendTooWide",
     "[[task]]\nhost = \"client\"\nsteps = [\n"
     "  {do = \"send\", to = \"server\", message = \"REJ\", set = {reason = 65536}},\n]\n",
     11,
     "reason = 65536",
     "fits into the field"},
    {"SendSourceKind",
     "[[task]]\nhost = \"client\"\nsteps = [\n"
     "  {do = \"send\", to = \"server\", message = \"REJ\", set = {reason = \"RQE.x\"}},\n]\n",
     11,
     "reason = \"RQE.x\"",
     "did you mean 'REQ'?"},
    {"SendSourceField",
     "[[task]]\nhost = \"client\"\nsteps = [\n"
     "  {do = \"send\", to = \"server\", message = \"REJ\", set = {reason = "
     "\"REQ.local-qp\"}},\n]\n",
     11,
     "reason = \"REQ.local-qp\"",
     "did you mean 'local-qpn'?"},
    {"SendSourceHost",
     "[[task]]\nhost = \"client\"\nsteps = [\n"
     "  {do = \"send\", to = \"server\", message = \"REJ\", set = {reason = "
     "\"serv:REQ.local-qpn\"}},\n]\n",
     11,
     "serv:REQ.local-qpn",
     "the name of a [[host]] before ':'"},
    {"OnNoEvent", "[[on]]\nhost = \"server\"\n", 8, "no 'event'", "REQ"},
    {"OnReturn",
     "[[on]]\nhost = \"server\"\nevent = \"REQ\"\nreturn = \"nothing\"\n",
     11,
     "return = \"nothing\"",
     "keep, destroy or destroy-no-memory"},
    {"OnWaits",
     "[[on]]\nhost = \"server\"\nevent = \"REQ\"\nsteps = [{do = \"wait\", id = \"a\", event = "
     "\"RTU\"}]\n",
     11,
     "do = \"wait\" in an [[on]]",
     "a step of a [[task]]"},
    {"OnNameForNothing",
     "[[on]]\nhost = \"server\"\nevent = \"REP\"\nas = \"x\"\n",
     11,
     "'as' for the event REP",
     "REQ and SIDR_REQ"},
};

const Mistake kSyntax[] = {
    {"NoValue", "[[listen]]\nhost =\n", 9, "no TOML", "key = value"},
    {"NoQuotes", "[[listen]]\nhost = server\n", 9, "no TOML", "key = value"},
    {"OpenText", "[[listen]]\nhost = \"server\n", 9, "no TOML", "key = value"},
    {"KeyTwice", "[[listen]]\nhost = \"server\"\nhost = \"client\"\n", 10, "no TOML", "value"},
    {"TooBig", "[[listen]]\nservice = 0xfedc000000000000\n", 9, "no TOML", "key = value"},
    {"UnknownTable", "[[listener]]\nhost = \"server\"\n", 8, "unknown key 'listener'", "'listen'"},
    {"UnknownTableFarOff",
     "[[banana]]\nhost = \"server\"\n",
     8,
     "unknown key 'banana' in the scenario",
     "name, description, seed"},
    {"UnknownKey",
     "[[listen]]\nhost = \"server\"\nservise = 1\n",
     10,
     "unknown key 'servise' in [[listen]]",
     "'service'"},
    {"UnknownKeyExchanged",
     "[[connect]]\nform = \"client\"\nto = \"server\"\nservice = 1\n",
     9,
     "unknown key 'form'",
     "'from'"},
    {"UnknownKeyFarOff",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\nqueue-depth = 3\n",
     12,
     "unknown key 'queue-depth'",
     "name, from, to, service, at, count"},
    {"UnknownKeyInMatch",
     "[[fault]]\naction = \"drop\"\nmatch = {attribut = \"REP\"}\n",
     10,
     "unknown key 'attribut' in match",
     "'attribute'"},
    {"TopOfUnknownKeys", "[[listen]]\nzebra = 1\napple = 2\n", 9, "unknown key 'zebra'", "host"},
    {"OneBracket",
     "[listen]\nhost = \"server\"\nservice = 1\n",
     8,
     "[listen]",
     "[[listen]], with two brackets"},
    {"MatchIsNumber", "[[fault]]\naction = \"drop\"\nmatch = 3\n", 10, "match that is 3", "one"},
};

const Mistake kHosts[] = {
    {"NoName", "[[host]]\nport = 1\n", 8, "no 'name' in [[host]]", "name = a text"},
    {"EmptyName", "[[host]]\nname = \"\"\n", 9, "name = \"\"", "not empty"},
    {"NameIsNumber", "[[host]]\nname = 3\n", 9, "name = 3", "a text in quotes"},
    {"NameWithBlank", "[[host]]\nname = \"a b\"\n", 9, "\"a b\"", "without blanks"},
    {"NameWithLineBreak", "[[host]]\nname = \"a\\nb\"\n", 9, "\"a.b\"", "on one line"},
    {"NameTwice",
     "[[host]]\nname = \"server\"\n",
     9,
     "host 'server' for the second time (the first is in line 3)",
     "each name once"},
    {"PortZero", "[[host]]\nname = \"x\"\nport = 0\n", 10, "port = 0", "number, 1 to 254"},
    {"PortBig", "[[host]]\nname = \"x\"\nport = 255\n", 10, "port = 255", "1 to 254"},
    {"PortText", "[[host]]\nname = \"x\"\nport = \"1\"\n", 10, "port = \"1\"", "whole number"},
    {"PortBroken", "[[host]]\nname = \"x\"\nport = 1.5\n", 10, "port = 1.5", "whole number"},
    {"PortTruth", "[[host]]\nname = \"x\"\nport = true\n", 10, "port = true", "whole number"},
    {"PortNegative", "[[host]]\nname = \"x\"\nport = -1\n", 10, "port = -1", "1 to 254"},
    {"PortHuge",
     "[[host]]\nname = \"x\"\nport = 4294967297\n",
     10,
     "port = 4294967297",
     "1 to 254"},
    {"WorkersZero", "[[host]]\nname = \"x\"\nworkers = 0\n", 10, "workers = 0", "1 to 16"},
    {"WorkersMany", "[[host]]\nname = \"x\"\nworkers = 17\n", 10, "workers = 17", "1 to 16"},
    {"NodeInDirect", "[[host]]\nname = \"x\"\nnode = \"n\"\n", 10, "direct fabric", "none"},
};

const Mistake kListeners[] = {
    {"NoHost", "[[listen]]\nservice = 1\n", 8, "no 'host' in [[listen]]", "name of a [[host]]"},
    {"NoService", "[[listen]]\nhost = \"server\"\n", 8, "no 'service'", "service = a whole number"},
    {"Dangling",
     "[[listen]]\nhost = \"sevrer\"\nservice = 1\n",
     9,
     "host = \"sevrer\"",
     "server or client (did you mean 'server'?)"},
    {"ServiceZero", "[[listen]]\nhost = \"server\"\nservice = 0\n", 10, "service = 0", "from 1 on"},
    {"ServiceNegative", "[[listen]]\nhost = \"server\"\nservice = -5\n", 10, "-5", "64 bits"},
    {"ServiceText",
     "[[listen]]\nhost = \"server\"\nservice = \"0x12G4\"\n",
     10,
     "service = \"0x12G4\"",
     "64 bits"},
    {"ServiceLong",
     "[[listen]]\nhost = \"server\"\nservice = \"0x10000000000000000\"\n",
     10,
     "service = \"0x10000000000000000\"",
     "64 bits"},
    {"ServiceTwice",
     "[[listen]]\nhost = \"server\"\nservice = 1\n[[listen]]\nhost = \"server\"\nservice = \"1\"\n",
     13,
     "service 0x0000000000000001 of host 'server' for the second time (the first is in line 8)",
     "each service once"},
    {"Policy",
     "[[listen]]\nhost = \"server\"\nservice = 1\npolicy = \"acept\"\n",
     11,
     "policy = \"acept\"",
     "accept, reject or ignore (did you mean 'accept'?)"},
    {"PrivateDataOfIgnore",
     "[[listen]]\nhost = \"server\"\nservice = 1\npolicy = \"ignore\"\nprivate-data = \"x\"\n",
     12,
     "never answers",
     "none"},
    {"PrivateDataIsArray",
     "[[listen]]\nhost = \"server\"\nservice = 1\nprivate-data = [1]\n",
     11,
     "private-data = an array",
     "a text in quotes"},
};

const Mistake kConnects[] = {
    {"NoFrom", "[[connect]]\nto = \"server\"\nservice = 1\n", 8, "no 'from'", "[[host]]"},
    {"NoTo", "[[connect]]\nfrom = \"server\"\nservice = 1\n", 8, "no 'to'", "[[host]]"},
    {"NoService",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\n",
     8,
     "no 'service'",
     "service"},
    {"FromDangling",
     "[[connect]]\nfrom = \"nobody\"\nto = \"server\"\nservice = 1\n",
     9,
     "from = \"nobody\"",
     "name of a [[host]]: server or client"},
    {"ToSelf",
     "[[connect]]\nfrom = \"client\"\nto = \"client\"\nservice = 1\n",
     10,
     "to = \"client\", as in 'from'",
     "another host"},
    {"AtWithoutUnit",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\nat = 5\n",
     12,
     "at = 5",
     "a time such as \"2ms\""},
    {"AtNegative",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\nat = \"-5ms\"\n",
     12,
     "at = \"-5ms\"",
     "a time"},
    {"CountZero",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\ncount = 0\n",
     12,
     "count = 0",
     "1 to 1000000"},
    {"CountWithoutEnd",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\ncount = 2\n"
     "disconnect = \"none\"\n",
     12,
     "count = 2 with disconnect = \"none\"",
     "count = 1"},
    {"Disconnect",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\ndisconnect = \"never\"\n",
     12,
     "disconnect = \"never\"",
     "from, to, both or none"},
    {"Timeout",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\ncm-response-timeout = 32\n",
     12,
     "cm-response-timeout = 32",
     "0 to 31"},
    {"RemoteTimeout",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\n"
     "remote-cm-response-timeout = 32\n",
     12,
     "remote-cm-response-timeout = 32",
     "0 to 31"},
    {"MessageOverDirect",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\nmessage = \"hi\"\n",
     12,
     "a message over the direct fabric",
     "queue pairs"},
    {"Retries",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\nmax-cm-retries = 16\n",
     12,
     "max-cm-retries = 16",
     "0 to 15"},
    {"NameTwice",
     "[[connect]]\nname = \"c\"\nfrom = \"client\"\nto = \"server\"\nservice = 1\n"
     "[[connect]]\nname = \"c\"\nfrom = \"client\"\nto = \"server\"\nservice = 1\n",
     14,
     "connect 'c' for the second time (the first is in line 8)",
     "each name once"},
    {"NameEmpty",
     "[[connect]]\nname = \"\"\nfrom = \"client\"\nto = \"server\"\nservice = 1\n",
     9,
     "name = \"\"",
     "a name"},
};

const Mistake kFaults[] = {
    {"NoAction",
     "[[fault]]\nmatch = {nth = 1}\n",
     8,
     "no 'action'",
     "drop, duplicate, delay, corrupt, reorder, restart or port-down"},
    {"Action", "[[fault]]\naction = \"dropp\"\n", 9, "\"dropp\"", "did you mean 'drop'?"},
    {"DelayWithoutBy", "[[fault]]\naction = \"delay\"\n", 9, "without 'by'", "by = \"50ms\""},
    {"ByWithoutDelay",
     "[[fault]]\naction = \"drop\"\nby = \"1ms\"\n",
     10,
     "'by' with action = \"drop\"",
     "action = \"delay\" only"},
    {"ByZero", "[[fault]]\naction = \"delay\"\nby = 0\n", 10, "by = 0", "at least 1 ns"},
    {"Attribute",
     "[[fault]]\naction = \"drop\"\nmatch = {attribute = \"RPE\"}\n",
     10,
     "attribute = \"RPE\"",
     "REQ, MRA, REJ"},
    {"FromDangling",
     "[[fault]]\naction = \"drop\"\nmatch = {from = \"Server\"}\n",
     10,
     "from = \"Server\"",
     "(did you mean 'server'?)"},
    {"NthZero", "[[fault]]\naction = \"drop\"\nmatch = {nth = 0}\n", 10, "nth = 0", "1 to"},
    {"MatchIsArray", "[[fault]]\naction = \"drop\"\nmatch = []\n", 10, "an array", "one table"},
};

const Mistake kExpectations[] = {
    {"Nothing", "[[expect]]\n", 8, "expects nothing", "outcome, reject-reason, or attribute"},
    {"Dangling",
     "[[expect]]\nconnect = \"c\"\noutcome = \"connected\"\n",
     9,
     "connect = \"c\"",
     "[[connect]], of which there is none"},
    {"CountOfConnect",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\n"
     "[[expect]]\nconnect = \"connect1\"\nattribute = \"REQ\"\ncount = 1\n",
     13,
     "'connect' without an outcome",
     "over the whole run"},
    {"OutcomeOfNothing",
     "[[expect]]\noutcome = \"connected\"\n",
     9,
     "without 'connect'",
     "name of"},
    {"Outcome",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\n"
     "[[expect]]\nconnect = \"connect1\"\noutcome = \"reject\"\n",
     14,
     "outcome = \"reject\"",
     "did you mean 'rejected'?"},
    {"ReasonOfSuccess",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\n"
     "[[expect]]\nconnect = \"connect1\"\noutcome = \"connected\"\nreject-reason = 28\n",
     15,
     "reject-reason with outcome = \"connected\"",
     "outcome = \"rejected\""},
    {"CountAlone", "[[expect]]\ncount = 2\n", 9, "'count' without 'attribute'", "both"},
    {"AttributeAlone",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\n"
     "[[expect]]\nconnect = \"connect1\"\noutcome = \"connected\"\nattribute = \"REQ\"\n",
     15,
     "'attribute' without 'count'",
     "both"},
    {"FromAlone",
     "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\n"
     "[[expect]]\nconnect = \"connect1\"\noutcome = \"connected\"\nfrom = \"client\"\n",
     15,
     "'from' without 'count'",
     "'attribute' and 'count'"},
    {"CountNegative",
     "[[expect]]\nattribute = \"REQ\"\ncount = -1\n",
     10,
     "count = -1",
     "0 to 1000000"},
};

INSTANTIATE_TEST_SUITE_P(Explore, ScenarioErrors, ::testing::ValuesIn(kExplore), NameOf);
INSTANTIATE_TEST_SUITE_P(Outages, ScenarioErrors, ::testing::ValuesIn(kOutages), NameOf);
INSTANTIATE_TEST_SUITE_P(Tasks, ScenarioErrors, ::testing::ValuesIn(kTasks), NameOf);
INSTANTIATE_TEST_SUITE_P(Syntax, ScenarioErrors, ::testing::ValuesIn(kSyntax), NameOf);
INSTANTIATE_TEST_SUITE_P(Hosts, ScenarioErrors, ::testing::ValuesIn(kHosts), NameOf);
INSTANTIATE_TEST_SUITE_P(Listeners, ScenarioErrors, ::testing::ValuesIn(kListeners), NameOf);
INSTANTIATE_TEST_SUITE_P(Connects, ScenarioErrors, ::testing::ValuesIn(kConnects), NameOf);
INSTANTIATE_TEST_SUITE_P(Faults, ScenarioErrors, ::testing::ValuesIn(kFaults), NameOf);
INSTANTIATE_TEST_SUITE_P(Expectations, ScenarioErrors, ::testing::ValuesIn(kExpectations), NameOf);

class ScenarioTopErrors : public ::testing::TestWithParam<Mistake>
{
};

TEST_P(ScenarioTopErrors, IsFoundInItsLine)
{
    Check(GetParam().text, GetParam());
}

constexpr const char* kHost = "[[host]]\nname = \"a\"\n";
const std::string kFatTreeWithLatency =
    std::string("[fabric]\nsource = \"fat-tree:k=4\"\nlatency = \"1us\"\n") + kHost;
const std::string kDirectWithManager =
    std::string("[fabric]\nsource = \"direct\"\nsubnet-manager = \"a\"\n") + kHost;
const std::string kNodeTwice =
    "[fabric]\nsource = \"fat-tree:k=4\"\n[[host]]\nname = \"a\"\nnode = \"n\"\n"
    "[[host]]\nname = \"b\"\nnode = \"n\"\n";

const Mistake kTop[] = {
    {"Empty", "", 1, "no [fabric]", "a table [fabric]"},
    {"NoFabric", "[[host]]\nname = \"a\"\n", 1, "no [fabric]", "a table [fabric]"},
    {"NoHost", "[fabric]\nsource = \"direct\"\n", 1, "no [[host]]", "at least one [[host]]"},
    {"NoSource", "[fabric]\n[[host]]\nname = \"a\"\n", 1, "no 'source' in [fabric]", "source ="},
    {"FabricTwice", "[[fabric]]\nsource = \"direct\"\n", 1, "an array", "one table [fabric]"},
    {"HostIsText", "host = \"a\"\n[fabric]\nsource = \"direct\"\n", 1, "host = \"a\"", "[[host]]"},
    {"HostsAreTexts",
     "host = [\"a\"]\n[fabric]\nsource = \"direct\"\n",
     1,
     "\"a\" in host",
     "tables [[host]]"},
    {"SeedIsText", "seed = \"x\"\n[fabric]\nsource = \"direct\"\n", 1, "seed = \"x\"", "64 bits"},
    {"LimitIsZero", "limit = 0\n[fabric]\nsource = \"direct\"\n", 1, "limit = 0", "at least 1 ns"},
    {"LimitIsWord", "limit = \"ever\"\n[fabric]\nsource = \"direct\"\n", 1, "\"ever\"", "a time"},
    {"SourceMissing", "[fabric]\nsource = \"gone.txt\"\n", 2, "No such file", "a topology file"},
    {"SourceIsFolder", "[fabric]\nsource = \"/\"\n", 2, "Is a directory", "a topology file"},
    {"LatencyOfLinks",
     kFatTreeWithLatency.c_str(),
     3,
     "latency in a fabric of links",
     "\"direct\""},
    {"ManagerOfDirect", kDirectWithManager.c_str(), 3, "in a direct fabric", "no subnet"},
    {"NodeTwice", kNodeTwice.c_str(), 8, "port 1 of node 'n' for the second time", "each node"},
};

INSTANTIATE_TEST_SUITE_P(Top, ScenarioTopErrors, ::testing::ValuesIn(kTop), NameOf);

/** A scenario with one text of so many bytes. */
std::string WithText(const std::string& table, const std::string& key, std::size_t bytes)
{
    std::string text = kPreamble;
    text.replace(text.find("direct"), 6, "back-to-back");
    return text + table + key + " = \"" + std::string(bytes, 'x') + "\"\n";
}

TEST(ScenarioLimits, PrivateDataFitsItsMessage)
{
    const std::string connect = "[[connect]]\nfrom = \"client\"\nto = \"server\"\nservice = 1\n";
    const std::string accept = "[[listen]]\nhost = \"server\"\nservice = 1\n";
    const std::string reject = accept + "policy = \"reject\"\n";
    const struct
    {
        std::string table;
        std::string key;
        std::size_t most;
    } kRooms[] = {
        {connect, "private-data", 92},
        {connect, "message", 65536},
        {accept, "private-data", 196},
        {reject, "private-data", 148},
    };
    for (const auto& room : kRooms)
    {
        EXPECT_TRUE(ParseScenario(WithText(room.table, room.key, room.most), "x.toml"));
        const auto over = ParseScenario(WithText(room.table, room.key, room.most + 1), "x.toml");
        ASSERT_FALSE(over.has_value());
        EXPECT_EQ(over.error().found, room.key + " of " + std::to_string(room.most + 1) + " bytes");
        EXPECT_EQ(over.error().expected, std::to_string(room.most) + " bytes at most");
    }
}

} // namespace

} // namespace lab
