// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The fuzzer of the layouts: whatever bytes are decoded, what comes out fits, encodes to the same
// bytes but for reserved bits, decodes to the same again, and prints; and sizes are respected. The
// first byte of an input chooses the layout, or what looks at a whole MAD.
#include "fuzz/fuzz-input.h"
#include "ib-wire/model/cm-messages.h"
#include "ib-wire/model/crc.h"
#include "ib-wire/model/packet-headers.h"
#include "ib-wire/model/pma.h"
#include "ib-wire/model/print.h"
#include "ib-wire/model/sa.h"
#include "ib-wire/model/smp.h"

#include <string>
#include <tuple>
#include <vector>

namespace weft::fuzz
{

namespace
{

using namespace ibwire;

using Layouts = std::tuple<CmReq,
                           CmLap,
                           CmMra,
                           CmRej,
                           CmRep,
                           CmRtu,
                           CmDreq,
                           CmDrep,
                           CmSidrReq,
                           CmSidrRep,
                           CmApr,
                           ClassPortInfo,
                           IpCmHeader,
                           MadHeader,
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
                           NoticeReport,
                           PortInfo,
                           PortCounters,
                           PortCountersExtended,
                           RmppHeader,
                           SaMad,
                           PathRecord,
                           NodeRecord,
                           PortInfoRecord,
                           ServiceRecord,
                           McMemberRecord,
                           Lrh,
                           Grh,
                           Bth,
                           Deth,
                           Reth,
                           Aeth,
                           ImmDt,
                           AtomicEth,
                           AtomicAckEth,
                           Ieth>;

inline constexpr unsigned kLayouts = std::tuple_size_v<Layouts>;

/** What both ends of a wrong size say. */
template <class M>
void CheckSizes(std::span<const std::uint8_t> bytes)
{
    const auto decoded = Decode<M>(bytes);
    const auto prefix = DecodePrefix<M>(bytes);
    const bool shorter = bytes.size() < M::kBytes;
    const bool longer = bytes.size() > M::kBytes;
    if (decoded.has_value() != (!shorter && !longer) || prefix.has_value() == shorter)
    {
        Die("%s: %zu bytes for a layout of %zu are %s",
            std::string(M::kName).c_str(),
            bytes.size(),
            M::kBytes,
            decoded ? "taken" : ToString(decoded.error()));
    }
}

/** As much of the input as the layout has, with zeros behind it. */
template <class M>
std::array<std::uint8_t, M::kBytes> Padded(std::span<const std::uint8_t> bytes)
{
    std::array<std::uint8_t, M::kBytes> padded{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), padded.size()), padded.begin());
    return padded;
}

template <class M>
void RoundTrip(std::span<const std::uint8_t> given)
{
    CheckSizes<M>(given);
    const auto bytes = Padded<M>(given);
    const auto message = Decode<M>(bytes);
    std::array<std::uint8_t, M::kBytes> again;
    again.fill(0xff);
    if (!message || !Fits(*message) || !Encode(*message, again))
    {
        Die("%s: what was decoded does not encode", std::string(M::kName).c_str());
    }
    for (std::size_t i = 0; i < bytes.size(); ++i)
    {
        // Reserved bits come out as zeros; all others as they went in.
        if ((again[i] & ~bytes[i]) != 0)
        {
            Die("%s: byte %zu gains bits", std::string(M::kName).c_str(), i);
        }
    }
    const auto twice = Decode<M>(again);
    if (!twice || !(*twice == *message))
    {
        Die("%s: decodes to something else after a round trip", std::string(M::kName).c_str());
    }
    if (Print(*message).empty() || Print(*message, Layout::kLines).empty())
    {
        Die("%s: prints nothing", std::string(M::kName).c_str());
    }
}

void AnyMad(std::span<const std::uint8_t> given)
{
    MadBytes mad{};
    std::copy_n(given.begin(), std::min(given.size(), mad.size()), mad.begin());
    const MadHeader header = DecodeHeader(mad);
    MadBytes copy = mad;
    EncodeHeader(header, copy);
    if (DecodeHeader(copy) != header || MadKindName(mad).empty())
    {
        Die("the header of a MAD does not survive");
    }
    const auto message = DecodeCm(mad);
    if (!message)
    {
        if (header.baseVersion == kMadBaseVersion && header.mgmtClass == MgmtClass::kCm &&
            header.classVersion == kCmClassVersion && header.method == MadMethod::kSend &&
            !ToString(CmAttribute{header.attributeId}).empty() &&
            PrivateDataOffset(CmAttribute{header.attributeId}))
        {
            Die("a message of the CM is refused: %s", ToString(message.error()));
        }
        return;
    }
    const auto again = EncodeCm(header, *message);
    if (!again || DecodeCm(*again) != message)
    {
        Die("a message of the CM changes in a round trip");
    }
}

/** Text, of which GIDs are the only one that is parsed. */
void AnyGid(std::span<const std::uint8_t> given)
{
    const std::string text(given.begin(), given.end());
    const auto gid = ParseGid(text);
    if (gid && ParseGid(ToString(*gid)) != gid)
    {
        Die("a GID changes when it is printed and read: %s", ToString(*gid).c_str());
    }
}

/** A packet of any length: whatever can be sealed has good CRCs, and with a flipped bit has not. */
void AnyPacket(std::span<const std::uint8_t> given)
{
    (void)RoceIcrc(given);
    (void)IcrcIsGood(given);
    (void)VcrcIsGood(given);
    std::vector<std::uint8_t> packet(given.begin(), given.end());
    if (!SealPacket(packet))
    {
        if (!std::equal(packet.begin(), packet.end(), given.begin()))
        {
            Die("a packet that cannot be sealed has been written to");
        }
        return;
    }
    const bool good = IcrcIsGood(packet) && VcrcIsGood(packet);
    packet.back() ^= 1;
    if (!good || VcrcIsGood(packet))
    {
        Die("the CRCs of a packet of %zu bytes are wrong", packet.size());
    }
}

template <std::size_t... Index>
void RoundTripOf(unsigned layout,
                 std::span<const std::uint8_t> bytes,
                 std::index_sequence<Index...>)
{
    (void)((layout == Index && (RoundTrip<std::tuple_element_t<Index, Layouts>>(bytes), true)) ||
           ...);
}

} // namespace

} // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace weft::fuzz;
    Draws input({data, size});
    const unsigned choice = input.Byte();
    const auto bytes = input.Take(size);
    if (choice == 0xff)
    {
        AnyMad(bytes);
    }
    else if (choice == 0xfe)
    {
        AnyGid(bytes);
    }
    else if (choice == 0xfd)
    {
        AnyPacket(bytes);
    }
    else
    {
        RoundTripOf(choice % kLayouts, bytes, std::make_index_sequence<kLayouts>{});
    }
    return 0;
}
