// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is asked of the CM class besides its messages: ClassPortInfo (InfiniBand Architecture vol.
// 1, 13.4.8.1, 12.10.5), other Gets and Sets, and messages of another class version.
#include "ibcm/model/core.h"

#include <algorithm>

namespace ibcm
{

namespace
{

constexpr std::uint16_t kStatusBadVersion = 0x0004;
constexpr std::uint16_t kStatusUnsupported = 0x000c;

constexpr std::uint16_t kCapabilities = ibwire::kCmReliableConnectionCapable |
                                        ibwire::kCmUnreliableConnectionCapable |
                                        ibwire::kCmSidrCapable;

} // namespace

void Core::AnswerUnsupported(const Received& rx,
                             const ibwire::MadHeader& header,
                             std::uint16_t status)
{
    ibwire::MadBytes answer = rx.mad.bytes;
    ibwire::MadHeader head = header;
    head.method = ibwire::MadMethod::kGetResp;
    head.status = status;
    ibwire::EncodeHeader(head, answer);
    (void)rx.port.Send(answer, rx.mad.replyAddress, Duration{0}, 0, 0);
}

void Core::AnswerClassPortInfo(const Received& rx, const ibwire::MadHeader& header)
{
    const bool known =
        header.attributeId == static_cast<std::uint16_t>(ibwire::CmAttribute::kClassPortInfo);
    if (!known || header.method != ibwire::MadMethod::kGet || !Strict())
    {
        Discarded(rx, known ? Discard::kMethod : Discard::kAttribute);
        AnswerUnsupported(rx, header, kStatusUnsupported);
        return;
    }
    ibwire::ClassPortInfo info;
    if (m_options.redirect)
    {
        info = *m_options.redirect;
    }
    info.baseVersion = ibwire::kMadBaseVersion;
    info.classVersion = ibwire::kCmClassVersion;
    info.capabilityMask = kCapabilities;
    info.respTimeValue = std::min<std::uint8_t>(m_options.responseTime, 31);
    ibwire::MadBytes answer{};
    ibwire::MadHeader head = header;
    head.method = ibwire::MadMethod::kGetResp;
    head.status = 0;
    ibwire::EncodeHeader(head, answer);
    const auto bytes = RedirectInfo(info);
    std::copy(bytes.begin(), bytes.end(), answer.begin() + ibwire::kMadHeaderBytes);
    (void)rx.port.Send(answer, rx.mad.replyAddress, Duration{0}, 0, 0);
}

void Core::AnswerClassVersion(const Received& rx, const ibwire::MadHeader& header)
{
    if (!Strict())
    {
        return;
    }
    if (header.method == ibwire::MadMethod::kGet || header.method == ibwire::MadMethod::kSet)
    {
        AnswerUnsupported(rx, header, kStatusBadVersion);
        return;
    }
    if (header.method != ibwire::MadMethod::kSend)
    {
        return;
    }
    // What identifies the sender lies at the same place in all versions; more is not read.
    const auto data =
        std::span(rx.mad.bytes).subspan<ibwire::kMadHeaderBytes, ibwire::CmReq::kBytes>();
    switch (static_cast<ibwire::CmAttribute>(header.attributeId))
    {
    case ibwire::CmAttribute::kReq:
    {
        ibwire::CmReq req;
        req.localCommId = ibwire::Get<&ibwire::CmReq::localCommId>(data);
        const std::uint8_t highest = ibwire::kCmClassVersion;
        RejectStateless(rx,
                        req,
                        ibwire::RejReason::kInvalidClassVersion,
                        std::span<const std::uint8_t>(&highest, 1));
        return;
    }
    case ibwire::CmAttribute::kSidrReq:
    {
        SidrRepParameters answer;
        answer.status = ibwire::SidrStatus::kVersionNotSupported;
        SendStateless(rx,
                      ComposeSidrRep(answer,
                                     ibwire::Get<&ibwire::CmSidrReq::requestId>(data),
                                     ibwire::Get<&ibwire::CmSidrReq::serviceId>(data)));
        return;
    }
    default:
        return;
    }
}

} // namespace ibcm
