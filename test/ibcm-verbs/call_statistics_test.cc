// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/call-statistics.h"
#include "ibcm-verbs/helper/causes.h"
#include "ibcm/model/ip-cm.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cmverbs::test
{
namespace
{

using std::chrono::milliseconds;

std::vector<ibcm::Duration> UpTo(int count)
{
    std::vector<ibcm::Duration> samples;
    for (int i = count; i > 0; --i)
    {
        samples.emplace_back(milliseconds{i});
    }
    return samples;
}

TEST(CallStatistics, TakesTheNearestRank)
{
    const Percentiles hundred = PercentilesOf(UpTo(100));
    EXPECT_EQ(hundred.samples, 100U);
    EXPECT_EQ(hundred.p50, milliseconds{50});
    EXPECT_EQ(hundred.p90, milliseconds{90});
    EXPECT_EQ(hundred.p99, milliseconds{99});
    EXPECT_EQ(hundred.max, milliseconds{100});
    const Percentiles three = PercentilesOf(UpTo(3));
    EXPECT_EQ(three.p50, milliseconds{2});
    EXPECT_EQ(three.p90, milliseconds{3});
    const Percentiles one = PercentilesOf(UpTo(1));
    EXPECT_EQ(one.p50, milliseconds{1});
    EXPECT_EQ(one.p99, milliseconds{1});
    EXPECT_EQ(PercentilesOf({}).samples, 0U);
    EXPECT_EQ(PercentilesOf({}).max, milliseconds{0});
}

TEST(CallStatistics, CountsFailuresByCause)
{
    CallStatistics statistics;
    CallOutcome good;
    good.ok = true;
    good.messages = 10;
    good.setup = milliseconds{3};
    good.teardown = milliseconds{4};
    CallOutcome bad;
    bad.cause = "no answer to the REQ";
    statistics.Add(good);
    statistics.Add(bad);
    statistics.Add(bad);
    bad.cause = "something else";
    bad.setup = milliseconds{5};
    statistics.Add(bad);
    EXPECT_EQ(statistics.Ended(), 4U);
    EXPECT_EQ(statistics.Succeeded(), 1U);
    EXPECT_EQ(statistics.Failed(), 3U);
    EXPECT_EQ(statistics.Messages(), 10U);
    EXPECT_EQ(statistics.Causes().at("no answer to the REQ"), 2U);
    EXPECT_EQ(statistics.Causes().size(), 2U);
    EXPECT_EQ(statistics.Setup().samples, 2U);
    EXPECT_EQ(statistics.Setup().max, milliseconds{5});
    EXPECT_EQ(statistics.Teardown().p50, milliseconds{4});
}

TEST(Causes, NameTheReason)
{
    ibcm::RejReceived rejection;
    rejection.reason = ibwire::RejReason::kInvalidServiceId;
    EXPECT_EQ(CauseOf(rejection), "rejected: invalid service ID (8)");
    rejection.reason = ibwire::RejReason::kConsumer;
    EXPECT_EQ(CauseOf(rejection), "rejected by the peer's program (28)");
    const auto info = ibcm::RejectInfo(ibwire::IpCmRejReason::kDestinationAddress);
    std::copy(info.begin(), info.end(), rejection.info.begin());
    rejection.infoLength = 2;
    EXPECT_NE(CauseOf(rejection).find("rejected by the IP CM service"), std::string::npos);
    rejection.infoLength = 200; // more than there is
    EXPECT_NE(CauseOf(rejection).find("rejected by the IP CM service"), std::string::npos);
}

TEST(Causes, NameTheMessageThatFailed)
{
    ibcm::SendFailed failure;
    EXPECT_EQ(CauseOf(failure, "DREQ"), "no answer to the DREQ");
    failure.cause = ibcm::SendFailed::Cause::kPort;
    EXPECT_EQ(CauseOf(failure, "REQ"), "the port could not send the REQ");
    EXPECT_NE(CauseOf(ibwire::SidrStatus::kRejected).find("(2)"), std::string::npos);
}

} // namespace
} // namespace cmverbs::test
