// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/cm-messages.h"

namespace ibwire
{

namespace
{

/** Calls f with a null pointer to the message type of an attribute; false if there is none. */
template <class F, class... M>
bool WithTypeOf(CmAttribute attribute, F&& f, const std::variant<M...>*)
{
    return ((attribute == kAttributeOf<M> ? (f(static_cast<const M*>(nullptr)), true) : false) ||
            ...);
}

/** Becomes the message when something is made of it, so that none is made and then copied. */
template <class M>
struct Unpacked
{
    std::span<const std::uint8_t, M::kBytes> bytes;

    operator M() const
    {
        return Unpack<M>(bytes);
    }
};

template <class M>
Result<CmMessage> DecodeAs(const MadBytes& mad)
{
    return Result<CmMessage>(tl::in_place, std::in_place_type<M>, Unpacked<M>{CmData(mad)});
}

} // namespace

CmAttribute AttributeOf(const CmMessage& message)
{
    return std::visit([]<class M>(const M&) { return kAttributeOf<M>; }, message);
}

std::string_view ToString(CmAttribute attribute)
{
    return AttributeName(MgmtClass::kCm, static_cast<std::uint16_t>(attribute));
}

Result<std::size_t> PrivateDataOffset(CmAttribute attribute)
{
    std::size_t offset = 0;
    const bool known = WithTypeOf(
        attribute,
        [&]<class M>(const M*) { offset = kPrivateDataOffset<M>; },
        static_cast<const CmMessage*>(nullptr));
    if (!known)
    {
        return tl::unexpected(WireError::kUnknownAttribute);
    }
    return offset;
}

Result<CmMessage> DecodeCm(const MadBytes& mad)
{
    const MadHeader header = DecodeHeader(mad);
    if (header.baseVersion != kMadBaseVersion)
    {
        return tl::unexpected(WireError::kBadVersion);
    }
    if (header.mgmtClass != MgmtClass::kCm)
    {
        return tl::unexpected(WireError::kBadClass);
    }
    if (header.classVersion != kCmClassVersion)
    {
        return tl::unexpected(WireError::kBadVersion);
    }
    if (header.method != MadMethod::kSend)
    {
        return tl::unexpected(WireError::kBadMethod);
    }
    switch (CmAttribute{header.attributeId})
    {
    case CmAttribute::kReq:
        return DecodeAs<CmReq>(mad);
    case CmAttribute::kMra:
        return DecodeAs<CmMra>(mad);
    case CmAttribute::kRej:
        return DecodeAs<CmRej>(mad);
    case CmAttribute::kRep:
        return DecodeAs<CmRep>(mad);
    case CmAttribute::kRtu:
        return DecodeAs<CmRtu>(mad);
    case CmAttribute::kDreq:
        return DecodeAs<CmDreq>(mad);
    case CmAttribute::kDrep:
        return DecodeAs<CmDrep>(mad);
    case CmAttribute::kSidrReq:
        return DecodeAs<CmSidrReq>(mad);
    case CmAttribute::kSidrRep:
        return DecodeAs<CmSidrRep>(mad);
    case CmAttribute::kLap:
        return DecodeAs<CmLap>(mad);
    case CmAttribute::kApr:
        return DecodeAs<CmApr>(mad);
    default:
        return tl::unexpected(WireError::kUnknownAttribute);
    }
}

Result<MadBytes> EncodeCm(const MadHeader& header, const CmMessage& message)
{
    return std::visit([&header](const auto& one) { return EncodeCm(header, one); }, message);
}

} // namespace ibwire
