// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Field by field against an implementation that shares no line with this one: tshark, on the
// captures of the Linux CM and on messages in which every field is random.
#include "capture.h"
#include "erf-writer.h"
#include "ib-wire/model/print.h"
#include "messages.h"
#include "tshark-text.h"

#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace
{

using namespace ibwiretest;
using nlohmann::json;

/** Which of tshark's fields shows one of ours; several names where it depends on the content. */
using Names = std::map<std::string, std::vector<std::string>>;

/** A field that tshark is known to read from the wrong place, and what it makes of it. */
struct Fault
{
    const char* name;
    std::uint32_t (*seen)(const CmReq&);
};

/**
 * tshark 4.0 reads flow label and packet rate of a REQ from one little run of bytes: of the label
 * the lowest 8 bits are lost, the rate is the low 6 bits of the label's first byte.
 */
const Fault kReqFaults[] = {
    {"Primary flow label", [](const CmReq& r) { return r.primaryFlowLabel >> 8; }},
    {"Primary packet rate", [](const CmReq& r) { return r.primaryFlowLabel >> 12 & 0x3f; }},
    {"Alternate flow label", [](const CmReq& r) { return r.alternateFlowLabel >> 8; }},
    {"Alternate packet rate", [](const CmReq& r) { return r.alternateFlowLabel >> 12 & 0x3f; }},
};

const Names kReqNames{
    {"Local communication ID", {"infiniband.cm.req"}},
    {"VendorID", {}},
    {"ServiceID", {"infiniband.cm.req.serviceid"}},
    {"Local CA GUID", {"infiniband.cm.req.localcaguid"}},
    {"Local Q_Key", {"infiniband.cm.req.localqkey"}},
    {"Local QPN", {"infiniband.cm.req.localqpn"}},
    {"Responder resources", {"infiniband.cm.req.responderres"}},
    {"Local EECN", {"infiniband.cm.req.localeecn"}},
    {"Initiator depth", {"infiniband.cm.req.initdepth"}},
    {"Remote EECN", {"infiniband.cm.req.remoteeecn"}},
    {"Remote CM response timeout", {"infiniband.cm.req.remoteresptout"}},
    {"Transport service type", {"infiniband.cm.req.transpsvctype"}},
    {"End-to-end flow control", {"infiniband.cm.req.e2eflowctrl"}},
    {"Starting PSN", {"infiniband.cm.req.startpsn"}},
    {"Local CM response timeout", {"infiniband.cm.req.localresptout"}},
    {"Retry count", {"infiniband.cm.req.retrcount"}},
    {"P_Key", {"infiniband.cm.req.pkey"}},
    {"Path packet payload MTU", {"infiniband.cm.req.pppmtu"}},
    {"RDC exists", {"infiniband.cm.req.rdcexist"}},
    {"RNR retry count", {"infiniband.cm.req.rnrretrcount"}},
    {"Max CM retries", {"infiniband.cm.req.maxcmretr"}},
    {"SRQ", {"infiniband.cm.req.srq"}},
    {"Extended transport type", {"infiniband.cm.req.ext_transport"}},
    {"Primary local port LID", {"infiniband.cm.req.prim_locallid"}},
    {"Primary remote port LID", {"infiniband.cm.req.prim_remotelid"}},
    {"Primary local port GID",
     {"infiniband.cm.req.prim_localgid", "infiniband.cm.req.prim_localgid_ipv4"}},
    {"Primary remote port GID",
     {"infiniband.cm.req.prim_remotegid", "infiniband.cm.req.prim_remotegid_ipv4"}},
    {"Primary flow label", {"infiniband.cm.req.prim_flowlabel"}},
    {"Primary packet rate", {"infiniband.cm.req.prim_pktrate"}},
    {"Primary traffic class", {"infiniband.cm.req.prim_tfcclass"}},
    {"Primary hop limit", {"infiniband.cm.req.prim_hoplim"}},
    {"Primary SL", {"infiniband.cm.req.prim_sl"}},
    {"Primary subnet local", {"infiniband.cm.req.prim_subnetlocal"}},
    {"Primary local ACK timeout", {"infiniband.cm.req.prim_localacktout"}},
    {"Alternate local port LID", {"infiniband.cm.req.alt_locallid"}},
    {"Alternate remote port LID", {"infiniband.cm.req.alt_remotelid"}},
    {"Alternate local port GID", {"infiniband.cm.req.alt_localgid"}},
    {"Alternate remote port GID", {"infiniband.cm.req.alt_remotegid"}},
    {"Alternate flow label", {"infiniband.cm.req.alt_flowlabel"}},
    {"Alternate packet rate", {"infiniband.cm.req.alt_pktrate"}},
    {"Alternate traffic class", {"infiniband.cm.req.alt_tfcclass"}},
    {"Alternate hop limit", {"infiniband.cm.req.alt_hoplim"}},
    {"Alternate SL", {"infiniband.cm.req.alt_sl"}},
    {"Alternate subnet local", {"infiniband.cm.req.alt_subnetlocal"}},
    {"Alternate local ACK timeout", {"infiniband.cm.req.alt_localacktout"}},
    {"SAP supported", {}},
    {"Private data", {"infiniband.cm.req.private", "infiniband.cm.req.ip_cm"}},
};

const Names kRepNames{
    {"Local communication ID", {"infiniband.cm.rep"}},
    {"Remote communication ID", {"infiniband.cm.rep.remotecommid"}},
    {"Local Q_Key", {"infiniband.cm.rep.localqkey"}},
    {"Local QPN", {"infiniband.cm.rep.localqpn"}},
    {"VendorID", {}},
    {"Local EECN", {"infiniband.cm.rep.localeecn"}},
    {"Starting PSN", {"infiniband.cm.rep.startpsn"}},
    {"Responder resources", {"infiniband.cm.rep.respres"}},
    {"Initiator depth", {"infiniband.cm.rep.initdepth"}},
    {"Target ACK delay", {"infiniband.cm.rep.tgtackdelay"}},
    {"Failover accepted", {"infiniband.cm.rep.failoveracc"}},
    {"End-to-end flow control", {"infiniband.cm.rep.e2eflowctrl"}},
    {"RNR retry count", {"infiniband.cm.rep.rnrretrcount"}},
    {"SRQ", {"infiniband.cm.rep.srq"}},
    {"Local CA GUID", {"infiniband.cm.rep.localcaguid"}},
    {"Private data", {"infiniband.cm.rep.private"}},
};

const Names kRejNames{
    {"Local communication ID", {"infiniband.cm.rej.localcommid"}},
    {"Remote communication ID", {"infiniband.cm.rej.remotecommid"}},
    {"Message rejected", {"infiniband.cm.rej.msgrej"}},
    {"Reject info length", {"infiniband.cm.rej.rejinfolen"}},
    {"Reason", {"infiniband.cm.rej.reason"}},
    {"Additional reject information", {"infiniband.cm.rej.ari"}},
    {"Private data", {"infiniband.cm.rej.private"}},
};

const Names kRtuNames{
    {"Local communication ID", {"infiniband.cm.rtu.localcommid"}},
    {"Remote communication ID", {"infiniband.cm.rtu.remotecommid"}},
    {"Private data", {"infiniband.cm.rtu.private"}},
};

const Names kDreqNames{
    {"Local communication ID", {"infiniband.cm.dreq.localcommid"}},
    {"Remote communication ID", {"infiniband.cm.dreq.remotecommid"}},
    {"Remote QPN/EECN", {"infiniband.cm.req.remoteqpneecn"}},
    {"Private data", {"infiniband.cm.dreq.private"}},
};

const Names kDrepNames{
    {"Local communication ID", {"infiniband.cm.drsp.localcommid"}},
    {"Remote communication ID", {"infiniband.cm.drsp.remotecommid"}},
    {"Private data", {"infiniband.cm.drsp.private"}},
};

const Names kHeaderNames{
    {"Base version", {"infiniband.mad.baseversion"}},
    {"Management class", {"infiniband.mad.mgmtclass"}},
    {"Class version", {"infiniband.mad.classversion"}},
    {"Method", {"infiniband.mad.method"}},
    {"Status", {"infiniband.mad.status"}},
    {"Class specific", {"infiniband.mad.classspecific"}},
    {"Transaction ID", {"infiniband.mad.transactionid"}},
    {"Attribute ID", {"infiniband.mad.attributeid"}},
    {"Attribute modifier", {"infiniband.mad.attributemodifier"}},
};

/** Compares all fields of a message; each must be in the table, and in what tshark says. */
template <class M>
void Compare(const M& message, const Names& names, const TsharkFields& tshark)
{
    auto ours = OurFields(message);
    if constexpr (std::is_same_v<M, CmReq>)
    {
        for (const Fault& fault : kReqFaults)
        {
            ours.at(fault.name).number = fault.seen(message);
        }
    }
    for (const auto& [name, value] : ours)
    {
        const auto known = names.find(name);
        ASSERT_NE(known, names.end()) << "no name at tshark for " << name;
        bool found = known->second.empty(); // tshark does not show it
        for (const std::string& theirs : known->second)
        {
            if (const auto leaf = tshark.find(theirs); leaf != tshark.end())
            {
                found = true;
                EXPECT_TRUE(value.Is(leaf->second)) << name << ": " << value.number << value.hex
                                                    << ", " << theirs << ": " << leaf->second;
            }
        }
        EXPECT_TRUE(found) << "tshark says nothing of " << name;
    }
}

void CompareMad(const MadBytes& mad, const TsharkFields& tshark)
{
    Compare(DecodeHeader(mad), kHeaderNames, tshark);
    EXPECT_TRUE(
        (FieldValue{FieldValue::kBytes, 0, Hex(CmData(mad))}.Is(tshark.at("infiniband.mad.data"))));
    const auto message = DecodeCm(mad);
    ASSERT_TRUE(message.has_value());
    if (const auto* req = std::get_if<CmReq>(&*message))
    {
        Compare(*req, kReqNames, tshark);
    }
    else if (const auto* rep = std::get_if<CmRep>(&*message))
    {
        Compare(*rep, kRepNames, tshark);
    }
    else if (const auto* rej = std::get_if<CmRej>(&*message))
    {
        Compare(*rej, kRejNames, tshark);
    }
    else if (const auto* rtu = std::get_if<CmRtu>(&*message))
    {
        Compare(*rtu, kRtuNames, tshark);
    }
    else if (const auto* dreq = std::get_if<CmDreq>(&*message))
    {
        Compare(*dreq, kDreqNames, tshark);
    }
    else if (const auto* drep = std::get_if<CmDrep>(&*message))
    {
        Compare(*drep, kDrepNames, tshark);
    }
    // tshark shows of MRA, SIDR_REQ, SIDR_REP, LAP and APR no more than the header.
}

class Tshark : public testing::Test
{
  protected:
    void SetUp() override
    {
        if (!HaveTshark())
        {
            GTEST_SKIP() << "tshark is not installed (Debian package tshark)";
        }
    }
};

TEST_F(Tshark, AgreesOnEveryCmMadOfTheCaptures)
{
    std::map<std::string, int> compared;
    for (const std::string& name : CaptureNames())
    {
        std::map<unsigned, MadBytes> mads;
        for (const RoceFrame& frame : ReadRoceFrames(CapturePath(name)))
        {
            if (frame.mad)
            {
                mads[frame.number] = *frame.mad;
            }
        }
        const json packets = AskTshark(CapturePath(name), "infiniband.mad.mgmtclass == 7");
        EXPECT_EQ(packets.size(), mads.size()) << name;
        for (const json& layers : packets)
        {
            const TsharkFields tshark = Flatten(layers);
            const auto number = static_cast<unsigned>(std::stoul(tshark.at("frame.number")));
            SCOPED_TRACE(name + " frame " + std::to_string(number));
            ASSERT_TRUE(mads.contains(number));
            CompareMad(mads.at(number), tshark);
            ++compared[MadKindName(mads.at(number))];
        }
    }
    for (const char* kind : {"REQ", "REP", "RTU", "REJ", "DREQ", "DREP"})
    {
        EXPECT_GE(compared[kind], 1) << kind;
    }
}

template <class M>
void AddRandom(std::vector<MadBytes>& mads, Sequence& source)
{
    for (int i = 0; i < 20; ++i)
    {
        const MadHeader header{.transactionId = source(),
                               .attributeModifier = static_cast<std::uint32_t>(source())};
        mads.push_back(EncodeCm(header, RandomMessage<M>(source)).value());
    }
}

TEST_F(Tshark, AgreesOnMessagesFullOfRandomValues)
{
    Sequence source(11);
    std::vector<MadBytes> mads;
    AddRandom<CmReq>(mads, source);
    AddRandom<CmRep>(mads, source);
    AddRandom<CmRej>(mads, source);
    AddRandom<CmRtu>(mads, source);
    AddRandom<CmDreq>(mads, source);
    AddRandom<CmDrep>(mads, source);
    const TemporaryFile file("weft-ib-wire-cm.pcap");
    WriteErf(file.Path(), mads);
    const json packets = AskTshark(file.Path(), "infiniband.mad.mgmtclass == 7");
    ASSERT_EQ(packets.size(), mads.size());
    for (std::size_t i = 0; i < mads.size(); ++i)
    {
        SCOPED_TRACE(MadKindName(mads[i]) + " " + std::to_string(i));
        const TsharkFields tshark = Flatten(packets[i]);
        CompareMad(mads[i], tshark);
        // The headers that carried it.
        const std::map<std::string, std::uint64_t> headers{{"infiniband.lrh.vl", 15},
                                                           {"infiniband.lrh.sl", 5},
                                                           {"infiniband.lrh.lnh", 2},
                                                           {"infiniband.lrh.dlid", 0x1234},
                                                           {"infiniband.lrh.slid", 0x2345},
                                                           {"infiniband.lrh.pktlen", 72},
                                                           {"infiniband.bth.opcode", 100},
                                                           {"infiniband.bth.p_key", 0xffff},
                                                           {"infiniband.bth.destqp", 1},
                                                           {"infiniband.bth.psn", i},
                                                           {"infiniband.deth.q_key", kGsiQkey},
                                                           {"infiniband.deth.srcqp", 1}};
        for (const auto& [name, number] : headers)
        {
            EXPECT_TRUE((FieldValue{FieldValue::kNumber, number}.Is(tshark.at(name))))
                << name << ": " << tshark.at(name);
        }
    }
}

/** An SA answer with a random record. */
template <class M>
MadBytes SaAnswer(SaAttribute attribute, const M& record)
{
    SaMad sa{.header = {.mgmtClass = MgmtClass::kSubnAdm,
                        .classVersion = kSaClassVersion,
                        .method = MadMethod::kGetResp,
                        .attributeId = static_cast<std::uint16_t>(attribute)}};
    EXPECT_TRUE(Encode(record, std::span(sa.data).template first<M::kBytes>()).has_value());
    MadBytes mad;
    EXPECT_TRUE(Encode(sa, mad).has_value());
    return mad;
}

/** tshark's name of a field of a record: ours in small letters. */
std::string RecordName(const std::string& prefix, const std::string& name)
{
    std::string result = prefix;
    for (const char c : name)
    {
        result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return result;
}

template <class M>
void CompareRecords(SaAttribute attribute,
                    const std::string& prefix,
                    const std::set<std::string>& notShown)
{
    Sequence source(13);
    std::vector<M> records;
    std::vector<MadBytes> mads;
    for (int i = 0; i < 20; ++i)
    {
        records.push_back(RandomMessage<M>(source));
        mads.push_back(SaAnswer(attribute, records.back()));
    }
    const TemporaryFile file("weft-ib-wire-sa.pcap");
    WriteErf(file.Path(), mads);
    const json packets = AskTshark(file.Path(), "infiniband.mad.mgmtclass == 3");
    ASSERT_EQ(packets.size(), mads.size());
    for (std::size_t i = 0; i < mads.size(); ++i)
    {
        const TsharkFields tshark = Flatten(packets[i]);
        for (const auto& [name, value] : OurFields(records[i]))
        {
            const auto leaf = tshark.find(RecordName(prefix, name));
            if (notShown.contains(name))
            {
                EXPECT_EQ(leaf, tshark.end()) << name << " is shown after all";
                continue;
            }
            ASSERT_NE(leaf, tshark.end()) << "tshark says nothing of " << name;
            EXPECT_TRUE(value.Is(leaf->second))
                << name << ": " << value.number << value.hex << ", tshark: " << leaf->second;
        }
    }
}

TEST_F(Tshark, AgreesOnRandomPathRecords)
{
    CompareRecords<PathRecord>(
        SaAttribute::kPathRecord, "infiniband.pathrecord.", {"ServiceID", "QoSClass"});
}

TEST_F(Tshark, AgreesOnRandomMcMemberRecords)
{
    CompareRecords<McMemberRecord>(SaAttribute::kMcMemberRecord, "infiniband.mcmemberrecord.", {});
}

} // namespace
