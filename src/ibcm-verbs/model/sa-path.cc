// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/sa-path.h"

#include "ib-wire/model/sa.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace cmverbs
{

namespace
{

constexpr std::uint16_t kSaStatusMask = 0xff00;
constexpr std::uint16_t kBusyBit = 1;

/** Why the administrator has no path; nothing wrong is no error. */
VerbsStatus CheckStatus(std::uint16_t status)
{
    if ((status & kBusyBit) != 0)
    {
        return tl::unexpected(VerbsError{EAGAIN, "the subnet administrator is busy"});
    }
    if (status == 0)
    {
        return {};
    }
    const auto reason = static_cast<ibwire::SaStatus>(status & kSaStatusMask);
    const bool unknown =
        reason == ibwire::SaStatus::kNoRecords || reason == ibwire::SaStatus::kInvalidGid;
    return tl::unexpected(VerbsError{
        unknown ? EHOSTUNREACH : EPROTO,
        fmt::format("the subnet administrator has no path to the peer (status {:#06x})", status)});
}

} // namespace

ibwire::MadBytes BuildPathQuery(const PathQuestion& question, std::uint32_t transactionId)
{
    ibwire::PathRecord record;
    record.sgid = question.sgid;
    record.dgid = question.dgid;
    record.pkey = question.pkey;
    record.serviceId = question.serviceId;
    record.reversible = true;
    record.numbPath = 1;
    ibwire::SaMad mad;
    mad.header.method = ibwire::MadMethod::kGet;
    mad.header.transactionId = transactionId;
    mad.header.attributeId = static_cast<std::uint16_t>(ibwire::SaAttribute::kPathRecord);
    mad.componentMask = ibwire::kPathSgid | ibwire::kPathDgid | ibwire::kPathPkey |
                        ibwire::kPathReversible | ibwire::kPathNumbPath;
    if (question.serviceId != 0)
    {
        mad.componentMask |= ibwire::kPathServiceId;
    }
    // All values fit their fields, so that neither can fail.
    (void)ibwire::Encode(record, std::span(mad.data).first<ibwire::PathRecord::kBytes>());
    ibwire::MadBytes bytes{};
    (void)ibwire::Encode(mad, std::span(bytes));
    return bytes;
}

VerbsResult<ibcm::Path> ReadPathAnswer(const ibwire::MadBytes& bytes, std::uint32_t transactionId)
{
    const ibwire::MadHeader header = ibwire::DecodeHeader(bytes);
    if (header.mgmtClass != ibwire::MgmtClass::kSubnAdm ||
        header.method != ibwire::MadMethod::kGetResp ||
        header.attributeId != static_cast<std::uint16_t>(ibwire::SaAttribute::kPathRecord) ||
        static_cast<std::uint32_t>(header.transactionId) != transactionId)
    {
        return tl::unexpected(VerbsError{EAGAIN, "not the answer"});
    }
    if (const VerbsStatus status = CheckStatus(header.status); !status)
    {
        return tl::unexpected(status.error());
    }
    const auto record = ibwire::Unpack<ibwire::PathRecord>(
        ibwire::SaData(bytes).first<ibwire::PathRecord::kBytes>());
    if (record.dlid == 0 || record.slid == 0 || ibwire::MtuBytes(record.mtu) == 0)
    {
        return tl::unexpected(
            VerbsError{EPROTO, "the subnet administrator answers with a path that makes no sense"});
    }
    ibcm::Path path;
    path.sgid = record.sgid;
    path.dgid = record.dgid;
    path.slid = record.slid;
    path.dlid = record.dlid;
    path.pkey = record.pkey;
    path.flowLabel = record.flowLabel;
    path.hopLimit = record.hopLimit;
    path.trafficClass = record.trafficClass;
    path.sl = record.sl;
    path.mtu = static_cast<std::uint8_t>(record.mtu);
    path.rate = static_cast<std::uint8_t>(record.rate);
    path.packetLifeTime = std::min<std::uint8_t>(record.packetLifeTime, 31);
    return path;
}

} // namespace cmverbs
