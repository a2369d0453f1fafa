// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/model/expectations.h"

#include <algorithm>
#include <string>

namespace lab
{

namespace
{

constexpr const char* kKind = "expectation";

std::string Where(const Scenario& scenario, const ExpectSpec& expect)
{
    return scenario.file + ":" + std::to_string(expect.line) + ": ";
}

void CheckOutcome(const Scenario& scenario, const ExpectSpec& expect, RunRecord& record)
{
    bool found = false;
    std::vector<ViolationRecord> broken;
    for (const ConnectRecord& connect : record.connects)
    {
        if (!expect.connect.empty() && connect.name != expect.connect)
        {
            continue;
        }
        found = true;
        const std::string& outcome = connect.outcome;
        // A connection that was disconnected in the end had been connected.
        const bool asExpected = !expect.outcome || outcome == *expect.outcome ||
                                (*expect.outcome == "connected" && outcome == "disconnected");
        if (!asExpected)
        {
            broken.push_back({kKind,
                              Where(scenario, expect) + "connect " + connect.name + ": expected " +
                                  *expect.outcome + ", found " +
                                  (outcome.empty() ? "undecided" : outcome)});
        }
        if (expect.rejectReason && connect.rejectReason != *expect.rejectReason)
        {
            broken.push_back({kKind,
                              Where(scenario, expect) + "connect " + connect.name +
                                  ": expected reject reason " +
                                  std::to_string(*expect.rejectReason) + ", found " +
                                  std::to_string(connect.rejectReason)});
        }
    }
    if (!found)
    {
        broken.push_back(
            {kKind, Where(scenario, expect) + "connect " + expect.connect + " never began"});
    }
    record.violations.insert(record.violations.end(), broken.begin(), broken.end());
}

void CheckCount(const Scenario& scenario, const ExpectSpec& expect, RunRecord& record)
{
    const auto count = std::count_if(record.messages.begin(),
                                     record.messages.end(),
                                     [&](const MadRecord& message) {
                                         return message.kind == *expect.attribute &&
                                                (!expect.from || message.from == *expect.from);
                                     });
    if (static_cast<unsigned>(count) != *expect.count)
    {
        record.violations.push_back({kKind,
                                     Where(scenario, expect) + "expected " +
                                         std::to_string(*expect.count) + " " + *expect.attribute +
                                         (expect.from ? " from " + *expect.from : std::string()) +
                                         ", found " + std::to_string(count)});
    }
}

} // namespace

void CheckExpectations(const Scenario& scenario, RunRecord& record)
{
    for (const ExpectSpec& expect : scenario.expects)
    {
        if (expect.outcome || expect.rejectReason)
        {
            CheckOutcome(scenario, expect, record);
        }
        if (expect.attribute && expect.count)
        {
            CheckCount(scenario, expect, record);
        }
    }
}

} // namespace lab
