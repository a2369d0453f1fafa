// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Consumers as scenarios write them: each thing that a step can do, and what handlers do.
#include "interleave/model/strategy/strategies.h"
#include "lab/model/scenario-script.h"
#include "lab/model/world.h"
#include "lab/record-text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace lab
{

namespace
{

using testing::HasSubstr;
using testing::Not;

Scenario Parsed(const std::string& tables, const std::string& fabric = "direct")
{
    const std::string text = "[fabric]\nsource = \"" + fabric + R"("
[[host]]
name = "server"
[[host]]
name = "client"
)" + tables;
    auto scenario = ParseScenario(text, "consumers.toml");
    EXPECT_TRUE(scenario) << scenario.error().Text();
    return scenario ? std::move(*scenario) : Scenario{};
}

std::string Task(const std::string& host, const std::string& steps)
{
    return "[[task]]\nhost = \"" + host + "\"\nsteps = [\n" + steps + "]\n";
}

const std::string kListens = Task("server", R"({do = "listen", id = "door", service = 0x1000},)");

RunRecord RunOnce(const std::string& tables, const std::string& fabric = "direct")
{
    auto record = RunScenario(Parsed(tables, fabric), {});
    EXPECT_TRUE(record) << record.error().Text();
    return record ? std::move(*record) : RunRecord{};
}

/** What is found in @p runs runs that go as chance has it. */
std::string FoundByChance(const std::string& tables, unsigned runs)
{
    const Scenario scenario = Parsed(tables);
    auto strategy = interleave::MakeStrategy("random");
    EXPECT_TRUE(strategy);
    std::string found;
    for (unsigned run = 1; strategy && run <= runs; ++run)
    {
        (*strategy)->Seed(run);
        RunOptions options;
        options.strategy = strategy->get();
        const auto record = RunScenario(scenario, options);
        EXPECT_TRUE(record);
        found += record ? Violations(*record) : "";
    }
    return found;
}

std::string Kinds(const RunRecord& record)
{
    std::string kinds;
    for (const auto& message : record.messages)
    {
        kinds += (kinds.empty() ? "" : " ") + message.kind;
    }
    return kinds;
}

std::string Req(const std::string& more = "")
{
    return R"({do = "req", id = "call", to = "server", service = 0x1000)" + more + "},\n";
}

std::string Awaited(const std::string& event)
{
    return R"({do = "wait", id = "call", event = ")" + event + "\"},\n";
}

TEST(Consumer, TheUsualIsAConnection)
{
    for (const char* fabric : {"direct", "back-to-back"})
    {
        const RunRecord record = RunOnce(
            kListens + Task("client",
                            Req() + Awaited("REP") +
                                R"({do = "dreq", id = "call", result = "ok"},)" + Awaited("end")),
            fabric);
        EXPECT_EQ(Violations(record), "") << fabric;
        EXPECT_EQ(Kinds(record), "REQ REP RTU DREQ DREP") << fabric;
    }
}

struct Exchange
{
    const char* name;
    std::string tables;
    const char* kinds;
};

void PrintTo(const Exchange& exchange, std::ostream* out)
{
    *out << exchange.name;
}

class ConsumerSteps : public testing::TestWithParam<Exchange>
{
};

TEST_P(ConsumerSteps, SendWhatTheySay)
{
    const RunRecord record = RunOnce(GetParam().tables);
    EXPECT_EQ(Violations(record), "");
    EXPECT_EQ(Kinds(record), GetParam().kinds);
}

const std::string kSilent = "[[on]]\nhost = \"server\"\nevent = \"REQ\"\n";
const std::string kSilentRep = "[[on]]\nhost = \"client\"\nevent = \"REP\"\n";

const Exchange kExchanges[] = {
    {"RejFromAThread",
     kListens + kSilent + Task("client", Req() + Awaited("REJ")) +
         Task("server",
              R"({do = "wait", id = "accepted", event = "REQ"},
                 {do = "rej", id = "accepted", reason = 3, info = "x", result = "ok"},
                 {do = "destroy", id = "accepted", result = "ok"},)"),
     "REQ REJ"},
    {"RejByReturnValue",
     kListens + kSilent + "return = \"destroy\"\n" + Task("client", Req() + Awaited("REJ")),
     "REQ REJ"},
    {"ForgottenByReturnValue",
     kListens + kSilent + "return = \"destroy-no-memory\"\nnth = 1\n" +
         Task("client", Req(", cm-response-timeout = 10") + Awaited("REP")) +
         Task("client", R"({do = "sleep", for = "1s"}, {do = "destroy-all"},)"),
     "REQ REQ REP RTU DREQ DREP"},
    {"DestroyWhileAsking",
     kListens + kSilent +
         Task("client", Req() + R"({do = "destroy", id = "call", result = "ok"},)"),
     "REQ REJ"},
    {"Mra",
     kListens +
         "[[on]]\nhost = \"server\"\nevent = \"REQ\"\nsteps = [{do = \"mra\", "
         "service-timeout = 12, result = \"ok\"}, {do = \"rep\", result = \"ok\"}]\n" +
         Task("client", Req() + Awaited("REP") + R"({do = "destroy", id = "call"},)"),
     "REQ MRA REP RTU DREQ DREP"},
    {"RtuFromAThread",
     kListens + kSilentRep +
         Task("client",
              Req() + Awaited("REP") +
                  R"({do = "qp-attributes", id = "call", state = "rtr", result = "ok"},
                     {do = "rtu", id = "call", private-data = "hi", result = "ok"},
                     {do = "rtu", id = "call", result = "invalid state"},
                     {do = "inspect"},
                     {do = "destroy", id = "call"},)"),
     "REQ REP RTU DREQ DREP"},
    {"LapAndApr",
     kListens + Task("client",
                     Req(", alternate = true") + Awaited("REP") +
                         R"({do = "notify", id = "call", event = "path-mig", result = "ok"},
                     {do = "destroy", id = "call"},)"),
     "REQ REP RTU DREQ DREP"},
    {"Lap",
     kListens + Task("client",
                     Req() + Awaited("REP") +
                         R"({do = "sleep", for = "1ms"},
                            {do = "lap", id = "call", result = "ok"},)" +
                         Awaited("APR") + R"({do = "destroy", id = "call"},)"),
     "REQ REP RTU LAP APR DREQ DREP"},
    {"AprWithAStatus",
     kListens +
         "[[on]]\nhost = \"server\"\nevent = \"LAP\"\nsteps = [{do = \"apr\", status = 3}]\n" +
         Task("client",
              Req() + Awaited("REP") + R"({do = "sleep", for = "1ms"},
                                          {do = "lap", id = "call", result = "ok"},)" +
                  Awaited("APR") + R"({do = "destroy", id = "call"},)"),
     "REQ REP RTU LAP APR DREQ DREP"},
    {"Sidr",
     kListens + Task("client",
                     R"({do = "sidr-req", id = "q", to = "server", service = 0x1000, result = "ok"},
                        {do = "wait", id = "q", event = "SIDR_REP"},)"),
     "SIDR_REQ SIDR_REP"},
    {"SidrOfNoService",
     kListens + Task("client",
                     R"({do = "sidr-req", id = "q", to = "server", service = 0x2000, result = "ok"},
                        {do = "wait", id = "q", event = "end"},)"),
     "SIDR_REQ SIDR_REP"},
    {"SidrAnsweredByAThread",
     kListens + "[[on]]\nhost = \"server\"\nevent = \"SIDR_REQ\"\nas = \"asked\"\n" +
         Task("client", R"({do = "sidr-req", id = "q", to = "server", service = 0x1000},)") +
         Task("server",
              R"({do = "wait", id = "asked", event = "SIDR_REQ"},
                 {do = "sidr-rep", id = "asked", status = 2, result = "ok"},
                 {do = "destroy", id = "asked", result = "ok"},)"),
     "SIDR_REQ SIDR_REP"},
    {"CommEst",
     kListens + kSilentRep +
         "[[on]]\nhost = \"server\"\nevent = \"REQ\"\nsteps = [{do = \"rep\"}, "
         "{do = \"notify\", event = \"comm-est\", result = \"ok\"}]\n" +
         Task("client",
              Req() + Awaited("REP") + R"({do = "rtu", id = "call", result = "ok"},
                                                    {do = "dreq", id = "call"},)" +
                  Awaited("end")),
     "REQ REP RTU DREQ DREP"},
    {"OneIdAgain",
     kListens + kSilent + "steps = [{do = \"rej\"}]\nreturn = \"destroy\"\n" +
         "[[on]]\nhost = \"client\"\nevent = \"REJ\"\n" +
         Task("client",
              R"({do = "create", id = "call", result = "ok"},)" + Req(", again = true") +
                  Awaited("REJ") + Req(", again = true, result = \"ok\"") +
                  R"({do = "sleep", for = "1ms"}, {do = "destroy", id = "call", result = "ok"},)"),
     "REQ REJ REQ REJ"},
    {"PortsGoAndComeBack",
     kListens + Task("client",
                     R"({do = "remove-port", result = "ok"},
                        {do = "remove-port", result = "invalid argument"},
                        {do = "req", id = "call", to = "server", service = 0x1000, result = "no port with this source GID"},
                        {do = "add-port", result = "ok"},)" +
                         Req(", again = true, result = \"ok\"") + Awaited("REP") +
                         R"({do = "destroy", id = "call"},)"),
     "REQ REP RTU DREQ DREP"},
};

INSTANTIATE_TEST_SUITE_P(All,
                         ConsumerSteps,
                         testing::ValuesIn(kExchanges),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Consumer, SharersOfAListenerHaveOneHandler)
{
    const RunRecord record = RunOnce(
        Task("server",
             R"({do = "listen-shared", id = "door", service = 0x1000, result = "ok"},
                {do = "listen-shared", id = "door", service = 0x1000, result = "ok"},
                {do = "listen", id = "own", service = 0x1000, result = "address in use"},
                {do = "destroy", id = "door", result = "ok"},
                {do = "wait", id = "accepted", event = "REQ", for = "1s"},
                {do = "destroy", id = "door", result = "ok"},)") +
        "[[task]]\nhost = \"server\"\nconsumer = \"other\"\nat = \"1ms\"\nsteps = [{do = "
        "\"listen-shared\", id = \"door\", service = 0x1000, result = \"invalid argument\"}]\n" +
        "[[task]]\nhost = \"client\"\nat = \"10ms\"\nsteps = [" + Req() + Awaited("REP") + "]\n");
    EXPECT_EQ(Violations(record), "");
    EXPECT_THAT(Kinds(record), HasSubstr("REQ REP RTU"));
}

TEST(Consumer, WhoSharesAListenerWhileAnotherLeavesItKeepsHisShare)
{
    // With time to pass while tasks are kept waiting: a sharer comes during the other's destroy.
    EXPECT_EQ(FoundByChance("[[task]]\nhost = \"server\"\ncount = 2\nsteps = ["
                            "{do = \"listen-shared\", id = \"door\", service = 0x1000}, "
                            "{do = \"sleep\", for = \"1ms\"}, "
                            "{do = \"destroy\", id = \"door\"}]\n",
                            300),
              "");
}

TEST(Consumer, WhoeverHasLostItsPortCannotSayThatItGoes)
{
    for (const bool removed : {true, false})
    {
        const std::string port = removed ? R"({do = "remove-port", result = "ok"},)" : "";
        const RunRecord record =
            RunOnce(kListens + Task("client",
                                    Req() + Awaited("REP") + R"({do = "sleep", for = "1ms"},)" +
                                        port + R"({do = "dreq", id = "call"},)" + Awaited("end")));
        EXPECT_EQ(Violations(record), "");
        // At the end the server, which was not told, says so itself.
        EXPECT_EQ(Kinds(record), removed ? "REQ REP RTU DREQ" : "REQ REP RTU DREQ DREP");
    }
}

TEST(Consumer, AResultThatDoesNotComeIsAViolation)
{
    const RunRecord record =
        RunOnce(Task("client", R"({do = "dreq", id = "nobody", result = "ok"},)"));
    EXPECT_THAT(Violations(record),
                HasSubstr("client/task1: dreq nobody: invalid handle, and the scenario says ok"));
}

TEST(Consumer, ARefusedCallIsNoted)
{
    const RunRecord record = RunOnce(
        Task("client",
             R"({do = "create", id = "a"}, {do = "rtu", id = "a"}, {do = "destroy", id = "a"},)"));
    EXPECT_EQ(Violations(record), "");
    EXPECT_THAT(Notes(record), HasSubstr("client: rtu a: invalid state"));
}

TEST(Consumer, ThreadsHaveIdsOfTheirOwnUnderOneName)
{
    const RunRecord record =
        RunOnce(kListens + "[[task]]\nhost = \"client\"\ncount = 3\nrepeat = 2\nsteps = [" + Req() +
                Awaited("REP") + R"({do = "destroy", id = "call", result = "ok"}])" + "\n");
    EXPECT_EQ(Violations(record), "");
    EXPECT_EQ(std::ranges::count_if(record.messages,
                                    [](const MadRecord& message) { return message.kind == "RTU"; }),
              6);
}

TEST(Consumer, AnotherThreadTakesTheOldestOfAName)
{
    const RunRecord record = RunOnce(kListens + Task("client", Req() + Awaited("REP")) +
                                     Task("client",
                                          R"({do = "wait", id = "call", event = "REP"},
                                             {do = "destroy", id = "call", result = "ok"},
                                             {do = "destroy", id = "call", result = "invalid handle"},)"));
    EXPECT_EQ(Violations(record), "");
    EXPECT_EQ(Kinds(record), "REQ REP RTU DREQ DREP");
}

TEST(Consumer, TheNthEventAndThoseOfAName)
{
    const RunRecord record = RunOnce(
        kListens +
        "[[on]]\nhost = \"server\"\nevent = \"REQ\"\nnth = 2\nsteps = [{do = \"rej\", reason = "
        "3}]\n"
        "return = \"destroy\"\n"
        "[[on]]\nhost = \"server\"\nevent = \"REQ\"\nas = \"taken\"\nsteps = [{do = \"rep\"}]\n"
        "[[on]]\nhost = \"server\"\nevent = \"DREQ\"\nid = \"taken\"\nsteps = [{do = \"drep\", "
        "private-data = \"bye\"}]\n" +
        "[[task]]\nhost = \"client\"\nrepeat = 2\nsteps = [" + Req() +
        R"({do = "sleep", for = "1ms"}, {do = "destroy", id = "call"}, {do = "sleep", for = "1ms"}])" +
        "\n");
    EXPECT_EQ(Violations(record), "");
    EXPECT_EQ(Kinds(record), "REQ REP RTU DREQ DREP REQ REJ");
    const auto drep = std::ranges::find(record.messages, "DREP", &MadRecord::kind);
    ASSERT_NE(drep, record.messages.end());
    const std::string bytes(drep->bytes.begin(), drep->bytes.end());
    EXPECT_THAT(bytes, HasSubstr("bye"));
}

TEST(Consumer, WaitsEndAlsoWhenNothingComes)
{
    const RunRecord record = RunOnce(Task("client",
                                          R"({do = "wait", id = "call", event = "REP", for = "2s"},
                                             {do = "wait-message", message = "REQ", for = "3s"},)"));
    EXPECT_EQ(Violations(record), "");
    EXPECT_GE(record.simulatedNs, 5'000'000'000);
    EXPECT_LT(record.simulatedNs, 6'000'000'000);
}

TEST(Consumer, AWaitEndsWhenItsIdGoes)
{
    const RunRecord record =
        RunOnce(kListens + kSilent + Task("client", Req() + Awaited("REP")) +
                Task("client", R"({do = "sleep", for = "1ms"}, {do = "destroy-all"},)"));
    EXPECT_EQ(Violations(record), "");
    EXPECT_LT(record.simulatedNs, 1'000'000'000);
}

TEST(Consumer, CraftedMessagesGoOutAndAreTakenForReal)
{
    for (const char* fabric : {"direct", "back-to-back"})
    {
        // Only whoever knows the GUID and the communication id of the client can say this.
        const RunRecord record =
            RunOnce(kListens + kSilent + Task("client", Req()) +
                        Task("client", R"({do = "wait-message", message = "REQ", from = "client"},
            {do = "sleep", for = "1ms"},
            {do = "send", to = "server", message = "REJ", set = {local-communication-id = "client:REQ.local-communication-id", message-rejected = 2, reason = 4, reject-info-length = 8, additional-reject-information = "REQ.local-ca-guid"}},
            {do = "sleep", for = "1ms"},
            {do = "destroy-all"},)"),
                    fabric);
        EXPECT_EQ(Violations(record), "") << fabric;
        EXPECT_TRUE(std::ranges::any_of(record.states,
                                        [](const StateRecord& step)
                                        {
                                            return step.host == "server" &&
                                                   step.from == "REQ_RCVD" && step.to == "IDLE" &&
                                                   step.cause == "REJ";
                                        }))
            << fabric;
    }
}

TEST(Consumer, ACopyIsTheSameMessageAgain)
{
    const RunRecord record =
        RunOnce(kListens + kSilent + Task("client", R"({do = "sleep", for = "1ms"},)" + Req()) +
                Task("client", R"({do = "send", to = "server", message = "REQ", copy = true},
                          {do = "wait-message", message = "REQ"},
                          {do = "send", to = "server", message = "REQ", copy = true, set = {local-communication-id = 7, local-qpn = 99}},
                          {do = "sleep", for = "1ms"},
                          {do = "destroy-all"},)"));
    EXPECT_EQ(Violations(record), "");
    EXPECT_THAT(Notes(record), HasSubstr("client: send REQ: there was none to copy"));
    const auto requests = std::ranges::count_if(
        record.states, [](const StateRecord& step) { return step.to == "REQ_RCVD"; });
    EXPECT_EQ(requests, 2);
}

TEST(Consumer, AHostThatRestartsDoesItsTasksAgain)
{
    const RunRecord record = RunOnce(
        kListens + "[[task]]\nhost = \"client\"\nat = \"1ms\"\nsteps = [" + Req() + Awaited("REP") +
        R"({do = "sleep", for = "1s"}, {do = "destroy", id = "call"}])" + "\n" +
        "[[outage]]\nhost = \"client\"\naction = \"restart\"\nat = \"5ms\"\nfor = \"1ms\"\n" +
        "[[outage]]\nhost = \"server\"\naction = \"restart\"\nat = \"50ms\"\nfor = \"1ms\"\n");
    EXPECT_EQ(Violations(record), "");
    EXPECT_EQ(std::ranges::count(record.messages, "REQ", &MadRecord::kind), 2);
}

TEST(Consumer, EveryVerbAndEventHasAName)
{
    EXPECT_EQ(VerbNames().size(), static_cast<std::size_t>(Verb::kSend) + 1);
    EXPECT_EQ(VerbNames()[static_cast<std::size_t>(Verb::kSidrReq)], "sidr-req");
    EXPECT_EQ(VerbNames()[static_cast<std::size_t>(Verb::kWait)], "wait");
    EXPECT_EQ(EventName(ibcm::EventType::kReqReceived), "REQ");
    EXPECT_EQ(EventName(ibcm::EventType::kSidrRepReceived), "SIDR_REP");
}

} // namespace

} // namespace lab
