// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Global identifiers (IBA vol. 1, 4.1.1): 128 bits, a subnet prefix and a port GUID.
 */
#ifndef IB_WIRE_GID_H
#define IB_WIRE_GID_H

#include "ib-wire/model/result.h"

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace ibwire
{

/** The default subnet prefix, fe80::/64. */
inline constexpr std::uint64_t kDefaultGidPrefix = 0xfe80'0000'0000'0000;

/** A GID as it stands on the wire. */
struct Gid
{
    std::array<std::uint8_t, 16> raw{}; ///< network order

    /** The GID of a port from its subnet prefix and GUID, both host integers. */
    static constexpr Gid From(std::uint64_t prefix, std::uint64_t guid)
    {
        Gid gid;
        for (unsigned i = 0; i < 8; ++i)
        {
            gid.raw[i] = static_cast<std::uint8_t>(prefix >> (56 - 8 * i));
            gid.raw[8 + i] = static_cast<std::uint8_t>(guid >> (56 - 8 * i));
        }
        return gid;
    }

    /** The upper half as a host integer. */
    constexpr std::uint64_t Prefix() const
    {
        return Half(0);
    }

    /** The lower half, the port GUID of a unicast GID, as a host integer. */
    constexpr std::uint64_t Guid() const
    {
        return Half(8);
    }

    /** All bits zero: "no GID". */
    constexpr bool IsZero() const
    {
        return Prefix() == 0 && Guid() == 0;
    }

    /** Multicast GIDs begin with ff. */
    constexpr bool IsMulticast() const
    {
        return raw[0] == 0xff;
    }

    friend constexpr bool operator==(const Gid&, const Gid&) = default;
    friend constexpr auto operator<=>(const Gid&, const Gid&) = default;

  private:
    constexpr std::uint64_t Half(unsigned from) const
    {
        std::uint64_t value = 0;
        for (unsigned i = 0; i < 8; ++i)
        {
            value = value << 8 | raw[from + i];
        }
        return value;
    }
};

/**
 * The usual text of an IPv6 address, as inet_ntop writes it: lower case, the longest run of zero
 * groups as "::", IPv4-mapped addresses as "::ffff:10.9.0.1".
 */
std::string ToString(const Gid& gid);

/** Reads the text of an IPv6 address. \return kBadText if it is none. */
Result<Gid> ParseGid(std::string_view text);

} // namespace ibwire

#endif // IB_WIRE_GID_H
