// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/** \file
 * What the tests of all layouts share: the list of them, a generator, and a slow reader of bits
 * that knows nothing of the tricks of the real one.
 */
#ifndef WEFT_TEST_IB_WIRE_MESSAGES_H
#define WEFT_TEST_IB_WIRE_MESSAGES_H

#include "ib-wire/model/cm-messages.h"
#include "ib-wire/model/packet-headers.h"
#include "ib-wire/model/pma.h"
#include "ib-wire/model/sa.h"
#include "ib-wire/model/smp.h"

#include <cstdint>
#include <tuple>
#include <type_traits>

namespace ibwiretest
{

using namespace ibwire;

/** The CM messages that carry paths. */
using ReqMessages = std::tuple<CmReq, CmLap>;

/** All other layouts of the CM. */
using CmMessages = std::tuple<CmMra,
                              CmRej,
                              CmRep,
                              CmRtu,
                              CmDreq,
                              CmDrep,
                              CmSidrReq,
                              CmSidrRep,
                              CmApr,
                              ClassPortInfo,
                              IpCmHeader>;

/** Subnet management, and the MAD header. */
using SmMessages = std::tuple<MadHeader,
                              DirectedSmp,
                              LidRoutedSmp,
                              NodeInfo,
                              NodeDescription,
                              SwitchInfo,
                              SmInfo,
                              GuidInfo,
                              PkeyTable,
                              SlToVlTable,
                              VlArbitrationTable,
                              LinearForwardingTable,
                              MulticastForwardingTable,
                              Notice,
                              NoticeReport>;

/** Ports and their counters. */
using PortMessages = std::tuple<PortInfo, PortCounters, PortCountersExtended>;

/** Subnet administration. */
using SaMessages = std::
    tuple<RmppHeader, SaMad, PathRecord, NodeRecord, PortInfoRecord, ServiceRecord, McMemberRecord>;

/** Headers of packets. */
using PacketMessages =
    std::tuple<Lrh, Grh, Bth, Deth, Reth, Aeth, ImmDt, AtomicEth, AtomicAckEth, Ieth>;

/** Fills a value that occupies so many bits from a source of 64-bit numbers. */
template <class T, class Source>
void Fill(T& value, std::size_t bits, Source& source)
{
    if constexpr (std::is_same_v<T, Gid>)
    {
        Fill(value.raw, 128, source);
    }
    else if constexpr (detail::ArrayTraits<T>::kIsArray)
    {
        for (auto& element : value)
        {
            Fill(element, bits / value.size(), source);
        }
    }
    else if constexpr (Message<T>)
    {
        detail::ForEachIndex<T>(
            [&](auto index)
            {
                constexpr auto field = std::get<index()>(kFields<T>);
                Fill(value.*(field.kMember), field.Bits(), source);
            });
    }
    else
    {
        const std::uint64_t mask = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
        value = static_cast<T>(source() & mask);
    }
}

/** A message whose values all fit their fields. */
template <Message M, class Source>
M RandomMessage(Source& source)
{
    M message;
    Fill(message, M::kBytes * 8, source);
    return message;
}

/** The bits of a piece, one at a time. */
inline std::uint64_t SlowBits(const std::uint8_t* bytes, const Piece& piece)
{
    std::uint64_t value = 0;
    for (std::size_t bit = piece.First(); bit < piece.End(); ++bit)
    {
        value = value << 1 | (bytes[bit / 8] >> (7 - bit % 8) & 1);
    }
    return value;
}

/** A field of an integer, one bit at a time, all of its pieces. */
template <class F>
std::uint64_t SlowField(const std::uint8_t* bytes, const F& field)
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < field.count; ++i)
    {
        value = (field.pieces[i].bits == 64 ? 0 : value << field.pieces[i].bits) |
                SlowBits(bytes, field.pieces[i]);
    }
    return value;
}

/** A small generator for tests that need the same bytes every time. */
class Sequence
{
  public:
    explicit Sequence(std::uint64_t seed)
        : m_state(seed)
    {
    }

    std::uint64_t operator()()
    {
        // SplitMix64 (public domain, Vigna).
        std::uint64_t z = m_state += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
    }

  private:
    std::uint64_t m_state;
};

} // namespace ibwiretest

#endif // WEFT_TEST_IB_WIRE_MESSAGES_H
