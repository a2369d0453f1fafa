// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * The management datagram: 256 bytes, and the header that all classes share (IBA vol. 1, 13.4.2).
 *
 * The numbers are those of rdma-core's public headers, given types here.
 */
#ifndef IB_WIRE_MAD_H
#define IB_WIRE_MAD_H

#include "ib-wire/model/codec.h"

#include <infiniband/umad_cm.h>
#include <infiniband/umad_sa.h>
#include <infiniband/umad_sm.h>
#include <infiniband/umad_types.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ibwire
{

/** A MAD is its 256 bytes wherever it travels. */
using MadBytes = std::array<std::uint8_t, 256>;

inline constexpr std::size_t kMadBytes = 256;
inline constexpr std::size_t kMadHeaderBytes = 24;
inline constexpr std::uint8_t kMadBaseVersion = UMAD_BASE_VERSION;
/** The Q_Key of QP 1. */
inline constexpr std::uint32_t kGsiQkey = UMAD_QKEY;

/** Management classes, MadHeader::mgmtClass. */
enum class MgmtClass : std::uint8_t
{
    kSubnLidRouted = UMAD_CLASS_SUBN_LID_ROUTED,
    kSubnAdm = UMAD_CLASS_SUBN_ADM,
    kPerformance = UMAD_CLASS_PERF_MGMT,
    kBaseboard = UMAD_CLASS_BM,
    kDevice = UMAD_CLASS_DEVICE_MGMT,
    kCm = UMAD_CLASS_CM,
    kSnmp = UMAD_CLASS_SNMP,
    kCongestion = UMAD_CLASS_CONG_MGMT,
    kSubnDirected = UMAD_CLASS_SUBN_DIRECTED_ROUTE,
};

/** Methods with their response bit, MadHeader::method. */
enum class MadMethod : std::uint8_t
{
    kGet = UMAD_METHOD_GET,
    kSet = UMAD_METHOD_SET,
    kSend = UMAD_METHOD_SEND,
    kTrap = UMAD_METHOD_TRAP,
    kReport = UMAD_METHOD_REPORT,
    kTrapRepress = UMAD_METHOD_TRAP_REPRESS,
    kGetTable = UMAD_SA_METHOD_GET_TABLE,
    kGetTraceTable = UMAD_SA_METHOD_GET_TRACE_TABLE,
    kGetMulti = UMAD_SA_METHOD_GET_MULTI,
    kDelete = UMAD_SA_METHOD_DELETE,
    kGetResp = UMAD_METHOD_GET_RESP,
    kReportResp = UMAD_METHOD_REPORT_RESP,
    kGetTableResp = UMAD_SA_METHOD_GET_TABLE_RESP,
    kGetMultiResp = UMAD_SA_METHOD_GET_MULTI_RESP,
    kDeleteResp = UMAD_SA_METHOD_DELETE_RESP,
};

/** "Get", "GetResp", …; "Method" for a number without a name. */
const char* ToString(MadMethod method);

/**
 * True for the answers that a MAD layer matches with requests by transaction id: methods with the
 * R bit, and TrapRepress. (The subnet administrator's and the CM's Sends are none.)
 */
constexpr bool IsResponse(MadMethod method)
{
    return (static_cast<unsigned>(method) & UMAD_METHOD_RESP_MASK) != 0 ||
           method == MadMethod::kTrapRepress;
}

/** MAD status, the part common to all classes; the upper byte belongs to the class. */
enum class MadStatus : std::uint16_t
{
    kSuccess = UMAD_STATUS_SUCCESS,
    kBusy = UMAD_STATUS_BUSY,
    kRedirect = UMAD_STATUS_REDIRECT,
    kBadVersion = UMAD_STATUS_BAD_VERSION,
    kMethodNotSupported = UMAD_STATUS_METHOD_NOT_SUPPORTED,
    kMethodAttributeNotSupported = UMAD_STATUS_ATTR_NOT_SUPPORTED,
    kInvalidValue = UMAD_STATUS_INVALID_ATTR_VALUE,
};

/** Attributes that several classes share. */
enum class CommonAttribute : std::uint16_t
{
    kClassPortInfo = UMAD_ATTR_CLASS_PORT_INFO,
    kNotice = UMAD_ATTR_NOTICE,
    kInformInfo = UMAD_ATTR_INFORM_INFO,
};

/** Attributes of class CM. */
enum class CmAttribute : std::uint16_t
{
    kClassPortInfo = UMAD_ATTR_CLASS_PORT_INFO,
    kReq = UMAD_CM_ATTR_REQ,
    kMra = UMAD_CM_ATTR_MRA,
    kRej = UMAD_CM_ATTR_REJ,
    kRep = UMAD_CM_ATTR_REP,
    kRtu = UMAD_CM_ATTR_RTU,
    kDreq = UMAD_CM_ATTR_DREQ,
    kDrep = UMAD_CM_ATTR_DREP,
    kSidrReq = UMAD_CM_ATTR_SIDR_REQ,
    kSidrRep = UMAD_CM_ATTR_SIDR_REP,
    kLap = UMAD_CM_ATTR_LAP,
    kApr = UMAD_CM_ATTR_APR,
    kSap = UMAD_CM_ATTR_SAP,
    kSpr = UMAD_CM_ATTR_SPR,
};

/** Attributes of the subnet management classes. */
enum class SmAttribute : std::uint16_t
{
    kNotice = UMAD_ATTR_NOTICE,
    kNodeDescription = UMAD_SM_ATTR_NODE_DESC,
    kNodeInfo = UMAD_SM_ATTR_NODE_INFO,
    kSwitchInfo = UMAD_SM_ATTR_SWITCH_INFO,
    kGuidInfo = UMAD_SM_ATTR_GUID_INFO,
    kPortInfo = UMAD_SM_ATTR_PORT_INFO,
    kPkeyTable = UMAD_SM_ATTR_PKEY_TABLE,
    kSlToVlTable = UMAD_SM_ATTR_SLVL_TABLE,
    kVlArbitrationTable = UMAD_SM_ATTR_VL_ARB_TABLE,
    kLinearForwardingTable = UMAD_SM_ATTR_LINEAR_FT,
    kRandomForwardingTable = UMAD_SM_ATTR_RANDOM_FT,
    kMulticastForwardingTable = UMAD_SM_ATTR_MCAST_FT,
    kSmInfo = UMAD_SM_ATTR_SM_INFO,
    kVendorDiag = UMAD_SM_ATTR_VENDOR_DIAG,
    kLedInfo = UMAD_SM_ATTR_LED_INFO,
};

/** Attributes of subnet administration. */
enum class SaAttribute : std::uint16_t
{
    kClassPortInfo = UMAD_ATTR_CLASS_PORT_INFO,
    kNotice = UMAD_ATTR_NOTICE,
    kInformInfo = UMAD_ATTR_INFORM_INFO,
    kNodeRecord = UMAD_SA_ATTR_NODE_REC,
    kPortInfoRecord = UMAD_SA_ATTR_PORT_INFO_REC,
    kSlToVlTableRecord = UMAD_SA_ATTR_SLVL_REC,
    kSwitchInfoRecord = UMAD_SA_ATTR_SWITCH_INFO_REC,
    kLinearForwardingTableRecord = UMAD_SA_ATTR_LINEAR_FT_REC,
    kMulticastForwardingTableRecord = UMAD_SA_ATTR_MCAST_FT_REC,
    kSmInfoRecord = UMAD_SA_ATTR_SM_INFO_REC,
    kLinkRecord = UMAD_SA_ATTR_LINK_REC,
    kGuidInfoRecord = UMAD_SA_ATTR_GUID_INFO_REC,
    kServiceRecord = UMAD_SA_ATTR_SERVICE_REC,
    kPkeyTableRecord = UMAD_SA_ATTR_PKEY_TABLE_REC,
    kPathRecord = UMAD_SA_ATTR_PATH_REC,
    kVlArbitrationRecord = UMAD_SA_ATTR_VL_ARB_REC,
    kMcMemberRecord = UMAD_SA_ATTR_MCMEMBER_REC,
    kMultiPathRecord = UMAD_SA_ATTR_MULTI_PATH_REC,
    kInformInfoRecord = UMAD_SA_ATTR_INFORM_INFO_REC,
};

/** Attributes of performance management. */
enum class PmAttribute : std::uint16_t
{
    kClassPortInfo = UMAD_ATTR_CLASS_PORT_INFO,
    kPortCounters = 0x0012,
    kPortCountersExtended = 0x001d,
};

/** The name of an attribute within its class: "NodeInfo", "PathRecord", "REQ"; "" if unknown. */
std::string_view AttributeName(MgmtClass mgmtClass, std::uint16_t attributeId);

/**
 * The header of every MAD, cm-independent (Table "MAD base format").
 *
 * In a directed-routed SMP the 32 bits of status and classSpecific are the D bit, the status, hop
 * pointer and hop count: see DirectedSmp.
 */
struct MadHeader
{
    std::uint8_t baseVersion{kMadBaseVersion};
    MgmtClass mgmtClass{};
    std::uint8_t classVersion{};
    MadMethod method{};
    std::uint16_t status{};
    std::uint16_t classSpecific{};
    std::uint64_t transactionId{};
    std::uint16_t attributeId{};
    std::uint32_t attributeModifier{};

    static constexpr std::string_view kName = "MAD";
    static constexpr std::size_t kBytes = kMadHeaderBytes;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&MadHeader::baseVersion>{"Base version", 0, 0, 8},
            Field<&MadHeader::mgmtClass>{"Management class", 1, 0, 8, Show::kHex},
            Field<&MadHeader::classVersion>{"Class version", 2, 0, 8},
            Field<&MadHeader::method>{"Method", 3, 0, 8, Show::kHex},
            Field<&MadHeader::status>{"Status", 4, 0, 16, Show::kHex},
            Field<&MadHeader::classSpecific>{"Class specific", 6, 0, 16, Show::kHex},
            Field<&MadHeader::transactionId>{"Transaction ID", 8, 0, 64, Show::kHex},
            Field<&MadHeader::attributeId>{"Attribute ID", 16, 0, 16, Show::kHex},
            Field<&MadHeader::attributeModifier>{"Attribute modifier", 20, 0, 32, Show::kHex});
    }

    friend bool operator==(const MadHeader&, const MadHeader&) = default;
};

/** "SubnMgt", "SubnAdm", "CM", …; "Class" for a number without a name. */
const char* ToString(MgmtClass mgmtClass);

/** The header of a MAD; any 256 bytes have one. */
inline MadHeader DecodeHeader(const MadBytes& mad)
{
    return Unpack<MadHeader>(std::span(mad).first<kMadHeaderBytes>());
}

/** Overwrites the header of a MAD. All of its fields fill their width, so that it cannot fail. */
inline void EncodeHeader(const MadHeader& header, MadBytes& mad)
{
    detail::PackInto(header, mad.data());
}

/** The 232 bytes behind the header, where the body of a CM message lies. */
inline std::span<const std::uint8_t, 232> CmData(const MadBytes& mad)
{
    return std::span(mad).subspan<kMadHeaderBytes, 232>();
}

/** \copydoc CmData(const MadBytes&) */
inline std::span<std::uint8_t, 232> CmData(MadBytes& mad)
{
    return std::span(mad).subspan<kMadHeaderBytes, 232>();
}

/**
 * What a MAD is, in the words of a trace: "REQ", "SubnGet(NodeInfo)", "SubnAdmGetResp(PathRecord)",
 * "PerfGet(PortCounters)". Numbers without a name appear in hex; never empty.
 */
std::string MadKindName(const MadBytes& mad);

} // namespace ibwire

#endif // IB_WIRE_MAD_H
