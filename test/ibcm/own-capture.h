// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Two hosts of this core whose talk is the capture, taken where it was sent, before it was lost.
#ifndef WEFT_TEST_IBCM_OWN_CAPTURE_H
#define WEFT_TEST_IBCM_OWN_CAPTURE_H

#include "capture-replay.h"
#include "ib-wire/model/print.h"
#include "pair.h"

#include <string>
#include <vector>

namespace ibcm::test
{

/** A pair of hosts, and ways to put the core into the place of one of them. */
class OwnCapture : public Pair
{
  protected:
    OwnCapture()
        : Pair(LikeLinux())
    {
    }

    static Options LikeLinux()
    {
        Options options;
        options.behaviour = Behaviour::kLinux61;
        return options;
    }

    void Pass(Duration time)
    {
        runtime.Advance(time);
    }

    /** Lets time pass until a timer has sent something. */
    void NextRepetition()
    {
        const std::size_t before = sent.size();
        while (sent.size() == before && runtime.ArmedTimers() != 0)
        {
            Pass(runtime.NextTimer() - runtime.Now());
        }
    }

    /** The names of all messages so far. */
    std::string Names() const
    {
        std::string names;
        for (const SentMad& mad : sent)
        {
            names += (names.empty() ? "" : " ") + std::string(mad.from == 0 ? "A>" : "B>") +
                     ibwire::MadKindName(mad.bytes);
        }
        return names;
    }

    /** Everything sent so far, as a capture of InfiniBand packets. */
    std::vector<CapturedMad> Captured() const
    {
        std::vector<CapturedMad> mads;
        for (const SentMad& mad : sent)
        {
            CapturedMad& captured = mads.emplace_back();
            captured.frame = static_cast<unsigned>(mads.size());
            captured.time = mad.when;
            captured.source.lid = mad.from == 0 ? kLidA : kLidB;
            captured.destination.lid = mad.address.dlid;
            captured.sl = mad.address.sl;
            captured.pkey = 0xffff;
            captured.sourceQpn = 1;
            captured.destinationQpn = mad.address.qpn;
            captured.qkey = mad.address.qkey;
            captured.bytes = mad.bytes;
        }
        return mads;
    }

    /** Both hosts of a capture can be replaced by the core. */
    static void ExpectFaithful(const std::vector<CapturedMad>& mads)
    {
        const std::vector<CapturedHost> hosts = HostsOf(mads);
        EXPECT_EQ(hosts.size(), 2U);
        for (std::size_t host = 0; host < hosts.size(); ++host)
        {
            const ReplayReport report = Replay(MakePlan(mads, host));
            EXPECT_TRUE(report.problems.empty())
                << hosts[host].Name() << ": " << ToString(report) << "\n"
                << Listing(mads);
            EXPECT_EQ(report.compared, hosts[host].sent);
        }
    }

    static std::string Listing(const std::vector<CapturedMad>& mads)
    {
        std::string text;
        for (const CapturedMad& mad : mads)
        {
            const auto message = ibwire::DecodeCm(mad.bytes).value();
            const auto hex = [](std::uint32_t id)
            { return ibwire::detail::FormatNumber(id, 32, ibwire::Show::kHex); };
            text += std::to_string(mad.frame) + ": " +
                    std::to_string(mad.time.count() / 1'000'000) + " ms " + ToString(mad.source) +
                    " " + ibwire::MadKindName(mad.bytes) + " " + hex(LocalIdOf(message)) + " to " +
                    hex(RemoteIdOf(message)) + "\n";
        }
        return text;
    }

    /** What goes wrong first when one of the hosts is replaced. @param lid of the host. */
    static std::string Problems(const std::vector<CapturedMad>& mads,
                                std::uint16_t lid,
                                Behaviour behaviour = Behaviour::kLinux61)
    {
        const std::vector<CapturedHost> hosts = HostsOf(mads);
        for (std::size_t host = 0; host < hosts.size(); ++host)
        {
            if (hosts[host].addresses.front().lid == lid)
            {
                const ReplayReport report = Replay(MakePlan(mads, host, behaviour));
                return report.problems.empty() ? "" : report.problems.front();
            }
        }
        return "no such host";
    }
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_OWN_CAPTURE_H
