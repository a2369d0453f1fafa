// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Records of subnet administration other than PathRecord (IBA vol. 1, 15.2.5).
 */
#ifndef IB_WIRE_SA_RECORDS_H
#define IB_WIRE_SA_RECORDS_H

#include "ib-wire/model/node-attributes.h"
#include "ib-wire/model/path-record.h"
#include "ib-wire/model/port-info.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace ibwire
{

/** NodeRecord. */
struct NodeRecord
{
    std::uint16_t lid{};
    NodeInfo nodeInfo{};
    NodeDescription nodeDescription{};

    static constexpr std::string_view kName = "NodeRecord";
    static constexpr std::size_t kBytes = 108;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&NodeRecord::lid>{"LID", 0, 0, 16},
                               Field<&NodeRecord::nodeInfo>{"NodeInfo", 4, 0, NodeInfo::kBytes * 8},
                               Field<&NodeRecord::nodeDescription>{
                                   "NodeDescription", 44, 0, NodeDescription::kBytes * 8});
    }

    friend bool operator==(const NodeRecord&, const NodeRecord&) = default;
};

/** PortInfoRecord. */
struct PortInfoRecord
{
    std::uint16_t endportLid{};
    std::uint8_t portNum{};
    std::uint8_t options{};
    PortInfo portInfo{};

    static constexpr std::string_view kName = "PortInfoRecord";
    static constexpr std::size_t kBytes = 68;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&PortInfoRecord::endportLid>{"EndportLID", 0, 0, 16},
            Field<&PortInfoRecord::portNum>{"PortNum", 2, 0, 8},
            Field<&PortInfoRecord::options>{"Options", 3, 0, 8, Show::kHex},
            Field<&PortInfoRecord::portInfo>{"PortInfo", 4, 0, PortInfo::kBytes * 8});
    }

    friend bool operator==(const PortInfoRecord&, const PortInfoRecord&) = default;
};

/** ServiceRecord. */
struct ServiceRecord
{
    std::uint64_t serviceId{};
    Gid serviceGid{};
    std::uint16_t servicePkey{};
    std::uint32_t serviceLease{}; ///< seconds, 0xffffffff = for ever
    std::array<std::uint8_t, 16> serviceKey{};
    std::array<std::uint8_t, 64> serviceName{}; ///< UTF-8, ended by a NUL if shorter
    std::array<std::uint8_t, 16> serviceData8{};
    std::array<std::uint16_t, 8> serviceData16{};
    std::array<std::uint32_t, 4> serviceData32{};
    std::array<std::uint64_t, 2> serviceData64{};

    static constexpr std::string_view kName = "ServiceRecord";
    static constexpr std::size_t kBytes = 176;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&ServiceRecord::serviceId>{"ServiceID", 0, 0, 64, Show::kHex},
            Field<&ServiceRecord::serviceGid>{"ServiceGID", 8, 0, 128},
            Field<&ServiceRecord::servicePkey>{"ServiceP_Key", 24, 0, 16, Show::kHex},
            Field<&ServiceRecord::serviceLease>{"ServiceLease", 28, 0, 32},
            Field<&ServiceRecord::serviceKey>{"ServiceKey", 32, 0, 16 * 8},
            Field<&ServiceRecord::serviceName>{"ServiceName", 48, 0, 64 * 8},
            Field<&ServiceRecord::serviceData8>{"ServiceData8", 112, 0, 16 * 8},
            Field<&ServiceRecord::serviceData16>{"ServiceData16", 128, 0, 8 * 16, Show::kHex},
            Field<&ServiceRecord::serviceData32>{"ServiceData32", 144, 0, 4 * 32, Show::kHex},
            Field<&ServiceRecord::serviceData64>{"ServiceData64", 160, 0, 2 * 64, Show::kHex});
    }

    friend bool operator==(const ServiceRecord&, const ServiceRecord&) = default;
};

/** MCMemberRecord. */
struct McMemberRecord
{
    Gid mgid{};
    Gid portGid{};
    std::uint32_t qkey{};
    std::uint16_t mlid{};
    Selector mtuSelector{};
    Mtu mtu{};
    std::uint8_t trafficClass{};
    std::uint16_t pkey{};
    Selector rateSelector{};
    Rate rate{};
    Selector packetLifeTimeSelector{};
    std::uint8_t packetLifeTime{}; ///< 6 bits: 4.096 µs × 2^n
    std::uint8_t sl{};             ///< 4 bits
    std::uint32_t flowLabel{};     ///< 20 bits
    std::uint8_t hopLimit{};
    std::uint8_t scope{};     ///< 4 bits
    std::uint8_t joinState{}; ///< 4 bits: 1 full member, 2 non-member, 4 send-only non-member
    bool proxyJoin{};

    static constexpr std::string_view kName = "MCMemberRecord";
    static constexpr std::size_t kBytes = 52;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&McMemberRecord::mgid>{"MGID", 0, 0, 128},
            Field<&McMemberRecord::portGid>{"PortGID", 16, 0, 128},
            Field<&McMemberRecord::qkey>{"Q_Key", 32, 0, 32, Show::kHex},
            Field<&McMemberRecord::mlid>{"MLID", 36, 0, 16, Show::kHex},
            Field<&McMemberRecord::mtuSelector>{"MTUSelector", 38, 0, 2},
            Field<&McMemberRecord::mtu>{"MTU", 38, 2, 6},
            Field<&McMemberRecord::trafficClass>{"TClass", 39, 0, 8, Show::kHex},
            Field<&McMemberRecord::pkey>{"P_Key", 40, 0, 16, Show::kHex},
            Field<&McMemberRecord::rateSelector>{"RateSelector", 42, 0, 2},
            Field<&McMemberRecord::rate>{"Rate", 42, 2, 6},
            Field<&McMemberRecord::packetLifeTimeSelector>{"PacketLifeTimeSelector", 43, 0, 2},
            Field<&McMemberRecord::packetLifeTime>{"PacketLifeTime", 43, 2, 6},
            Field<&McMemberRecord::sl>{"SL", 44, 0, 4},
            Field<&McMemberRecord::flowLabel>{"FlowLabel", 44, 4, 20, Show::kHex},
            Field<&McMemberRecord::hopLimit>{"HopLimit", 47, 0, 8},
            Field<&McMemberRecord::scope>{"Scope", 48, 0, 4},
            Field<&McMemberRecord::joinState>{"JoinState", 48, 4, 4},
            Field<&McMemberRecord::proxyJoin>{"ProxyJoin", 49, 0, 1});
    }

    friend bool operator==(const McMemberRecord&, const McMemberRecord&) = default;
};

} // namespace ibwire

#endif // IB_WIRE_SA_RECORDS_H
