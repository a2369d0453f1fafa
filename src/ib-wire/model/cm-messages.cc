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
    Result<CmMessage> result;
    const bool known = WithTypeOf(
        CmAttribute{header.attributeId},
        [&]<class M>(const M*) { result->emplace<M>(Unpack<M>(CmData(mad))); },
        static_cast<const CmMessage*>(nullptr));
    if (!known)
    {
        return tl::unexpected(WireError::kUnknownAttribute);
    }
    return result;
}

Result<MadBytes> EncodeCm(const MadHeader& header, const CmMessage& message)
{
    MadHeader complete = header;
    complete.baseVersion = kMadBaseVersion;
    complete.mgmtClass = MgmtClass::kCm;
    complete.classVersion = kCmClassVersion;
    complete.method = MadMethod::kSend;
    complete.attributeId = static_cast<std::uint16_t>(AttributeOf(message));
    MadBytes mad{};
    const Result<void> done =
        std::visit([&](const auto& m) { return Encode(m, CmData(mad)); }, message);
    if (!done)
    {
        return tl::unexpected(done.error());
    }
    EncodeHeader(complete, mad);
    return mad;
}

} // namespace ibwire
