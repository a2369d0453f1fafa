// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Subnet administration MADs (IBA vol. 1, 15.2.1) and, by inclusion, their records.
 */
#ifndef IB_WIRE_SA_H
#define IB_WIRE_SA_H

#include "ib-wire/model/mad.h"
#include "ib-wire/model/path-record.h"
#include "ib-wire/model/sa-records.h"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace ibwire
{

/** The class version of subnet administration. */
inline constexpr std::uint8_t kSaClassVersion = UMAD_SA_CLASS_VERSION;

/** The class-specific status of subnet administration: bits 15..8 of MadHeader::status. */
enum class SaStatus : std::uint16_t
{
    kSuccess = UMAD_SA_STATUS_SUCCESS << 8,
    kNoResources = UMAD_SA_STATUS_NO_RESOURCES << 8,
    kRequestInvalid = UMAD_SA_STATUS_REQ_INVALID << 8,
    kNoRecords = UMAD_SA_STATUS_NO_RECORDS << 8,
    kTooManyRecords = UMAD_SA_STATUS_TOO_MANY_RECORDS << 8,
    kInvalidGid = UMAD_SA_STATUS_INVALID_GID << 8,
    kInsufficientComponents = UMAD_SA_STATUS_INSUF_COMPS << 8,
    kRequestDenied = UMAD_SA_STATUS_REQ_DENIED << 8,
};

/** RMPP types, RmppHeader::rmppType. */
enum class RmppType : std::uint8_t
{
    kNone = 0,
    kData = 1,
    kAck = 2,
    kStop = 3,
    kAbort = 4,
};

/** Bits of RmppHeader::flags. */
enum RmppFlag : std::uint8_t
{
    kRmppActive = 1,
    kRmppFirst = 2,
    kRmppLast = 4,
};

/** The header of the reliable multi-packet protocol (13.6.2). */
struct RmppHeader
{
    std::uint8_t rmppVersion{};
    RmppType rmppType{};
    std::uint8_t respTime{}; ///< 5-bit time
    std::uint8_t flags{};    ///< 3 bits, sum of RmppFlag
    std::uint8_t status{};
    std::uint32_t segmentNumber{};
    std::uint32_t payloadLengthNewWindow{}; ///< bytes of payload in DATA, new window last in ACK

    static constexpr std::string_view kName = "RMPP";
    static constexpr std::size_t kBytes = 12;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&RmppHeader::rmppVersion>{"RMPPVersion", 0, 0, 8},
            Field<&RmppHeader::rmppType>{"RMPPType", 1, 0, 8},
            Field<&RmppHeader::respTime>{"RRespTime", 2, 0, 5},
            Field<&RmppHeader::flags>{"RMPPFlags", 2, 5, 3, Show::kHex},
            Field<&RmppHeader::status>{"RMPPStatus", 3, 0, 8},
            Field<&RmppHeader::segmentNumber>{"SegmentNumber", 4, 0, 32},
            Field<&RmppHeader::payloadLengthNewWindow>{"PayloadLength/NewWindowLast", 8, 0, 32});
    }

    friend bool operator==(const RmppHeader&, const RmppHeader&) = default;
};

/** A subnet administration MAD, complete. */
struct SaMad
{
    MadHeader header{kMadBaseVersion, MgmtClass::kSubnAdm, kSaClassVersion};
    RmppHeader rmpp{};
    std::uint64_t smKey{};
    std::uint16_t attributeOffset{}; ///< size of a record in units of 8 bytes, in table answers
    std::uint64_t componentMask{};
    std::array<std::uint8_t, UMAD_LEN_SA_DATA> data{};

    static constexpr std::string_view kName = "SaMad";
    static constexpr std::size_t kBytes = 256;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&SaMad::header>{"Header", 0, 0, kMadHeaderBytes * 8},
                               Field<&SaMad::rmpp>{"RMPP", 24, 0, 12 * 8},
                               Field<&SaMad::smKey>{"SM_Key", 36, 0, 64, Show::kHex},
                               Field<&SaMad::attributeOffset>{"AttributeOffset", 44, 0, 16},
                               Field<&SaMad::componentMask>{"ComponentMask", 48, 0, 64, Show::kHex},
                               Field<&SaMad::data>{"Data", 56, 0, UMAD_LEN_SA_DATA * 8});
    }

    friend bool operator==(const SaMad&, const SaMad&) = default;
};

/** The 200 bytes of record data in a subnet administration MAD. */
inline std::span<const std::uint8_t, UMAD_LEN_SA_DATA> SaData(const MadBytes& mad)
{
    return std::span(mad).subspan<56, UMAD_LEN_SA_DATA>();
}

/** \copydoc SaData(const MadBytes&) */
inline std::span<std::uint8_t, UMAD_LEN_SA_DATA> SaData(MadBytes& mad)
{
    return std::span(mad).subspan<56, UMAD_LEN_SA_DATA>();
}

} // namespace ibwire

#endif // IB_WIRE_SA_H
