// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * All messages of the connection manager, and the way from a MAD to one of them and back.
 */
#ifndef IB_WIRE_CM_MESSAGES_H
#define IB_WIRE_CM_MESSAGES_H

#include "ib-wire/model/class-port-info.h"
#include "ib-wire/model/cm-codes.h"
#include "ib-wire/model/cm-replies.h"
#include "ib-wire/model/cm-req.h"
#include "ib-wire/model/cm-sidr.h"
#include "ib-wire/model/ip-cm-header.h"
#include "ib-wire/model/mad.h"
#include "ib-wire/model/path-codes.h"

#include <cstdint>
#include <span>
#include <variant>

namespace ibwire
{

/** The class version that these layouts belong to. */
inline constexpr std::uint8_t kCmClassVersion = 2;

/** Any message that the CM sends. */
using CmMessage = std::
    variant<CmReq, CmMra, CmRej, CmRep, CmRtu, CmDreq, CmDrep, CmSidrReq, CmSidrRep, CmLap, CmApr>;

/** The attribute id that goes with each type of message. */
template <class M>
inline constexpr CmAttribute kAttributeOf = CmAttribute{0};
template <>
inline constexpr CmAttribute kAttributeOf<CmReq> = CmAttribute::kReq;
template <>
inline constexpr CmAttribute kAttributeOf<CmMra> = CmAttribute::kMra;
template <>
inline constexpr CmAttribute kAttributeOf<CmRej> = CmAttribute::kRej;
template <>
inline constexpr CmAttribute kAttributeOf<CmRep> = CmAttribute::kRep;
template <>
inline constexpr CmAttribute kAttributeOf<CmRtu> = CmAttribute::kRtu;
template <>
inline constexpr CmAttribute kAttributeOf<CmDreq> = CmAttribute::kDreq;
template <>
inline constexpr CmAttribute kAttributeOf<CmDrep> = CmAttribute::kDrep;
template <>
inline constexpr CmAttribute kAttributeOf<CmSidrReq> = CmAttribute::kSidrReq;
template <>
inline constexpr CmAttribute kAttributeOf<CmSidrRep> = CmAttribute::kSidrRep;
template <>
inline constexpr CmAttribute kAttributeOf<CmLap> = CmAttribute::kLap;
template <>
inline constexpr CmAttribute kAttributeOf<CmApr> = CmAttribute::kApr;

/** The attribute id of the message inside. */
CmAttribute AttributeOf(const CmMessage& message);

/** The name of an attribute: "REQ", …; "" if it has none. */
std::string_view ToString(CmAttribute attribute);

/** Where the private data of a message starts, in bytes from byte 24 of the MAD. */
template <class M>
inline constexpr std::size_t kPrivateDataOffset =
    std::get<detail::kIndexOf<&M::privateData>>(kFields<M>).pieces[0].byte;

/** How many bytes of private data a message carries. */
template <class M>
inline constexpr std::size_t kPrivateDataBytes = M::kBytes - kPrivateDataOffset<M>;

/**
 * Where the private data of a message starts, in bytes from byte 24 of the MAD.
 * \return kUnknownAttribute for attributes without a layout here (ClassPortInfo, SAP, SPR, others)
 */
Result<std::size_t> PrivateDataOffset(CmAttribute attribute);

/**
 * The message in a MAD.
 * \return kBadVersion (base version not 1, class version not 2), kBadClass (not class 7),
 *         kBadMethod (not Send), kUnknownAttribute (ClassPortInfo, SAP, SPR and undefined ids)
 */
Result<CmMessage> DecodeCm(const MadBytes& mad);

/**
 * The MAD with this header and message, in which base version, class, class version, method and
 * attribute id are those of the message, whatever the header says.
 * \return kFieldRange if a value is wider than its field
 */
template <Message M>
Result<MadBytes> EncodeCm(const MadHeader& header, const M& message)
{
    // Built where the caller has it: a MAD is copied often enough on its way.
    Result<MadBytes> mad(tl::in_place, MadBytes{});
    if (const Result<void> done = Encode(message, CmData(*mad)); !done)
    {
        mad = tl::unexpected(done.error());
        return mad;
    }
    MadHeader complete = header;
    complete.baseVersion = kMadBaseVersion;
    complete.mgmtClass = MgmtClass::kCm;
    complete.classVersion = kCmClassVersion;
    complete.method = MadMethod::kSend;
    complete.attributeId = static_cast<std::uint16_t>(kAttributeOf<M>);
    EncodeHeader(complete, *mad);
    return mad;
}

/** The same for whichever message it is. */
Result<MadBytes> EncodeCm(const MadHeader& header, const CmMessage& message);

} // namespace ibwire

#endif // IB_WIRE_CM_MESSAGES_H
