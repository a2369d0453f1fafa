// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_WIRE_COUNTERS_H
#define IBCM_WIRE_COUNTERS_H

#include "ib-wire/model/mad.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ibcm
{

/**
 * What has become of MADs. At any moment at which none is being delivered
 *
 *     transmitted + duplicated = delivered + lost + overflowed + unclaimed + waiting
 */
struct WireTally
{
    std::uint64_t transmitted{0}; ///< handed to the wire, which took them
    std::uint64_t duplicated{0};  ///< copies made by the wire
    std::uint64_t delivered{0};   ///< handed to a port
    std::uint64_t lost{0};        ///< as the wire's faults have it
    std::uint64_t overflowed{0};  ///< the receiver's queue was full
    std::uint64_t unclaimed{0};   ///< no end has the LID, the P_Key, or a port attached
    std::uint64_t waiting{0};     ///< in a queue, or being delivered

    WireTally& operator+=(const WireTally& other);
};

/** Tallies by CM attribute. */
class WireCounters
{
  public:
    const WireTally& Of(ibwire::CmAttribute attribute) const;
    /** All MADs that carry no CM message. */
    const WireTally& OfOthers() const;
    WireTally Total() const;

    WireCounters& operator+=(const WireCounters& other);

    /** The tally that a MAD belongs to. */
    WireTally& For(const ibwire::MadBytes& mad);

  private:
    static constexpr auto kFirst = static_cast<std::size_t>(ibwire::CmAttribute::kReq);
    static constexpr auto kLast = static_cast<std::size_t>(ibwire::CmAttribute::kSpr);
    static constexpr std::size_t kOthers = kLast - kFirst + 1;

    static std::size_t IndexOf(std::size_t attribute);

    std::array<WireTally, kOthers + 1> m_tallies{};
};

} // namespace ibcm

#endif /* IBCM_WIRE_COUNTERS_H */
