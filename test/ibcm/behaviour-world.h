// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef WEFT_TEST_IBCM_BEHAVIOUR_WORLD_H
#define WEFT_TEST_IBCM_BEHAVIOUR_WORLD_H

#include "extra-host.h"

#include <algorithm>

namespace ibcm::test
{

inline Options Of(Behaviour behaviour, Options options = {})
{
    options.behaviour = behaviour;
    return options;
}

/** A pair of hosts of one behaviour. */
class World final : public Pair
{
  public:
    explicit World(Behaviour behaviour, const Options& options)
        : Pair(Of(behaviour, options)),
          strict(behaviour == Behaviour::kStrict)
    {
    }

    ~World() override
    {
        TearDown();
    }

    void TestBody() override
    {
    }

    using Pair::a;
    using Pair::Accepted;
    using Pair::answers;
    using Pair::b;
    using Pair::Connect;
    using Pair::CreateA;
    using Pair::CreateB;
    using Pair::created;
    using Pair::DestroyA;
    using Pair::Establish;
    using Pair::ForgetRecords;
    using Pair::hostA;
    using Pair::hostB;
    using Pair::InjectToA;
    using Pair::InjectToB;
    using Pair::LastSent;
    using Pair::ListenB;
    using Pair::PathToB;
    using Pair::ReachA;
    using Pair::ReachB;
    using Pair::Rep;
    using Pair::Req;
    using Pair::runtime;
    using Pair::sent;
    using Pair::Settle;
    using Pair::StateA;
    using Pair::StateB;
    using Pair::TakeSent;
    using Pair::wire;

    std::uint32_t IdA() const
    {
        return hostA->cm.CommIdOf(a).value();
    }

    std::uint32_t IdB() const
    {
        return hostB->cm.CommIdOf(b).value();
    }

    /** The REJs that one side (0: A) has sent for a reason. */
    std::size_t Rejs(std::size_t from, ibwire::RejReason reason) const
    {
        return static_cast<std::size_t>(
            std::count_if(sent.begin(),
                          sent.end(),
                          [&](const SentMad& mad)
                          {
                              const auto* rej = std::get_if<ibwire::CmRej>(&mad.message);
                              return mad.from == from && rej != nullptr && rej->reason == reason;
                          }));
    }

    /** Another way from A to B, by its source LID. */
    LapParameters Lap() const
    {
        LapParameters parameters;
        parameters.alternatePath = PathToB();
        parameters.alternatePath.slid = kLidA + 1;
        return parameters;
    }

    /** B's ids that SIDR_REQs have made are to be destroyed at the end, too. */
    void KeepIdsOfB()
    {
        for (const Told& told : hostB->consumer.told)
        {
            created.emplace_back(hostB.get(), told.id);
        }
    }

    /** From ESTABLISHED: @p active side A, or B, in a state of the alternate path. */
    void ReachLap(LapState state, bool active)
    {
        ASSERT_TRUE(hostA->cm.SendLap(a, Lap()));
        if (state == LapState::kLapSent)
        {
            wire.DropAll();
        }
        Settle();
        if (state == LapState::kMraLapRcvd || state == LapState::kMraLapSent)
        {
            ASSERT_TRUE(hostB->cm.SendMra(b, MraParameters{}));
            Settle();
        }
        if (state == LapState::kIdle)
        {
            ASSERT_TRUE(hostB->cm.SendApr(b, AprParameters{}));
            Settle();
        }
        ForgetRecords();
        ASSERT_EQ(active ? hostA->cm.LapStateOf(a) : hostB->cm.LapStateOf(b), state);
    }

    const bool strict;
};

/** Runs a test in both worlds. */
inline void InBoth(const std::function<void(World&)>& test, const Options& options = {})
{
    for (const Behaviour behaviour : {Behaviour::kStrict, Behaviour::kLinux61})
    {
        SCOPED_TRACE(ToString(behaviour));
        World world(behaviour, options);
        test(world);
    }
}

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_BEHAVIOUR_WORLD_H
