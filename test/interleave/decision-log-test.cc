// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "interleave/model/decision-log.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace interleave::test
{
namespace
{

constexpr const char* kSample = R"(weft-replay 1
# how it was found
scenario: storm.toml
seed: 17
note:

server/worker1 #7 publish cm_id:2 -> run server/worker0
# the REP is lost
net REP server->client #1 -> drop
net REP server->client #2 -> delay 50ms

  server/worker0   #1  lock cm_id:1 ->  events
)";

TEST(DecisionLog, IsRead)
{
    const auto log = DecisionLog::Parse(kSample);
    ASSERT_TRUE(log) << log.error().Text();
    ASSERT_EQ(log->headers.size(), 3U);
    EXPECT_EQ(*log->Header("scenario"), "storm.toml");
    EXPECT_EQ(*log->Header("seed"), "17");
    EXPECT_EQ(*log->Header("note"), "");
    EXPECT_EQ(log->Header("core"), nullptr);
    ASSERT_EQ(log->decisions.size(), 4U);
    EXPECT_EQ(log->decisions[0].place.before, "server/worker1");
    EXPECT_EQ(log->decisions[0].place.after, "publish cm_id:2");
    EXPECT_EQ(log->decisions[0].place.Name(), "server/worker1 publish cm_id:2");
    EXPECT_EQ(log->decisions[0].n, 7U);
    EXPECT_EQ(log->decisions[0].option, "run server/worker0");
    EXPECT_EQ(log->decisions[0].line, 7U);
    EXPECT_EQ(log->decisions[1].place.Name(), "net REP server->client");
    EXPECT_EQ(log->decisions[2].option, "delay 50ms");
    EXPECT_EQ(log->decisions[3].Text(), "server/worker0 #1 lock cm_id:1 -> events");
    EXPECT_EQ(log->decisions[3].line, 12U);
}

TEST(DecisionLog, IsWritten)
{
    const auto log = DecisionLog::Parse(kSample);
    ASSERT_TRUE(log);
    EXPECT_EQ(log->Format(), R"(weft-replay 1
scenario: storm.toml
seed: 17
note:

server/worker1 #7 publish cm_id:2 -> run server/worker0
net REP server->client #1 -> drop
net REP server->client #2 -> delay 50ms
server/worker0 #1 lock cm_id:1 -> events
)");
}

TEST(DecisionLog, WindowsLineEndsAreFine)
{
    const auto log =
        DecisionLog::Parse("weft-replay 1\r\nseed: 1\r\n\r\na #1 lock m:1 -> run b\r\n");
    ASSERT_TRUE(log) << log.error().Text();
    EXPECT_EQ(*log->Header("seed"), "1");
    EXPECT_EQ(log->decisions.at(0).option, "run b");
}

TEST(DecisionLog, HeadersAreOneLine)
{
    DecisionLog log;
    log.SetHeader("note", " two\nlines ");
    log.SetHeader("seed", "1");
    log.SetHeader("seed", "2");
    EXPECT_EQ(log.Format(), "weft-replay 1\nnote: two lines\nseed: 2\n\n");
}

struct Broken
{
    const char* text;
    const char* error;
};

TEST(DecisionLog, ErrorsNameTheLineAndWhatIsWrong)
{
    const Broken cases[] = {
        {"", "line 1: expected 'weft-replay 1', found nothing"},
        {"weft-replay 2\n", "line 1: expected 'weft-replay 1', found 'weft-replay 2'"},
        {"weft-replay 1\nseed 1\n",
         "line 2: expected 'key: value' (decisions come after an empty line), found 'seed 1'"},
        {"weft-replay 1\nseed: 1\nseed: 2\n", "line 3: header 'seed' is here for the second time"},
        {"weft-replay 1\n\na #1 lock m:1\n",
         "line 3: expected 'PLACE #N -> OPTION', found 'a #1 lock m:1'"},
        {"weft-replay 1\n\n# fine\na #1 lock m:1 ->\n",
         "line 4: expected an option after '->', found nothing"},
        {"weft-replay 1\n\na lock m:1 -> run b\n",
         "line 3: expected '#N' among the words before '->', found 'a lock m:1'"},
        {"weft-replay 1\n\na #0 lock m:1 -> run b\n",
         "line 3: expected an occurrence from #1 on, found '#0'"},
        {"weft-replay 1\n\na #99999999999999999999 lock m:1 -> run b\n",
         "line 3: expected an occurrence from #1 on, found '#99999999999999999999'"},
        {"weft-replay 1\n\na #1 lock #2 -> run b\n",
         "line 3: expected one '#N' only before '->', found 'a #1 lock #2'"},
        {"weft-replay 1\n\na #1 lock m:1 -> run b\n\na #1 lock m:1 -> run c\n",
         "line 5: 'a #1 lock m:1' has been decided in line 3 already"},
    };
    for (const Broken& broken : cases)
    {
        const auto log = DecisionLog::Parse(broken.text);
        ASSERT_FALSE(log) << broken.text;
        EXPECT_EQ(log.error().Text(), broken.error);
    }
}

/** One word that is neither an occurrence nor an arrow. */
rc::Gen<std::string> Word()
{
    const auto character = rc::gen::elementOf(std::string("abcxyz019:/->#_+."));
    return rc::gen::suchThat(rc::gen::nonEmpty(rc::gen::container<std::string>(character)),
                             [](const std::string& word)
                             { return word != "->" && word.front() != '#'; });
}

rc::Gen<std::string> Words(std::size_t least)
{
    return rc::gen::exec(
        [least]
        {
            const std::size_t count = *rc::gen::inRange<std::size_t>(least, 4);
            std::string text;
            for (std::size_t index = 0; index < count; ++index)
            {
                text += (index == 0 ? "" : " ") + *Word();
            }
            return text;
        });
}

RC_GTEST_PROP(DecisionLog, WhatIsWrittenIsRead, ())
{
    DecisionLog log;
    const auto headers = *rc::gen::inRange(0, 4);
    for (int index = 0; index < headers; ++index)
    {
        std::string key = *Word();
        std::erase(key, ':');
        RC_PRE(!key.empty() && key.front() != '#');
        log.SetHeader(key, *Words(0));
    }
    std::set<std::pair<std::string, std::uint64_t>> known;
    const auto decisions = *rc::gen::inRange(0, 6);
    for (int index = 0; index < decisions; ++index)
    {
        Decision decision;
        decision.place = {*Words(1), *Words(0)};
        decision.n = *rc::gen::inRange<std::uint64_t>(1, 1'000'000);
        decision.option = *Words(1);
        if (known.emplace(decision.place.Name(), decision.n).second)
        {
            log.decisions.push_back(decision);
        }
    }
    const std::string text = log.Format();
    const auto read = DecisionLog::Parse(text);
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->Format() == text);
    RC_ASSERT(read->headers == log.headers);
    RC_ASSERT(read->decisions.size() == log.decisions.size());
    for (std::size_t index = 0; index < log.decisions.size(); ++index)
    {
        RC_ASSERT(read->decisions[index].place.Name() == log.decisions[index].place.Name());
        RC_ASSERT(read->decisions[index].n == log.decisions[index].n);
        RC_ASSERT(read->decisions[index].option == log.decisions[index].option);
    }
}

RC_GTEST_PROP(DecisionLog, AnyTextIsReadOrRefused, ())
{
    const std::string alphabet = "ab #12->: \n";
    const auto tail = *rc::gen::container<std::string>(rc::gen::elementOf(alphabet));
    const auto log = DecisionLog::Parse("weft-replay 1\n" + tail);
    if (!log)
    {
        RC_ASSERT(log.error().line >= 2U);
        RC_ASSERT(!log.error().text.empty());
    }
}

} // namespace
} // namespace interleave::test
