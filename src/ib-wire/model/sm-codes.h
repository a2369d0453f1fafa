// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * The codes in attributes of subnet management: nodes, port states, widths and speeds.
 */
#ifndef IB_WIRE_SM_CODES_H
#define IB_WIRE_SM_CODES_H

#include <cstdint>

namespace ibwire
{

/** NodeInfo.nodeType. */
enum class NodeType : std::uint8_t
{
    kChannelAdapter = 1,
    kSwitch = 2,
    kRouter = 3,
};

/** "CA", "Switch", "Router"; "reserved" for other numbers. */
const char* ToString(NodeType type);

/** PortInfo.portState. */
enum class PortState : std::uint8_t
{
    kNoChange = 0, ///< only in Set
    kDown = 1,
    kInit = 2,
    kArmed = 3,
    kActive = 4,
    kActiveDefer = 5,
};

/** "Down", "Initialize", "Armed", "Active", …; "reserved" for other numbers. */
const char* ToString(PortState state);

/** PortInfo.portPhysicalState; also the meaning of linkDownDefaultState. */
enum class PortPhysState : std::uint8_t
{
    kNoChange = 0, ///< only in Set
    kSleep = 1,
    kPolling = 2,
    kDisabled = 3,
    kTraining = 4,
    kLinkUp = 5,
    kLinkErrorRecovery = 6,
    kPhyTest = 7,
};

/** "Polling", "LinkUp", …; "reserved" for other numbers. */
const char* ToString(PortPhysState state);

/** One link width. Enabled and supported widths are sums of these. */
enum class LinkWidth : std::uint8_t
{
    kNone = 0,
    k1x = 1,
    k4x = 2,
    k8x = 4,
    k12x = 8,
    k2x = 16,
};

/** "1x" … "12x"; "none" for 0, "several" for sums. */
const char* ToString(LinkWidth width);

/** The number of lanes, 0 for other than one width. */
std::uint32_t Lanes(LinkWidth width);

/** PortInfo.linkSpeedActive and the bits of linkSpeedSupported and linkSpeedEnabled. */
enum class LinkSpeed : std::uint8_t
{
    kNone = 0, ///< an extended speed is in use
    kSdr = 1,  ///< 2.5 Gb/s a lane
    kDdr = 2,  ///< 5 Gb/s
    kQdr = 4,  ///< 10 Gb/s
};

/** "SDR", "DDR", "QDR"; "none" for 0, "several" for sums. */
const char* ToString(LinkSpeed speed);

/** PortInfo.linkSpeedExtActive and the bits of linkSpeedExtSupported and linkSpeedExtEnabled. */
enum class LinkSpeedExt : std::uint8_t
{
    kNone = 0,
    kFdr = 1, ///< 14.0625 Gb/s a lane
    kEdr = 2, ///< 25.78125 Gb/s
    kHdr = 4, ///< 53.125 Gb/s
    kNdr = 8, ///< 106.25 Gb/s
};

/** "FDR", "EDR", "HDR", "NDR"; "none" for 0, "several" for sums. */
const char* ToString(LinkSpeedExt speed);

/** SMInfo.smState. */
enum class SmState : std::uint8_t
{
    kNotActive = 0,
    kDiscovering = 1,
    kStandby = 2,
    kMaster = 3,
};

/** "not active", "discovering", "standby", "master"; "reserved" for other numbers. */
const char* ToString(SmState state);

/** Bits of PortInfo.capabilityMask, counted from the least significant. */
enum PortCapability : std::uint32_t
{
    kCapIsSm = 1U << 1,
    kCapNotice = 1U << 2,
    kCapTrap = 1U << 3,
    kCapOptionalIpd = 1U << 4,
    kCapAutoMigration = 1U << 5,
    kCapSlMapping = 1U << 6,
    kCapMkeyNvram = 1U << 7,
    kCapPkeyNvram = 1U << 8,
    kCapLedInfo = 1U << 9,
    kCapSmDisabled = 1U << 10,
    kCapSystemImageGuid = 1U << 11,
    kCapPkeySwitchExternalPortTrap = 1U << 12,
    kCapExtendedSpeeds = 1U << 14,
    kCapCapabilityMask2 = 1U << 15,
    kCapCommunicationManagement = 1U << 16,
    kCapSnmpTunneling = 1U << 17,
    kCapReinit = 1U << 18,
    kCapDeviceManagement = 1U << 19,
    kCapVendorClass = 1U << 20,
    kCapDrNotice = 1U << 21,
    kCapCapabilityMaskNotice = 1U << 22,
    kCapBootManagement = 1U << 23,
    kCapLinkRoundTripLatency = 1U << 24,
    kCapClientReregistration = 1U << 25,
    kCapOtherLocalChangesNotice = 1U << 26,
    kCapLinkSpeedWidthPairs = 1U << 27,
    kCapVendorMadsTable = 1U << 28,
    kCapMulticastPkeyTrapSuppression = 1U << 29,
    kCapMulticastFdbTop = 1U << 30,
    kCapHierarchyInfo = 1U << 31,
};

} // namespace ibwire

#endif // IB_WIRE_SM_CODES_H
