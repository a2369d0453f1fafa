// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Subnet management packets (IBA vol. 1, 14.2.1) and, by inclusion, their attributes.
 */
#ifndef IB_WIRE_SMP_H
#define IB_WIRE_SMP_H

#include "ib-wire/model/mad.h"
#include "ib-wire/model/node-attributes.h"
#include "ib-wire/model/notice.h"
#include "ib-wire/model/port-info.h"
#include "ib-wire/model/table-attributes.h"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace ibwire
{

/** The class version of subnet management. */
inline constexpr std::uint8_t kSmpClassVersion = 1;
/** The LID that stands for "whoever is at the other end of the cable". */
inline constexpr std::uint16_t kPermissiveLid = 0xffff;
/** The entries of InitialPath and ReturnPath; entry 0 is unused, so 63 hops at most. */
inline constexpr std::size_t kSmpPathEntries = UMAD_SMP_MAX_HOPS;

/** The attribute data of an SMP. */
using SmpData = std::array<std::uint8_t, UMAD_LEN_SMP_DATA>;

/** A directed-routed SMP, class 0x81. */
struct DirectedSmp
{
    std::uint8_t baseVersion{kMadBaseVersion};
    MgmtClass mgmtClass{MgmtClass::kSubnDirected};
    std::uint8_t classVersion{kSmpClassVersion};
    MadMethod method{};
    bool direction{};       ///< D: 0 outbound (request), 1 returning
    std::uint16_t status{}; ///< 15 bits
    std::uint8_t hopPointer{};
    std::uint8_t hopCount{};
    std::uint64_t transactionId{};
    std::uint16_t attributeId{};
    std::uint32_t attributeModifier{};
    std::uint64_t mKey{};
    std::uint16_t drSlid{kPermissiveLid};
    std::uint16_t drDlid{kPermissiveLid};
    SmpData data{};
    std::array<std::uint8_t, kSmpPathEntries> initialPath{};
    std::array<std::uint8_t, kSmpPathEntries> returnPath{};

    static constexpr std::string_view kName = "DirectedSmp";
    static constexpr std::size_t kBytes = 256;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&DirectedSmp::baseVersion>{"Base version", 0, 0, 8},
            Field<&DirectedSmp::mgmtClass>{"Management class", 1, 0, 8, Show::kHex},
            Field<&DirectedSmp::classVersion>{"Class version", 2, 0, 8},
            Field<&DirectedSmp::method>{"Method", 3, 0, 8, Show::kHex},
            Field<&DirectedSmp::direction>{"D", 4, 0, 1},
            Field<&DirectedSmp::status>{"Status", 4, 1, 15, Show::kHex},
            Field<&DirectedSmp::hopPointer>{"Hop pointer", 6, 0, 8},
            Field<&DirectedSmp::hopCount>{"Hop count", 7, 0, 8},
            Field<&DirectedSmp::transactionId>{"Transaction ID", 8, 0, 64, Show::kHex},
            Field<&DirectedSmp::attributeId>{"Attribute ID", 16, 0, 16, Show::kHex},
            Field<&DirectedSmp::attributeModifier>{"Attribute modifier", 20, 0, 32, Show::kHex},
            Field<&DirectedSmp::mKey>{"M_Key", 24, 0, 64, Show::kHex},
            Field<&DirectedSmp::drSlid>{"DrSLID", 32, 0, 16, Show::kHex},
            Field<&DirectedSmp::drDlid>{"DrDLID", 34, 0, 16, Show::kHex},
            Field<&DirectedSmp::data>{"Data", 64, 0, 64 * 8},
            Field<&DirectedSmp::initialPath>{"InitialPath", 128, 0, 64 * 8},
            Field<&DirectedSmp::returnPath>{"ReturnPath", 192, 0, 64 * 8});
    }

    friend bool operator==(const DirectedSmp&, const DirectedSmp&) = default;
};

/** A LID-routed SMP, class 0x01. */
struct LidRoutedSmp
{
    MadHeader header{kMadBaseVersion, MgmtClass::kSubnLidRouted, kSmpClassVersion};
    std::uint64_t mKey{};
    SmpData data{};

    static constexpr std::string_view kName = "LidRoutedSmp";
    static constexpr std::size_t kBytes = 256;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&LidRoutedSmp::header>{"Header", 0, 0, kMadHeaderBytes * 8},
                               Field<&LidRoutedSmp::mKey>{"M_Key", 24, 0, 64, Show::kHex},
                               Field<&LidRoutedSmp::data>{"Data", 64, 0, 64 * 8});
    }

    friend bool operator==(const LidRoutedSmp&, const LidRoutedSmp&) = default;
};

/** The attribute data in a SMP of either class. */
inline std::span<const std::uint8_t, 64> SmpAttributeData(const MadBytes& mad)
{
    return std::span(mad).subspan<64, 64>();
}

/** \copydoc SmpAttributeData(const MadBytes&) */
inline std::span<std::uint8_t, 64> SmpAttributeData(MadBytes& mad)
{
    return std::span(mad).subspan<64, 64>();
}

/** The attribute A at the start of an SMP's data; every pattern of bits decodes. */
template <Message A>
[[nodiscard]] constexpr A UnpackAttribute(std::span<const std::uint8_t, 64> data)
{
    static_assert(A::kBytes <= 64);
    return Unpack<A>(data.template first<A::kBytes>());
}

/** Writes an attribute to the start of an SMP's data. \return kFieldRange, nothing written */
template <Message A>
[[nodiscard]] Result<void> EncodeAttribute(const A& attribute, std::span<std::uint8_t, 64> data)
{
    static_assert(A::kBytes <= 64);
    return Encode(attribute, data.template first<A::kBytes>());
}

} // namespace ibwire

#endif // IB_WIRE_SMP_H
