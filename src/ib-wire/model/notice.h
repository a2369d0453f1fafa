// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * Notice (IBA vol. 1, 13.4.8.2), the body of traps and reports.
 */
#ifndef IB_WIRE_NOTICE_H
#define IB_WIRE_NOTICE_H

#include "ib-wire/model/codec.h"

#include <infiniband/umad_sm.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace ibwire
{

/** Trap numbers of subnet management. */
enum class SmTrap : std::uint16_t
{
    kGidInService = UMAD_SM_GID_IN_SERVICE_TRAP,
    kGidOutOfService = UMAD_SM_GID_OUT_OF_SERVICE_TRAP,
    kMgidCreated = UMAD_SM_MGID_CREATED_TRAP,
    kMgidDestroyed = UMAD_SM_MGID_DESTROYED_TRAP,
    kLinkStateChanged = UMAD_SM_LINK_STATE_CHANGED_TRAP,
    kLinkIntegrityThreshold = UMAD_SM_LINK_INTEGRITY_THRESHOLD_TRAP,
    kBufferOverrunThreshold = UMAD_SM_BUFFER_OVERRUN_THRESHOLD_TRAP,
    kWatchdogTimerExpired = UMAD_SM_WATCHDOG_TIMER_EXPIRED_TRAP,
    kLocalChanges = UMAD_SM_LOCAL_CHANGES_TRAP,
    kSystemImageGuidChanged = UMAD_SM_SYS_IMG_GUID_CHANGED_TRAP,
    kBadMkey = UMAD_SM_BAD_MKEY_TRAP,
    kBadPkey = UMAD_SM_BAD_PKEY_TRAP,
    kBadQkey = UMAD_SM_BAD_QKEY_TRAP,
    kBadSwitchPkey = UMAD_SM_BAD_SWITCH_PKEY_TRAP,
};

/** The 64 bytes of a Notice that fit an SMP. */
struct Notice
{
    bool isGeneric{};
    std::uint8_t type{};          ///< 7 bits: 0 fatal, 1 urgent, 2 security, 3 SM, 4 info
    std::uint32_t producerType{}; ///< 24 bits: node type of the producer, or a vendor id
    std::uint16_t trapNumber{};   ///< SmTrap, or a device id
    std::uint16_t issuerLid{};
    bool noticeToggle{};
    std::uint16_t noticeCount{}; ///< 15 bits
    std::array<std::uint8_t, 54> dataDetails{};

    static constexpr std::string_view kName = "Notice";
    static constexpr std::size_t kBytes = 64;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&Notice::isGeneric>{"IsGeneric", 0, 0, 1},
            Field<&Notice::type>{"Type", 0, 1, 7},
            Field<&Notice::producerType>{"ProducerType/VendorID", 1, 0, 24, Show::kHex},
            Field<&Notice::trapNumber>{"TrapNumber/DeviceID", 4, 0, 16},
            Field<&Notice::issuerLid>{"IssuerLID", 6, 0, 16},
            Field<&Notice::noticeToggle>{"NoticeToggle", 8, 0, 1},
            Field<&Notice::noticeCount>{"NoticeCount", 8, 1, 15},
            Field<&Notice::dataDetails>{"DataDetails", 10, 0, 54 * 8});
    }

    friend bool operator==(const Notice&, const Notice&) = default;
};

/** A Notice as subnet administration reports it, with the GID of the issuer behind it. */
struct NoticeReport
{
    Notice notice{};
    Gid issuerGid{};

    static constexpr std::string_view kName = "NoticeReport";
    static constexpr std::size_t kBytes = 80;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&NoticeReport::notice>{"Notice", 0, 0, 64 * 8},
                               Field<&NoticeReport::issuerGid>{"IssuerGID", 64, 0, 128});
    }

    friend bool operator==(const NoticeReport&, const NoticeReport&) = default;
};

} // namespace ibwire

#endif // IB_WIRE_NOTICE_H
