// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Blocks of tables that subnet management reads and writes (IBA vol. 1, 14.2.5). The attribute
 * modifier says which block of the table it is.
 */
#ifndef IB_WIRE_TABLE_ATTRIBUTES_H
#define IB_WIRE_TABLE_ATTRIBUTES_H

#include "ib-wire/model/codec.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace ibwire
{

/** GUIDInfo: eight GUIDs of a port. */
struct GuidInfo
{
    std::array<std::uint64_t, 8> guids{};

    static constexpr std::string_view kName = "GUIDInfo";
    static constexpr std::size_t kBytes = 64;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&GuidInfo::guids>{"GUIDs", 0, 0, 8 * 64, Show::kHex});
    }

    friend bool operator==(const GuidInfo&, const GuidInfo&) = default;
};

/** P_KeyTable: 32 partition keys. */
struct PkeyTable
{
    std::array<std::uint16_t, 32> pkeys{};

    static constexpr std::string_view kName = "P_KeyTable";
    static constexpr std::size_t kBytes = 64;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&PkeyTable::pkeys>{"P_Keys", 0, 0, 32 * 16, Show::kHex});
    }

    friend bool operator==(const PkeyTable&, const PkeyTable&) = default;
};

/** SLtoVLMappingTable: the VL, 4 bits, of each of the 16 SLs. */
struct SlToVlTable
{
    std::array<std::uint8_t, 16> vls{};

    static constexpr std::string_view kName = "SLtoVLMappingTable";
    static constexpr std::size_t kBytes = 8;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&SlToVlTable::vls>{"VLs", 0, 0, 16 * 4});
    }

    friend bool operator==(const SlToVlTable&, const SlToVlTable&) = default;
};

/** An entry of the VL arbitration table. */
struct VlArbitrationEntry
{
    std::uint8_t vl{};     ///< 4 bits
    std::uint8_t weight{}; ///< units of 64 bytes
};

/** VLArbitrationTable: 32 entries, two bytes each. */
struct VlArbitrationTable
{
    std::array<std::uint16_t, 32> entries{}; ///< VL in bits 11..8, weight in bits 7..0

    /** Entry i, 0..31. */
    constexpr VlArbitrationEntry Entry(std::size_t i) const
    {
        return {static_cast<std::uint8_t>(entries[i] >> 8 & 0xf),
                static_cast<std::uint8_t>(entries[i])};
    }

    /** Sets entry i, 0..31; of the VL the low four bits count. */
    constexpr void SetEntry(std::size_t i, VlArbitrationEntry entry)
    {
        entries[i] = static_cast<std::uint16_t>((entry.vl & 0xf) << 8 | entry.weight);
    }

    static constexpr std::string_view kName = "VLArbitrationTable";
    static constexpr std::size_t kBytes = 64;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&VlArbitrationTable::entries>{"VL/weight pairs", 0, 0, 32 * 16, Show::kHex});
    }

    friend bool operator==(const VlArbitrationTable&, const VlArbitrationTable&) = default;
};

/** LinearForwardingTable: the output ports of 64 consecutive LIDs. */
struct LinearForwardingTable
{
    std::array<std::uint8_t, 64> ports{}; ///< 255: no route

    static constexpr std::string_view kName = "LinearForwardingTable";
    static constexpr std::size_t kBytes = 64;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&LinearForwardingTable::ports>{"Ports", 0, 0, 64 * 8});
    }

    friend bool operator==(const LinearForwardingTable&, const LinearForwardingTable&) = default;
};

/** MulticastForwardingTable: 16 ports, as a mask, for each of 32 consecutive multicast LIDs. */
struct MulticastForwardingTable
{
    std::array<std::uint16_t, 32> portMasks{};

    static constexpr std::string_view kName = "MulticastForwardingTable";
    static constexpr std::size_t kBytes = 64;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&MulticastForwardingTable::portMasks>{"Port masks", 0, 0, 32 * 16, Show::kHex});
    }

    friend bool operator==(const MulticastForwardingTable&,
                           const MulticastForwardingTable&) = default;
};

} // namespace ibwire

#endif // IB_WIRE_TABLE_ATTRIBUTES_H
