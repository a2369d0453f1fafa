// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * BTH opcodes (IBA vol. 1, 9.2.1): three bits of service, five bits of operation.
 */
#ifndef IB_WIRE_OPCODES_H
#define IB_WIRE_OPCODES_H

#include <cstddef>
#include <cstdint>

namespace ibwire
{

/** The upper three bits of an opcode. */
enum class OpService : std::uint8_t
{
    kRc = 0,
    kUc = 1,
    kRd = 2,
    kUd = 3,
    kCnp = 4,
    kXrc = 5,
};

/** Opcodes of BTH. */
enum class OpCode : std::uint8_t
{
    kRcSendFirst = 0x00,
    kRcSendMiddle = 0x01,
    kRcSendLast = 0x02,
    kRcSendLastImmediate = 0x03,
    kRcSendOnly = 0x04,
    kRcSendOnlyImmediate = 0x05,
    kRcWriteFirst = 0x06,
    kRcWriteMiddle = 0x07,
    kRcWriteLast = 0x08,
    kRcWriteLastImmediate = 0x09,
    kRcWriteOnly = 0x0a,
    kRcWriteOnlyImmediate = 0x0b,
    kRcReadRequest = 0x0c,
    kRcReadResponseFirst = 0x0d,
    kRcReadResponseMiddle = 0x0e,
    kRcReadResponseLast = 0x0f,
    kRcReadResponseOnly = 0x10,
    kRcAcknowledge = 0x11,
    kRcAtomicAcknowledge = 0x12,
    kRcCompareSwap = 0x13,
    kRcFetchAdd = 0x14,
    kRcSendLastInvalidate = 0x16,
    kRcSendOnlyInvalidate = 0x17,
    kUcSendFirst = 0x20,
    kUcSendMiddle = 0x21,
    kUcSendLast = 0x22,
    kUcSendLastImmediate = 0x23,
    kUcSendOnly = 0x24,
    kUcSendOnlyImmediate = 0x25,
    kUcWriteFirst = 0x26,
    kUcWriteMiddle = 0x27,
    kUcWriteLast = 0x28,
    kUcWriteLastImmediate = 0x29,
    kUcWriteOnly = 0x2a,
    kUcWriteOnlyImmediate = 0x2b,
    kUdSendOnly = 0x64,
    kUdSendOnlyImmediate = 0x65,
    kCnp = 0x81,
};

/** The service of an opcode. */
constexpr OpService ServiceOf(OpCode opCode)
{
    return OpService{static_cast<std::uint8_t>(static_cast<std::uint8_t>(opCode) >> 5)};
}

/** "RC SEND Only", "UD SEND Only", …; "reserved opcode" for numbers not listed above. */
const char* ToString(OpCode opCode);

/**
 * How many bytes of extended headers an opcode puts between BTH and payload: DETH, RETH, AETH,
 * AtomicETH, AtomicAckETH, ImmDt, IETH. 0 for opcodes not listed above.
 */
std::size_t ExtendedHeaderBytes(OpCode opCode);

} // namespace ibwire

#endif // IB_WIRE_OPCODES_H
