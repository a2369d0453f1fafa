// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "replay-step.h"

#include <type_traits>
#include <variant>

namespace ibcm::test
{

namespace
{

template <class M>
concept HasLocalCommId = requires(M message)
{
    message.localCommId;
};
template <class M>
concept HasRemoteCommId = requires(M message)
{
    message.remoteCommId;
};

} // namespace

std::optional<ibwire::CmAttribute> KindOf(const ReplayStep& step)
{
    return step.message ? std::optional(ibwire::AttributeOf(*step.message)) : std::nullopt;
}

bool Is(const ReplayStep& step, ibwire::CmAttribute kind)
{
    return KindOf(step) == kind;
}

bool IsOurs(const ReplayStep& step)
{
    return step.what == ReplayStep::What::kExpect || step.what == ReplayStep::What::kExpectAgain ||
           step.what == ReplayStep::What::kUnknown;
}

bool Answers(ibwire::CmAttribute answer, ibwire::CmAttribute request)
{
    using ibwire::CmAttribute;
    switch (request)
    {
    case CmAttribute::kReq:
        return answer == CmAttribute::kRep || answer == CmAttribute::kRej;
    case CmAttribute::kRep:
        return answer == CmAttribute::kRtu || answer == CmAttribute::kRej ||
               answer == CmAttribute::kDreq;
    case CmAttribute::kDreq:
        return answer == CmAttribute::kDrep || answer == CmAttribute::kDreq;
    case CmAttribute::kSidrReq:
        return answer == CmAttribute::kSidrRep;
    case CmAttribute::kLap:
        return answer == CmAttribute::kApr;
    default:
        return false;
    }
}

bool IsReliable(ibwire::CmAttribute kind)
{
    using ibwire::CmAttribute;
    switch (kind)
    {
    case CmAttribute::kReq:
    case CmAttribute::kRep:
    case CmAttribute::kDreq:
    case CmAttribute::kSidrReq:
    case CmAttribute::kLap:
        return true;
    default:
        return false;
    }
}

ibwire::CmAttribute MraedBy(const ibwire::CmMra& mra)
{
    switch (mra.messageMraed)
    {
    case ibwire::MessageMraed::kReq:
        return ibwire::CmAttribute::kReq;
    case ibwire::MessageMraed::kRep:
        return ibwire::CmAttribute::kRep;
    case ibwire::MessageMraed::kLap:
        break;
    }
    return ibwire::CmAttribute::kLap;
}

std::uint32_t LocalIdOf(const ibwire::CmMessage& message)
{
    return std::visit(
        [](const auto& m) -> std::uint32_t
        {
            using M = std::decay_t<decltype(m)>;
            if constexpr (HasLocalCommId<M>)
            {
                return m.localCommId;
            }
            else if constexpr (std::is_same_v<M, ibwire::CmSidrReq>)
            {
                return m.requestId;
            }
            return 0;
        },
        message);
}

std::uint32_t RemoteIdOf(const ibwire::CmMessage& message)
{
    return std::visit(
        [](const auto& m) -> std::uint32_t
        {
            using M = std::decay_t<decltype(m)>;
            if constexpr (HasRemoteCommId<M>)
            {
                return m.remoteCommId;
            }
            else if constexpr (std::is_same_v<M, ibwire::CmSidrRep>)
            {
                return m.requestId;
            }
            return 0;
        },
        message);
}

void SetLocalId(ibwire::CmMessage& message, std::uint32_t id)
{
    std::visit(
        [id](auto& m)
        {
            using M = std::decay_t<decltype(m)>;
            if constexpr (HasLocalCommId<M>)
            {
                m.localCommId = id;
            }
            else if constexpr (std::is_same_v<M, ibwire::CmSidrReq>)
            {
                m.requestId = id;
            }
        },
        message);
}

void SetRemoteId(ibwire::CmMessage& message, std::uint32_t id)
{
    std::visit(
        [id](auto& m)
        {
            using M = std::decay_t<decltype(m)>;
            if constexpr (HasRemoteCommId<M>)
            {
                m.remoteCommId = id;
            }
            else if constexpr (std::is_same_v<M, ibwire::CmSidrRep>)
            {
                m.requestId = id;
            }
        },
        message);
}

} // namespace ibcm::test
