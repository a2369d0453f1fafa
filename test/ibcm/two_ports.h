// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The pair of hosts, with a second port each: what alternate paths lead through.
#ifndef WEFT_TEST_IBCM_TWO_PORTS_H
#define WEFT_TEST_IBCM_TWO_PORTS_H

#include "pair.h"

#include <string>

namespace ibcm::test
{

inline constexpr std::uint16_t kLidA2 = 12;
inline constexpr std::uint16_t kLidB2 = 22;
inline constexpr std::uint8_t kAlternateLifeTime = 12; ///< 17 ms one way
inline constexpr std::uint8_t kAlternateSl = 3;

/** Ends of the wire, as SentMad::from counts them: A and B, then their second ports. */
inline constexpr std::size_t kEndA2 = 2;
inline constexpr std::size_t kEndB2 = 3;

inline Options LinuxOptions()
{
    Options options;
    options.behaviour = Behaviour::kLinux61;
    return options;
}

class TwoPorts : public Pair
{
  protected:
    explicit TwoPorts(const Options& options = {})
        : Pair(options),
          gidA2(ibwire::Gid::From(ibwire::kDefaultGidPrefix, kGuidA + 2)),
          gidB2(ibwire::Gid::From(ibwire::kDefaultGidPrefix, kGuidB + 2)),
          endA2(wire.AddEnd({kLidA2, {gidA2}, {0xffff}})),
          endB2(wire.AddEnd({kLidB2, {gidB2}, {0xffff}})),
          portA2(runtime, endA2, 2),
          portB2(runtime, endB2, 2)
    {
        endA2.Attach(&portA2);
        endB2.Attach(&portB2);
        EXPECT_TRUE(hostA->cm.AddPort(2, portA2));
        EXPECT_TRUE(hostB->cm.AddPort(2, portB2));
    }

    void TearDown() override
    {
        Pair::TearDown();
        EXPECT_EQ(portA2.Outstanding(), 0U) << "leaked sends";
        EXPECT_EQ(portB2.Outstanding(), 0U) << "leaked sends";
    }

    /** From A's second port to B's. */
    Path SecondPath() const
    {
        Path path = PathToB();
        path.sgid = gidA2;
        path.dgid = gidB2;
        path.slid = kLidA2;
        path.dlid = kLidB2;
        path.sl = kAlternateSl;
        path.packetLifeTime = kAlternateLifeTime;
        return path;
    }

    ReqParameters ReqWithAlternate() const
    {
        ReqParameters parameters = Req();
        parameters.alternatePath = SecondPath();
        return parameters;
    }

    LapParameters Lap() const
    {
        LapParameters parameters;
        parameters.alternatePath = SecondPath();
        parameters.remoteCmResponseTimeout = kResponseTimeout;
        return parameters;
    }

    /** What was transmitted since the last call, with the port: "A1>DREQ B2>DREP". */
    std::string TakeSentByPort()
    {
        static constexpr const char* kEnds[] = {"A1>", "B1>", "A2>", "B2>"};
        std::string names;
        for (const SentMad& mad : sent)
        {
            names += names.empty() ? "" : " ";
            names += kEnds[mad.from];
            names += ibwire::ToString(ibwire::AttributeOf(mad.message));
        }
        sent.clear();
        return names;
    }

    /** ESTABLISHED on both sides, by this REQ and REP. */
    void EstablishWith(const ReqParameters& req, const RepParameters& rep)
    {
        if (listener == Handle::kNone)
        {
            listener = ListenB();
        }
        a = Connect(req);
        Settle();
        b = Accepted();
        ASSERT_TRUE(hostB->cm.SendRep(b, rep));
        Settle();
        ASSERT_TRUE(hostA->cm.SendRtu(a));
        Settle();
        ForgetRecords();
        ASSERT_EQ(StateA(), State::kEstablished);
        ASSERT_EQ(StateB(), State::kEstablished);
    }

    LapState LapA() const
    {
        return hostA->cm.LapStateOf(a).value();
    }

    LapState LapB() const
    {
        return hostB->cm.LapStateOf(b).value();
    }

    const ibwire::Gid gidA2;
    const ibwire::Gid gidB2;
    LoopbackWire::End& endA2;
    LoopbackWire::End& endB2;
    ReliablePort portA2;
    ReliablePort portB2;
};

/** Messages of a kind, in an array of counters. */
inline std::uint64_t CountOf(const PerMessage& counters, ibwire::CmAttribute attribute)
{
    return counters[KindOf(attribute)];
}

inline std::uint64_t CountOf(const MessageCounters& counters, Discard cause)
{
    return counters.discarded[static_cast<std::size_t>(cause)];
}

/** 4.096 us * 2^n, written from the specification and not from timeouts.h. */
constexpr Duration Exponent(unsigned n)
{
    return Duration{std::int64_t{4096} << n};
}

} // namespace ibcm::test

namespace ibcm
{
inline void PrintTo(LapState state, std::ostream* out)
{
    *out << ToString(state);
}
} // namespace ibcm

#endif // WEFT_TEST_IBCM_TWO_PORTS_H
