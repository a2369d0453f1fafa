// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The port's wire in a replay: what the core sends is written down, nothing arrives by itself.
#ifndef WEFT_TEST_IBCM_REPLAY_WIRE_H
#define WEFT_TEST_IBCM_REPLAY_WIRE_H

#include "ibcm/helper/reliable-port.h"
#include "ibcm/helper/step-runtime.h"
#include "replay-plan.h"

#include <algorithm>
#include <vector>

namespace ibcm::test
{

/** A MAD that the core sent. */
struct Emission
{
    Instant when{0};
    MadAddress address;
    ibwire::MadBytes bytes{};
    bool again{false};   ///< the same bytes were sent before
    bool matched{false}; ///< a captured MAD has been found for it
};

/** A wire with the tables of the host that is replayed. */
class ReplayWire final : public MadWire
{
  public:
    ReplayWire(StepRuntime& runtime, const ReplayPlan& plan)
        : m_runtime(runtime),
          m_plan(plan)
    {
    }

    bool Transmit(const ibwire::MadBytes& mad, const MadAddress& address) override
    {
        const bool again = std::any_of(
            sent.begin(), sent.end(), [&](const Emission& other) { return other.bytes == mad; });
        sent.push_back({m_runtime.Now(), address, mad, again, false});
        return true;
    }

    std::uint16_t Lid() const override
    {
        return m_plan.lid;
    }

    std::optional<std::uint8_t> FindGid(const ibwire::Gid& gid) const override
    {
        const auto found = std::find(m_plan.gids.begin(), m_plan.gids.end(), gid);
        if (found == m_plan.gids.end())
        {
            return std::nullopt;
        }
        return static_cast<std::uint8_t>(found - m_plan.gids.begin());
    }

    ibwire::Gid GidAt(std::uint8_t index) const override
    {
        return index < m_plan.gids.size() ? m_plan.gids[index] : ibwire::Gid{};
    }

    std::optional<std::uint16_t> FindPkey(std::uint16_t pkey) const override
    {
        const auto found = std::find(m_plan.pkeys.begin(), m_plan.pkeys.end(), pkey);
        if (found == m_plan.pkeys.end())
        {
            return std::nullopt;
        }
        return static_cast<std::uint16_t>(found - m_plan.pkeys.begin());
    }

    std::vector<Emission> sent;

  private:
    StepRuntime& m_runtime;
    const ReplayPlan& m_plan;
};

} // namespace ibcm::test

#endif // WEFT_TEST_IBCM_REPLAY_WIRE_H
