// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/mad.h"

#include "ib-wire/model/print.h"

namespace ibwire
{

namespace
{

struct AttributeRow
{
    std::uint16_t id;
    std::string_view name;
};

template <class E>
constexpr AttributeRow Row(E id, std::string_view name)
{
    return {static_cast<std::uint16_t>(id), name};
}

constexpr AttributeRow kCmNames[] = {
    Row(CmAttribute::kClassPortInfo, "ClassPortInfo"),
    Row(CmAttribute::kReq, "REQ"),
    Row(CmAttribute::kMra, "MRA"),
    Row(CmAttribute::kRej, "REJ"),
    Row(CmAttribute::kRep, "REP"),
    Row(CmAttribute::kRtu, "RTU"),
    Row(CmAttribute::kDreq, "DREQ"),
    Row(CmAttribute::kDrep, "DREP"),
    Row(CmAttribute::kSidrReq, "SIDR_REQ"),
    Row(CmAttribute::kSidrRep, "SIDR_REP"),
    Row(CmAttribute::kLap, "LAP"),
    Row(CmAttribute::kApr, "APR"),
    Row(CmAttribute::kSap, "SAP"),
    Row(CmAttribute::kSpr, "SPR"),
};

constexpr AttributeRow kSmNames[] = {
    Row(SmAttribute::kNotice, "Notice"),
    Row(SmAttribute::kNodeDescription, "NodeDescription"),
    Row(SmAttribute::kNodeInfo, "NodeInfo"),
    Row(SmAttribute::kSwitchInfo, "SwitchInfo"),
    Row(SmAttribute::kGuidInfo, "GUIDInfo"),
    Row(SmAttribute::kPortInfo, "PortInfo"),
    Row(SmAttribute::kPkeyTable, "P_KeyTable"),
    Row(SmAttribute::kSlToVlTable, "SLtoVLMappingTable"),
    Row(SmAttribute::kVlArbitrationTable, "VLArbitrationTable"),
    Row(SmAttribute::kLinearForwardingTable, "LinearForwardingTable"),
    Row(SmAttribute::kRandomForwardingTable, "RandomForwardingTable"),
    Row(SmAttribute::kMulticastForwardingTable, "MulticastForwardingTable"),
    Row(SmAttribute::kSmInfo, "SMInfo"),
    Row(SmAttribute::kVendorDiag, "VendorDiag"),
    Row(SmAttribute::kLedInfo, "LedInfo"),
};

constexpr AttributeRow kSaNames[] = {
    Row(SaAttribute::kClassPortInfo, "ClassPortInfo"),
    Row(SaAttribute::kNotice, "Notice"),
    Row(SaAttribute::kInformInfo, "InformInfo"),
    Row(SaAttribute::kNodeRecord, "NodeRecord"),
    Row(SaAttribute::kPortInfoRecord, "PortInfoRecord"),
    Row(SaAttribute::kSlToVlTableRecord, "SLtoVLMappingTableRecord"),
    Row(SaAttribute::kSwitchInfoRecord, "SwitchInfoRecord"),
    Row(SaAttribute::kLinearForwardingTableRecord, "LinearForwardingTableRecord"),
    Row(SaAttribute::kMulticastForwardingTableRecord, "MulticastForwardingTableRecord"),
    Row(SaAttribute::kSmInfoRecord, "SMInfoRecord"),
    Row(SaAttribute::kLinkRecord, "LinkRecord"),
    Row(SaAttribute::kGuidInfoRecord, "GUIDInfoRecord"),
    Row(SaAttribute::kServiceRecord, "ServiceRecord"),
    Row(SaAttribute::kPkeyTableRecord, "P_KeyTableRecord"),
    Row(SaAttribute::kPathRecord, "PathRecord"),
    Row(SaAttribute::kVlArbitrationRecord, "VLArbitrationTableRecord"),
    Row(SaAttribute::kMcMemberRecord, "MCMemberRecord"),
    Row(SaAttribute::kMultiPathRecord, "MultiPathRecord"),
    Row(SaAttribute::kInformInfoRecord, "InformInfoRecord"),
};

constexpr AttributeRow kPmNames[] = {
    Row(PmAttribute::kClassPortInfo, "ClassPortInfo"),
    Row(PmAttribute::kPortCounters, "PortCounters"),
    Row(PmAttribute::kPortCountersExtended, "PortCountersExtended"),
};

std::span<const AttributeRow> NamesOf(MgmtClass mgmtClass)
{
    switch (mgmtClass)
    {
    case MgmtClass::kCm:
        return kCmNames;
    case MgmtClass::kSubnLidRouted:
    case MgmtClass::kSubnDirected:
        return kSmNames;
    case MgmtClass::kSubnAdm:
        return kSaNames;
    case MgmtClass::kPerformance:
        return kPmNames;
    default:
        return {};
    }
}

/** The name if there is one, otherwise the stem with the number behind it. */
std::string NameOrNumber(std::string_view name,
                         std::string_view stem,
                         std::uint64_t number,
                         std::size_t bits)
{
    return name != stem ? std::string(name)
                        : std::string(stem) + detail::FormatNumber(number, bits, Show::kHex);
}

} // namespace

const char* ToString(MadMethod method)
{
    switch (method)
    {
    case MadMethod::kGet:
        return "Get";
    case MadMethod::kSet:
        return "Set";
    case MadMethod::kSend:
        return "Send";
    case MadMethod::kTrap:
        return "Trap";
    case MadMethod::kReport:
        return "Report";
    case MadMethod::kTrapRepress:
        return "TrapRepress";
    case MadMethod::kGetTable:
        return "GetTable";
    case MadMethod::kGetTraceTable:
        return "GetTraceTable";
    case MadMethod::kGetMulti:
        return "GetMulti";
    case MadMethod::kDelete:
        return "Delete";
    case MadMethod::kGetResp:
        return "GetResp";
    case MadMethod::kReportResp:
        return "ReportResp";
    case MadMethod::kGetTableResp:
        return "GetTableResp";
    case MadMethod::kGetMultiResp:
        return "GetMultiResp";
    case MadMethod::kDeleteResp:
        return "DeleteResp";
    }
    return "Method";
}

const char* ToString(MgmtClass mgmtClass)
{
    switch (mgmtClass)
    {
    case MgmtClass::kSubnLidRouted:
    case MgmtClass::kSubnDirected:
        return "Subn";
    case MgmtClass::kSubnAdm:
        return "SubnAdm";
    case MgmtClass::kPerformance:
        return "Perf";
    case MgmtClass::kBaseboard:
        return "BM";
    case MgmtClass::kDevice:
        return "DevMgt";
    case MgmtClass::kCm:
        return "CM";
    case MgmtClass::kSnmp:
        return "SNMP";
    case MgmtClass::kCongestion:
        return "CC";
    }
    return "Class";
}

std::string_view AttributeName(MgmtClass mgmtClass, std::uint16_t attributeId)
{
    for (const AttributeRow& row : NamesOf(mgmtClass))
    {
        if (row.id == attributeId)
        {
            return row.name;
        }
    }
    return "";
}

std::string MadKindName(const MadBytes& mad)
{
    const MadHeader header = DecodeHeader(mad);
    const std::string_view known = AttributeName(header.mgmtClass, header.attributeId);
    if (header.mgmtClass == MgmtClass::kCm && header.method == MadMethod::kSend && !known.empty())
    {
        return std::string(known);
    }
    const auto classNumber = static_cast<std::uint64_t>(header.mgmtClass);
    const auto methodNumber = static_cast<std::uint64_t>(header.method);
    return NameOrNumber(ToString(header.mgmtClass), "Class", classNumber, 8) +
           NameOrNumber(ToString(header.method), "Method", methodNumber, 8) + "(" +
           NameOrNumber(known, "", header.attributeId, 16) + ")";
}

} // namespace ibwire
