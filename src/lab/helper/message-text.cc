// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/message-text.h"

#include "ib-wire/model/cm-messages.h"
#include "lab/helper/text-row.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

namespace lab
{

namespace
{

constexpr std::size_t kCommIdDigits = 8;

template <class M>
concept HasLocalId = requires(M message)
{
    message.localCommId;
};

template <class M>
concept HasRemoteId = requires(M message)
{
    message.remoteCommId;
};

std::string Hex(std::uint32_t commId)
{
    return fmt::format("{:08x}", commId);
}

/** Private data that is text, in quotes; empty if it is none. */
std::string TextIn(std::span<const std::uint8_t> data)
{
    constexpr std::size_t kMost = 24;
    std::string text(data.begin(), data.end());
    text.erase(text.find_last_not_of('\0') + 1);
    const bool readable = std::ranges::all_of(text, [](char c) { return c >= ' ' && c != 0x7f; });
    return text.empty() || !readable ? std::string() : fmt::format("\"{}\"", CutTo(text, kMost));
}

/** What is told of each kind of message, besides ids and private data. */
struct Telling
{
    std::vector<std::string>& details;

    void operator()(const ibwire::CmReq& req)
    {
        details.push_back(fmt::format("service {:#x}", req.serviceId));
        details.push_back(fmt::format("QPN {:#x}", req.localQpn));
    }

    void operator()(const ibwire::CmRep& rep)
    {
        details.push_back(fmt::format("QPN {:#x}", rep.localQpn));
    }

    void operator()(const ibwire::CmRej& rej)
    {
        details.push_back(fmt::format(
            "reason {} ({})", static_cast<unsigned>(rej.reason), ibwire::ToString(rej.reason)));
    }

    void operator()(const ibwire::CmMra& mra)
    {
        details.push_back(fmt::format("of {}", ibwire::ToString(mra.messageMraed)));
        details.push_back(fmt::format("service timeout {}", mra.serviceTimeout));
    }

    void operator()(const ibwire::CmDreq& dreq)
    {
        details.push_back(fmt::format("of QPN {:#x}", dreq.remoteQpn));
    }

    void operator()(const ibwire::CmLap& lap)
    {
        details.push_back(
            fmt::format("LID {} to {}", lap.alternateLocalLid, lap.alternateRemoteLid));
    }

    void operator()(const ibwire::CmApr& apr)
    {
        details.push_back(fmt::format(
            "status {} ({})", static_cast<unsigned>(apr.status), ibwire::ToString(apr.status)));
    }

    void operator()(const ibwire::CmSidrReq& req)
    {
        details.push_back(fmt::format("service {:#x}", req.serviceId));
    }

    void operator()(const ibwire::CmSidrRep& rep)
    {
        details.push_back(fmt::format(
            "status {} ({})", static_cast<unsigned>(rep.status), ibwire::ToString(rep.status)));
    }

    void operator()(const auto& /*rtuOrDrep*/)
    {
        // Their ids are all that they carry.
    }
};

} // namespace

CommIds CommIdsOf(const ibwire::MadBytes& mad)
{
    CommIds ids;
    const auto decoded = ibwire::DecodeCm(mad);
    if (decoded)
    {
        std::visit(
            [&ids](const auto& message)
            {
                if constexpr (HasLocalId<decltype(message)>)
                {
                    ids.local = message.localCommId;
                }
                if constexpr (HasRemoteId<decltype(message)>)
                {
                    ids.remote = message.remoteCommId;
                }
            },
            *decoded);
    }
    return ids;
}

CommIdNames::CommIdNames(const RunRecord& record)
{
    std::set<std::string> ids;
    for (const MadRecord& message : record.messages)
    {
        const CommIds found = CommIdsOf(message.bytes);
        ids.insert(Hex(found.local));
        ids.insert(Hex(found.remote));
    }
    std::string before;
    for (const std::string& id : ids)
    {
        // Neighbours in the sorted set have the longest beginnings in common.
        std::size_t common = 0;
        while (common < before.size() && before[common] == id[common])
        {
            ++common;
        }
        m_digits = std::min(kCommIdDigits, std::max(m_digits, common + 1));
        before = id;
    }
}

std::string CommIdNames::Name(std::uint32_t commId) const
{
    return commId == 0 ? "0" : Hex(commId).substr(0, m_digits);
}

std::vector<std::string> MessageDetails(const MadRecord& message, const CommIdNames& names)
{
    std::vector<std::string> details;
    const auto decoded = ibwire::DecodeCm(message.bytes);
    if (!decoded)
    {
        return details;
    }
    std::visit(Telling{details}, *decoded);
    const CommIds ids = CommIdsOf(message.bytes);
    if (ids.local != 0 || ids.remote != 0)
    {
        details.push_back("id " + names.Name(ids.local) +
                          (ids.remote == 0 ? "" : "→" + names.Name(ids.remote)));
    }
    const std::string text =
        std::visit([](const auto& body) { return TextIn(body.privateData); }, *decoded);
    if (!text.empty())
    {
        // Why it was rejected says more than whose rejection it is.
        const bool first = std::holds_alternative<ibwire::CmRej>(*decoded);
        details.insert(first ? details.begin() + 1 : details.end(), text);
    }
    return details;
}

} // namespace lab
