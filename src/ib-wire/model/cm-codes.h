// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * The code tables of the CM protocol (IBA vol. 1, chapter 12): reasons, statuses, services.
 */
#ifndef IB_WIRE_CM_CODES_H
#define IB_WIRE_CM_CODES_H

#include <cstdint>

namespace ibwire
{

/** REJ.reason (12.6.7.2). */
enum class RejReason : std::uint16_t
{
    kNoQp = 1,
    kNoEec = 2,
    kNoResources = 3,
    kTimeout = 4, ///< ARI: CA GUID of the rejecting side, 8 bytes
    kUnsupportedRequest = 5,
    kInvalidCommId = 6,
    kInvalidCommInstance = 7,
    kInvalidServiceId = 8,
    kInvalidTransportType = 9,
    kStaleConnection = 10,
    kRdcNotExist = 11,
    kPrimaryRemoteGid = 12, ///< ARI: acceptable GID, 16 bytes
    kPrimaryRemoteLid = 13, ///< ARI: acceptable LID, 2 bytes
    kPrimarySl = 14,
    kPrimaryTrafficClass = 15,
    kPrimaryHopLimit = 16,
    kPrimaryPacketRate = 17,
    kAlternateRemoteGid = 18, ///< ARI: acceptable GID, 16 bytes
    kAlternateRemoteLid = 19, ///< ARI: acceptable LID, 2 bytes
    kAlternateSl = 20,
    kAlternateTrafficClass = 21,
    kAlternateHopLimit = 22,
    kAlternatePacketRate = 23,
    kPortAndCmRedirect = 24, ///< ARI: ClassPortInfo, 72 bytes
    kPortRedirect = 25,
    kInvalidMtu = 26, ///< ARI: largest acceptable MTU code
    kInsufficientResponderResources = 27,
    kConsumer = 28, ///< ARI: the consumer's
    kRnrRetryCount = 29,
    kDuplicateLocalCommId = 30,
    kInvalidClassVersion = 31, ///< ARI: highest supported class version
    kPrimaryFlowLabel = 32,
    kAlternateFlowLabel = 33,
    kVendorOptionNotSupported = 35,
};

/** "invalid service ID", …; "unrecognized reason" for other numbers. */
const char* ToString(RejReason reason);

/** Which message a REJ answers (12.6.7). */
enum class MessageRejected : std::uint8_t
{
    kReq = 0,
    kRep = 1,
    kOther = 2, ///< none: a timeout
};

/** "REQ", "REP", "other"; "reserved" for 3. */
const char* ToString(MessageRejected message);

/** Which message an MRA acknowledges (12.6.6). */
enum class MessageMraed : std::uint8_t
{
    kReq = 0,
    kRep = 1,
    kLap = 2,
};

/** "REQ", "REP", "LAP"; "reserved" for 3. */
const char* ToString(MessageMraed message);

/** APR.status (12.8.2). */
enum class AprStatus : std::uint8_t
{
    kSuccess = 0,
    kInvalidCommId = 1,
    kUnsupported = 2,
    kRejected = 3,
    kRedirect = 4, ///< additional information: ClassPortInfo
    kIsCurrentPath = 5,
    kInvalidQpn = 6,
    kInvalidLid = 7,
    kInvalidGid = 8,
    kInvalidFlowLabel = 9,
    kInvalidTrafficClass = 10,
    kInvalidHopLimit = 11,
    kInvalidPacketRate = 12,
    kInvalidSl = 13,
};

/** "success", "alternate path not supported", …; "unrecognized status" for other numbers. */
const char* ToString(AprStatus status);

/** SIDR_REP.status (12.11.2). */
enum class SidrStatus : std::uint8_t
{
    kSuccess = 0,
    kServiceNotSupported = 1,
    kRejected = 2,
    kNoQp = 3,
    kRedirect = 4, ///< additional information: ClassPortInfo
    kVersionNotSupported = 5,
};

/** "success", "service ID not supported", …; "unrecognized status" for other numbers. */
const char* ToString(SidrStatus status);

/** REQ.transportServiceType (12.6.5). */
enum class TransportService : std::uint8_t
{
    kRc = 0,
    kUc = 1,
    kRd = 2,
    kExtended = 3, ///< see REQ.extendedTransportType
};

/** "RC", "UC", "RD", "extended". */
const char* ToString(TransportService service);

/** REQ.extendedTransportType, valid with TransportService::kExtended. */
enum class ExtendedTransport : std::uint8_t
{
    kNone = 0,
    kXrc = 1,
};

/** "none", "XRC"; "reserved" for other numbers. */
const char* ToString(ExtendedTransport transport);

/** REP.failoverAccepted: what became of the alternate path of the REQ (12.6.8). */
enum class Failover : std::uint8_t
{
    kAccepted = 0,
    kNotSupported = 1,
    kRejected = 2,
};

/** "accepted", "not supported", "rejected"; "reserved" for 3. */
const char* ToString(Failover failover);

} // namespace ibwire

#endif // IB_WIRE_CM_CODES_H
