// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The message sequence as it is drawn.
#include "lab/helper/sequence-report.h"

#include "lab/helper/sequence-rows.h"
#include "lab/helper/text-row.h"
#include "lab/sample-record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace lab
{

namespace
{

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> LinesOf(const std::string& text)
{
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);)
    {
        lines.push_back(line);
    }
    return lines;
}

/** The first line with @p text in it. */
std::string LineWith(const std::string& report, const std::string& text)
{
    for (const std::string& line : LinesOf(report))
    {
        if (line.find(text) != std::string::npos)
        {
            return line;
        }
    }
    ADD_FAILURE() << "no '" << text << "' in\n" << report;
    return {};
}

TEST(SequenceReport, TellsAConnection)
{
    EXPECT_EQ(
        SequenceReport(SampleRecord::Connection(), {}),
        R"(        ms          client                                                           server
  0.000000               │                                                    listen╶│ LISTEN
                         ┊                      3.402 ms later                       ┊
  3.402118      REQ_SENT ├─ REQ  service 0x1000000000001234  QPN 0x48  id 5a31 ─────▶│ REQ_RCVD
  3.404248      REP_RCVD │◀── 2.13 µs ───────────────── REP  QPN 0x49  id 77c0→5a31 ─┤ REP_SENT
  3.406378   ESTABLISHED ├─ RTU  id 5a31→77c0 ─────────────────────────── 2.13 µs ──▶│ ESTABLISHED
  3.406378               ├═ RC SEND "hello, fabric" ════════════════════════════════▶│
  3.409408               │                                  received "hello, fabric"╶│
  3.414408     DREQ_SENT ├─ DREQ  of QPN 0x49  id 5a31→77c0 ───────────── 2.13 µs ──▶│ DREQ_RCVD
  3.416538      TIMEWAIT │◀── 2.13 µs ────────────────────────── DREP  id 77c0→5a31 ─┤ TIMEWAIT
                         ┊                      536.87 ms later                      ┊
540.287450               │                                             timewait exit╶│ IDLE
540.289580          IDLE │╴timewait exit                                             │
)");
}

TEST(SequenceReport, TellsALossAndTheRetransmission)
{
    const std::string report = SequenceReport(SampleRecord::LostRep(), {});
    EXPECT_EQ(LineWith(report, "✗"),
              "  3.404248               │   dropped ✗───────────────── REP  QPN 0x49  id 77c0→5a31 "
              "─┤ REP_SENT");
    EXPECT_THAT(report, HasSubstr("268.435 ms later"));
    EXPECT_EQ(LineWith(report, "↻"),
              "271.839704      REP_RCVD │◀── 2.13 µs ─────────────── ↻ REP  QPN 0x49  id 77c0→5a31 "
              "─┤");
}

TEST(SequenceReport, TellsWhatElseCanHappenToAMessage)
{
    const auto with = [](const std::string& fate, std::int64_t delayNs)
    {
        RunRecord record = SampleRecord::Connection();
        record.messages[2].fate = fate;
        record.messages[2].receivedNs = delayNs < 0 ? -1 : record.messages[2].sentNs + delayNs;
        return SequenceReport(record, {});
    };
    EXPECT_THAT(LineWith(with("duplicate", 2'130), "RTU"), HasSubstr("doubled ─▶▶│ ESTABLISHED"));
    EXPECT_THAT(LineWith(with("corrupt", -1), "RTU"), HasSubstr("✗ corrupted"));
    EXPECT_THAT(LineWith(with("", -1), "RTU"), HasSubstr("✗ not received"));
    const std::string late = with("delay 4ms", 4'002'130);
    EXPECT_THAT(LineWith(late, "RTU"), HasSubstr("delayed 4.002 ms ┄┄▶│"));
    EXPECT_THAT(LineWith(late, "RTU arrives"), HasSubstr("sent at 3.406378"));
}

TEST(SequenceReport, TellsTheReasonOfAReject)
{
    SampleRecord sample;
    ibwire::CmRej rej;
    rej.remoteCommId = SampleRecord::kActiveId;
    rej.reason = ibwire::RejReason::kConsumer;
    const std::string why = "closed today";
    std::copy(why.begin(), why.end(), rej.privateData.begin());
    sample.Send(0, "server", rej);
    const std::string report = SequenceReport(sample.record, {});
    EXPECT_THAT(report, HasSubstr("REJ  reason 28 (consumer reject)  \"closed today\""));
}

TEST(SequenceReport, FitsAHundredColumns)
{
    RunRecord record = SampleRecord::LostRep();
    record.messages[0].fate = "duplicate";
    record.notes.push_back({5, "client", "server", std::string(300, 'x')});
    record.notes.push_back({6, "server", "", std::string(300, 'y')});
    record.states[0].to = "SIDR_REQ_SENT";
    for (int hosts = 2; hosts < 12; ++hosts)
    {
        for (const std::string& line : LinesOf(SequenceReport(record, {})))
        {
            EXPECT_LE(ColumnsOf(line), 100U) << line;
        }
        record.notes.push_back(
            {hosts, "a-host-with-a-long-name-" + std::to_string(hosts), "", "."});
    }
}

TEST(SequenceReport, DrawsALifelineAHost)
{
    RunRecord record = SampleRecord::LostRep();
    record.notes.push_back({1, "third", "server", "x"});
    const std::string report = SequenceReport(record, {});
    EXPECT_THAT(LinesOf(report)[0], HasSubstr("third"));
    const std::string req = LineWith(report, "REQ ");
    EXPECT_THAT(req, HasSubstr("├─ REQ ────────────▶│"));
    EXPECT_THAT(req, HasSubstr("client REQ_SENT  server REQ_RCVD  service 0"));
    EXPECT_THAT(LineWith(report, "↻ REP"), HasSubstr("│◀────────── ↻ REP ─┤"));
}

TEST(SequenceReport, BecomesAListForManyHosts)
{
    RunRecord record = SampleRecord::Connection();
    for (int i = 0; i < 9; ++i)
    {
        record.notes.push_back({1, "host" + std::to_string(i), "", "here"});
    }
    const std::string report = SequenceReport(record, {});
    EXPECT_THAT(report, HasSubstr("client: → server  REQ  service 0x1000000000001234"));
    EXPECT_THAT(report, HasSubstr("host8: here"));
    EXPECT_THAT(report, Not(HasSubstr("│")));
}

TEST(SequenceReport, ColoursOnRequestOnly)
{
    SequenceOptions options;
    EXPECT_THAT(SequenceReport(SampleRecord::Connection(), options), Not(HasSubstr("\x1b")));
    options.colour = true;
    EXPECT_THAT(SequenceReport(SampleRecord::Connection(), options), HasSubstr("\x1b[32mESTABLI"));
}

TEST(SequenceReport, LetsNoMessageDriveTheTerminal)
{
    RunRecord record = SampleRecord::Connection();
    record.notes[0].text = "\x1b[2Jboo\n\xff";
    EXPECT_THAT(SequenceReport(record, {}), HasSubstr("·[2Jboo··"));
}

TEST(SequenceReport, StopsInTime)
{
    SequenceOptions options;
    options.mostRows = 4;
    const std::string report = SequenceReport(SampleRecord::Connection(), options);
    EXPECT_THAT(report, HasSubstr("… and 6 more rows"));
    EXPECT_THAT(report, Not(HasSubstr("DREQ")));
}

TEST(SequenceReport, SaysThatNothingHappened)
{
    EXPECT_EQ(SequenceReport({}, {}), "Nothing happened between hosts.\n");
}

TEST(SequenceRows, StatesStandWithTheirMessage)
{
    const std::vector<SequenceRow> rows = SequenceRows(SampleRecord::Connection());
    ASSERT_GE(rows.size(), 4U);
    EXPECT_EQ(rows[1].kind, SequenceRow::Kind::kMessage);
    EXPECT_TRUE(rows[1].arrives);
    ASSERT_EQ(rows[1].states.size(), 2U);
    EXPECT_EQ(rows[1].states[0].state, "REQ_SENT");
    EXPECT_EQ(rows[1].states[1].host, "server");
    EXPECT_EQ(rows[1].states[1].state, "REQ_RCVD");
}

TEST(SequenceRows, StatesOfOtherConnectionsDoNot)
{
    SampleRecord sample;
    sample.Send(100, "client", SampleRecord::Req());
    sample.State(100, "client", "IDLE", "REQ_SENT", "send REQ");
    sample.Send(100, "client", SampleRecord::Req());
    sample.record.messages.back().bytes[27] ^= 1; // another connection's id
    sample.State(100, "client", "IDLE", "REQ_SENT", "send REQ");
    sample.record.states.back().commId ^= 1;
    std::swap(sample.record.states[0], sample.record.states[1]);
    sample.State(5'000, "client", "REP_RCVD", "TIMEWAIT", "REP timeout");
    const std::vector<SequenceRow> rows = SequenceRows(sample.record);
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].states.size(), 1U);
    EXPECT_EQ(rows[1].states.size(), 1U);
    EXPECT_EQ(rows[2].kind, SequenceRow::Kind::kState);
    EXPECT_EQ(rows[2].states[0].state, "TIMEWAIT");
}

TEST(SequenceRows, LeavesOutWhatChangesNothing)
{
    SampleRecord sample;
    sample.State(1, "server", "REP_SENT", "REP_SENT", "duplicate REQ");
    sample.State(2, "server", "LISTEN", "IDLE", "destroy");
    EXPECT_TRUE(SequenceRows(sample.record).empty());
}

} // namespace

} // namespace lab
