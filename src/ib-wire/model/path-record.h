// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * PathRecord (IBA vol. 1, 15.2.5.16) and its component mask.
 */
#ifndef IB_WIRE_PATH_RECORD_H
#define IB_WIRE_PATH_RECORD_H

#include "ib-wire/model/codec.h"
#include "ib-wire/model/path-codes.h"

#include <infiniband/umad_sa.h>

#include <cstdint>
#include <string_view>

namespace ibwire
{

/** How the value behind a selector is meant in a query. */
enum class Selector : std::uint8_t
{
    kGreaterThan = UMAD_SA_SELECTOR_GREATER_THAN,
    kLessThan = UMAD_SA_SELECTOR_LESS_THAN,
    kExactly = UMAD_SA_SELECTOR_EXACTLY,
    kBestAvailable = UMAD_SA_SELECTOR_LARGEST_AVAIL, ///< largest rate, MTU; smallest life time
};

/** ">", "<", "exactly", "best available". */
const char* ToString(Selector selector);

/** PathRecord. */
struct PathRecord
{
    std::uint64_t serviceId{};
    Gid dgid{};
    Gid sgid{};
    std::uint16_t dlid{};
    std::uint16_t slid{};
    bool rawTraffic{};
    std::uint32_t flowLabel{}; ///< 20 bits
    std::uint8_t hopLimit{};
    std::uint8_t trafficClass{};
    bool reversible{};
    std::uint8_t numbPath{}; ///< 7 bits
    std::uint16_t pkey{};
    std::uint16_t qosClass{}; ///< 12 bits
    std::uint8_t sl{};        ///< 4 bits
    Selector mtuSelector{};
    Mtu mtu{};
    Selector rateSelector{};
    Rate rate{};
    Selector packetLifeTimeSelector{};
    std::uint8_t packetLifeTime{}; ///< 6 bits: 4.096 µs × 2^n
    std::uint8_t preference{};

    static constexpr std::string_view kName = "PathRecord";
    static constexpr std::size_t kBytes = 64;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&PathRecord::serviceId>{"ServiceID", 0, 0, 64, Show::kHex},
            Field<&PathRecord::dgid>{"DGID", 8, 0, 128},
            Field<&PathRecord::sgid>{"SGID", 24, 0, 128},
            Field<&PathRecord::dlid>{"DLID", 40, 0, 16},
            Field<&PathRecord::slid>{"SLID", 42, 0, 16},
            Field<&PathRecord::rawTraffic>{"RawTraffic", 44, 0, 1},
            Field<&PathRecord::flowLabel>{"FlowLabel", 44, 4, 20, Show::kHex},
            Field<&PathRecord::hopLimit>{"HopLimit", 47, 0, 8},
            Field<&PathRecord::trafficClass>{"TClass", 48, 0, 8, Show::kHex},
            Field<&PathRecord::reversible>{"Reversible", 49, 0, 1},
            Field<&PathRecord::numbPath>{"NumbPath", 49, 1, 7},
            Field<&PathRecord::pkey>{"P_Key", 50, 0, 16, Show::kHex},
            Field<&PathRecord::qosClass>{"QoSClass", 52, 0, 12},
            Field<&PathRecord::sl>{"SL", 53, 4, 4},
            Field<&PathRecord::mtuSelector>{"MtuSelector", 54, 0, 2},
            Field<&PathRecord::mtu>{"Mtu", 54, 2, 6},
            Field<&PathRecord::rateSelector>{"RateSelector", 55, 0, 2},
            Field<&PathRecord::rate>{"Rate", 55, 2, 6},
            Field<&PathRecord::packetLifeTimeSelector>{"PacketLifeTimeSelector", 56, 0, 2},
            Field<&PathRecord::packetLifeTime>{"PacketLifeTime", 56, 2, 6},
            Field<&PathRecord::preference>{"Preference", 57, 0, 8});
    }

    friend bool operator==(const PathRecord&, const PathRecord&) = default;
};

/** Component mask of a PathRecord query: which of its fields count. */
enum PathComponent : std::uint64_t
{
    kPathServiceId = 3ULL << 0, ///< two bits: the upper byte and the rest
    kPathDgid = 1ULL << 2,
    kPathSgid = 1ULL << 3,
    kPathDlid = 1ULL << 4,
    kPathSlid = 1ULL << 5,
    kPathRawTraffic = 1ULL << 6,
    kPathFlowLabel = 1ULL << 8,
    kPathHopLimit = 1ULL << 9,
    kPathTrafficClass = 1ULL << 10,
    kPathReversible = 1ULL << 11,
    kPathNumbPath = 1ULL << 12,
    kPathPkey = 1ULL << 13,
    kPathQosClass = 1ULL << 14,
    kPathSl = 1ULL << 15,
    kPathMtuSelector = 1ULL << 16,
    kPathMtu = 1ULL << 17,
    kPathRateSelector = 1ULL << 18,
    kPathRate = 1ULL << 19,
    kPathPacketLifeTimeSelector = 1ULL << 20,
    kPathPacketLifeTime = 1ULL << 21,
};

} // namespace ibwire

#endif // IB_WIRE_PATH_RECORD_H
