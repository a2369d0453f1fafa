// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * The headers of a packet (IBA vol. 1, chapters 7 to 9): link, route and transport.
 *
 * On the wire: LRH, GRH (if LRH.lnh says so), BTH, extended headers by opcode, payload, pad, ICRC
 * (4 bytes), VCRC (2 bytes).
 */
#ifndef IB_WIRE_PACKET_HEADERS_H
#define IB_WIRE_PACKET_HEADERS_H

#include "ib-wire/model/codec.h"
#include "ib-wire/model/opcodes.h"

#include <cstdint>
#include <string_view>

namespace ibwire
{

inline constexpr std::size_t kIcrcBytes = 4;
inline constexpr std::size_t kVcrcBytes = 2;

/** LRH.lnh: what follows the local route header. */
enum class LinkNextHeader : std::uint8_t
{
    kRaw = 0,      ///< raw packet, ethertype
    kIpNonIba = 1, ///< raw packet, IPv6
    kIbaLocal = 2, ///< BTH
    kIbaGlobal = 3 ///< GRH, then BTH
};

/** "raw", "IPv6", "BTH", "GRH". */
const char* ToString(LinkNextHeader lnh);

/** Local route header. */
struct Lrh
{
    std::uint8_t vl{};   ///< 4 bits
    std::uint8_t lver{}; ///< 4 bits, 0
    std::uint8_t sl{};   ///< 4 bits
    LinkNextHeader lnh{};
    std::uint16_t dlid{};
    std::uint16_t pktLen{}; ///< 11 bits: words from the LRH to the last before VCRC
    std::uint16_t slid{};

    static constexpr std::string_view kName = "LRH";
    static constexpr std::size_t kBytes = 8;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&Lrh::vl>{"VL", 0, 0, 4},
                               Field<&Lrh::lver>{"LVer", 0, 4, 4},
                               Field<&Lrh::sl>{"SL", 1, 0, 4},
                               Field<&Lrh::lnh>{"LNH", 1, 6, 2},
                               Field<&Lrh::dlid>{"DLID", 2, 0, 16},
                               Field<&Lrh::pktLen>{"PktLen", 4, 5, 11},
                               Field<&Lrh::slid>{"SLID", 6, 0, 16});
    }

    friend bool operator==(const Lrh&, const Lrh&) = default;
};

/** GRH.nxtHdr of InfiniBand transport. */
inline constexpr std::uint8_t kGrhNextHeaderIba = 0x1b;

/** Global route header. */
struct Grh
{
    std::uint8_t ipVer{6}; ///< 4 bits, 6
    std::uint8_t trafficClass{};
    std::uint32_t flowLabel{}; ///< 20 bits
    std::uint16_t payLen{};    ///< bytes behind the GRH up to and with the ICRC
    std::uint8_t nxtHdr{kGrhNextHeaderIba};
    std::uint8_t hopLimit{};
    Gid sgid{};
    Gid dgid{};

    static constexpr std::string_view kName = "GRH";
    static constexpr std::size_t kBytes = 40;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&Grh::ipVer>{"IPVer", 0, 0, 4},
                               Field<&Grh::trafficClass>{"TClass", 0, 4, 8, Show::kHex},
                               Field<&Grh::flowLabel>{"FlowLabel", 1, 4, 20, Show::kHex},
                               Field<&Grh::payLen>{"PayLen", 4, 0, 16},
                               Field<&Grh::nxtHdr>{"NxtHdr", 6, 0, 8, Show::kHex},
                               Field<&Grh::hopLimit>{"HopLmt", 7, 0, 8},
                               Field<&Grh::sgid>{"SGID", 8, 0, 128},
                               Field<&Grh::dgid>{"DGID", 24, 0, 128});
    }

    friend bool operator==(const Grh&, const Grh&) = default;
};

/** Base transport header. */
struct Bth
{
    OpCode opCode{};
    bool solicitedEvent{};
    bool migReq{};
    std::uint8_t padCount{}; ///< 2 bits
    std::uint8_t tver{};     ///< 4 bits, 0
    std::uint16_t pkey{};
    bool fecn{};
    bool becn{};
    std::uint32_t destQp{}; ///< 24 bits
    bool ackReq{};
    std::uint32_t psn{}; ///< 24 bits

    static constexpr std::string_view kName = "BTH";
    static constexpr std::size_t kBytes = 12;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&Bth::opCode>{"OpCode", 0, 0, 8, Show::kHex},
                               Field<&Bth::solicitedEvent>{"SE", 1, 0, 1},
                               Field<&Bth::migReq>{"MigReq", 1, 1, 1},
                               Field<&Bth::padCount>{"PadCnt", 1, 2, 2},
                               Field<&Bth::tver>{"TVer", 1, 4, 4},
                               Field<&Bth::pkey>{"P_Key", 2, 0, 16, Show::kHex},
                               Field<&Bth::fecn>{"FECN", 4, 0, 1},
                               Field<&Bth::becn>{"BECN", 4, 1, 1},
                               Field<&Bth::destQp>{"DestQP", 5, 0, 24, Show::kHex},
                               Field<&Bth::ackReq>{"AckReq", 8, 0, 1},
                               Field<&Bth::psn>{"PSN", 9, 0, 24, Show::kHex});
    }

    friend bool operator==(const Bth&, const Bth&) = default;
};

/** Datagram extended transport header. */
struct Deth
{
    std::uint32_t qkey{};
    std::uint32_t srcQp{}; ///< 24 bits

    static constexpr std::string_view kName = "DETH";
    static constexpr std::size_t kBytes = 8;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&Deth::qkey>{"Q_Key", 0, 0, 32, Show::kHex},
                               Field<&Deth::srcQp>{"SrcQP", 5, 0, 24, Show::kHex});
    }

    friend bool operator==(const Deth&, const Deth&) = default;
};

/** RDMA extended transport header. */
struct Reth
{
    std::uint64_t virtualAddress{};
    std::uint32_t rKey{};
    std::uint32_t dmaLength{}; ///< bytes

    static constexpr std::string_view kName = "RETH";
    static constexpr std::size_t kBytes = 16;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&Reth::virtualAddress>{"VA", 0, 0, 64, Show::kHex},
                               Field<&Reth::rKey>{"R_Key", 8, 0, 32, Show::kHex},
                               Field<&Reth::dmaLength>{"DMALen", 12, 0, 32});
    }

    friend bool operator==(const Reth&, const Reth&) = default;
};

/** AETH.syndrome, upper three bits: what kind of acknowledgment. */
enum class AethKind : std::uint8_t
{
    kAck = 0,    ///< value: credit count code, 31 = invalid
    kRnrNak = 1, ///< value: timer code
    kNak = 3,    ///< value: NakCode
};

/** "ACK", "RNR NAK", "NAK"; "reserved" for 2 and above 3. */
const char* ToString(AethKind kind);

/** AETH.value of a NAK. */
enum class NakCode : std::uint8_t
{
    kPsnSequenceError = 0,
    kInvalidRequest = 1,
    kRemoteAccessError = 2,
    kRemoteOperationalError = 3,
    kInvalidRdRequest = 4,
};

/** ACK extended transport header; the syndrome is split into its kind and its value. */
struct Aeth
{
    AethKind kind{};      ///< 3 bits, the most significant of which is reserved
    std::uint8_t value{}; ///< 5 bits: credit count, RNR timer or NakCode
    std::uint32_t msn{};  ///< 24 bits

    static constexpr std::string_view kName = "AETH";
    static constexpr std::size_t kBytes = 4;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&Aeth::kind>{"Syndrome kind", 0, 0, 3},
                               Field<&Aeth::value>{"Syndrome value", 0, 3, 5},
                               Field<&Aeth::msn>{"MSN", 1, 0, 24});
    }

    friend bool operator==(const Aeth&, const Aeth&) = default;
};

/** Immediate data. */
struct ImmDt
{
    std::uint32_t immediate{};

    static constexpr std::string_view kName = "ImmDt";
    static constexpr std::size_t kBytes = 4;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&ImmDt::immediate>{"ImmDt", 0, 0, 32, Show::kHex});
    }

    friend bool operator==(const ImmDt&, const ImmDt&) = default;
};

/** Atomic extended transport header. */
struct AtomicEth
{
    std::uint64_t virtualAddress{};
    std::uint32_t rKey{};
    std::uint64_t swapOrAdd{};
    std::uint64_t compare{};

    static constexpr std::string_view kName = "AtomicETH";
    static constexpr std::size_t kBytes = 28;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&AtomicEth::virtualAddress>{"VA", 0, 0, 64, Show::kHex},
                               Field<&AtomicEth::rKey>{"R_Key", 8, 0, 32, Show::kHex},
                               Field<&AtomicEth::swapOrAdd>{"SwapDt", 12, 0, 64, Show::kHex},
                               Field<&AtomicEth::compare>{"CmpDt", 20, 0, 64, Show::kHex});
    }

    friend bool operator==(const AtomicEth&, const AtomicEth&) = default;
};

/** Atomic ACK extended transport header. */
struct AtomicAckEth
{
    std::uint64_t originalData{};

    static constexpr std::string_view kName = "AtomicAckETH";
    static constexpr std::size_t kBytes = 8;

    static constexpr auto Fields()
    {
        return std::make_tuple(
            Field<&AtomicAckEth::originalData>{"OrigRemDt", 0, 0, 64, Show::kHex});
    }

    friend bool operator==(const AtomicAckEth&, const AtomicAckEth&) = default;
};

/** Invalidate extended transport header. */
struct Ieth
{
    std::uint32_t rKey{};

    static constexpr std::string_view kName = "IETH";
    static constexpr std::size_t kBytes = 4;

    static constexpr auto Fields()
    {
        return std::make_tuple(Field<&Ieth::rKey>{"R_Key", 0, 0, 32, Show::kHex});
    }

    friend bool operator==(const Ieth&, const Ieth&) = default;
};

} // namespace ibwire

#endif // IB_WIRE_PACKET_HEADERS_H
