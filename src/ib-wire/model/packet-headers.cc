// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/packet-headers.h"

namespace ibwire
{

namespace
{

struct OpCodeRow
{
    OpCode opCode;
    const char* text;
    std::uint8_t extendedBytes;
};

constexpr std::uint8_t kD = Deth::kBytes;
constexpr std::uint8_t kR = Reth::kBytes;
constexpr std::uint8_t kA = Aeth::kBytes;
constexpr std::uint8_t kI = ImmDt::kBytes;

constexpr OpCodeRow kRows[] = {
    {OpCode::kRcSendFirst, "RC SEND First", 0},
    {OpCode::kRcSendMiddle, "RC SEND Middle", 0},
    {OpCode::kRcSendLast, "RC SEND Last", 0},
    {OpCode::kRcSendLastImmediate, "RC SEND Last with Immediate", kI},
    {OpCode::kRcSendOnly, "RC SEND Only", 0},
    {OpCode::kRcSendOnlyImmediate, "RC SEND Only with Immediate", kI},
    {OpCode::kRcWriteFirst, "RC RDMA WRITE First", kR},
    {OpCode::kRcWriteMiddle, "RC RDMA WRITE Middle", 0},
    {OpCode::kRcWriteLast, "RC RDMA WRITE Last", 0},
    {OpCode::kRcWriteLastImmediate, "RC RDMA WRITE Last with Immediate", kI},
    {OpCode::kRcWriteOnly, "RC RDMA WRITE Only", kR},
    {OpCode::kRcWriteOnlyImmediate, "RC RDMA WRITE Only with Immediate", kR + kI},
    {OpCode::kRcReadRequest, "RC RDMA READ Request", kR},
    {OpCode::kRcReadResponseFirst, "RC RDMA READ response First", kA},
    {OpCode::kRcReadResponseMiddle, "RC RDMA READ response Middle", 0},
    {OpCode::kRcReadResponseLast, "RC RDMA READ response Last", kA},
    {OpCode::kRcReadResponseOnly, "RC RDMA READ response Only", kA},
    {OpCode::kRcAcknowledge, "RC Acknowledge", kA},
    {OpCode::kRcAtomicAcknowledge, "RC ATOMIC Acknowledge", kA + AtomicAckEth::kBytes},
    {OpCode::kRcCompareSwap, "RC CmpSwap", AtomicEth::kBytes},
    {OpCode::kRcFetchAdd, "RC FetchAdd", AtomicEth::kBytes},
    {OpCode::kRcSendLastInvalidate, "RC SEND Last with Invalidate", Ieth::kBytes},
    {OpCode::kRcSendOnlyInvalidate, "RC SEND Only with Invalidate", Ieth::kBytes},
    {OpCode::kUcSendFirst, "UC SEND First", 0},
    {OpCode::kUcSendMiddle, "UC SEND Middle", 0},
    {OpCode::kUcSendLast, "UC SEND Last", 0},
    {OpCode::kUcSendLastImmediate, "UC SEND Last with Immediate", kI},
    {OpCode::kUcSendOnly, "UC SEND Only", 0},
    {OpCode::kUcSendOnlyImmediate, "UC SEND Only with Immediate", kI},
    {OpCode::kUcWriteFirst, "UC RDMA WRITE First", kR},
    {OpCode::kUcWriteMiddle, "UC RDMA WRITE Middle", 0},
    {OpCode::kUcWriteLast, "UC RDMA WRITE Last", 0},
    {OpCode::kUcWriteLastImmediate, "UC RDMA WRITE Last with Immediate", kI},
    {OpCode::kUcWriteOnly, "UC RDMA WRITE Only", kR},
    {OpCode::kUcWriteOnlyImmediate, "UC RDMA WRITE Only with Immediate", kR + kI},
    {OpCode::kUdSendOnly, "UD SEND Only", kD},
    {OpCode::kUdSendOnlyImmediate, "UD SEND Only with Immediate", kD + kI},
    {OpCode::kCnp, "CNP", 16},
};

/** Index into kRows + 1 by opcode, 0 if there is no row: the data path asks for every packet. */
constexpr auto kRowOf = []
{
    std::array<std::uint8_t, 256> index{};
    std::uint8_t next = 1;
    for (const OpCodeRow& row : kRows)
    {
        index[static_cast<std::uint8_t>(row.opCode)] = next++;
    }
    return index;
}();

} // namespace

const char* ToString(OpCode opCode)
{
    const std::uint8_t row = kRowOf[static_cast<std::uint8_t>(opCode)];
    return row == 0 ? "reserved opcode" : kRows[row - 1].text;
}

std::size_t ExtendedHeaderBytes(OpCode opCode)
{
    const std::uint8_t row = kRowOf[static_cast<std::uint8_t>(opCode)];
    return row == 0 ? 0 : kRows[row - 1].extendedBytes;
}

const char* ToString(LinkNextHeader lnh)
{
    switch (lnh)
    {
    case LinkNextHeader::kRaw:
        return "raw";
    case LinkNextHeader::kIpNonIba:
        return "IPv6";
    case LinkNextHeader::kIbaLocal:
        return "BTH";
    case LinkNextHeader::kIbaGlobal:
        return "GRH";
    }
    return "reserved";
}

const char* ToString(AethKind kind)
{
    switch (kind)
    {
    case AethKind::kAck:
        return "ACK";
    case AethKind::kRnrNak:
        return "RNR NAK";
    case AethKind::kNak:
        return "NAK";
    }
    return "reserved";
}

} // namespace ibwire
