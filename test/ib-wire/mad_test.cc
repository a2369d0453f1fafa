// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Offsets against the structures of rdma-core, and the names of MADs.
#include "messages.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <string>

namespace
{

using namespace ibwiretest;

/** The byte at which the table of a message puts a member. */
template <auto Member>
constexpr std::size_t ByteOf()
{
    return std::get<detail::kIndexOf<Member>>(kFields<detail::MessageOf<Member>>).pieces[0].byte;
}

TEST(Offsets, MadHeader)
{
    static_assert(MadHeader::kBytes == sizeof(umad_hdr));
    EXPECT_EQ(ByteOf<&MadHeader::baseVersion>(), offsetof(umad_hdr, base_version));
    EXPECT_EQ(ByteOf<&MadHeader::mgmtClass>(), offsetof(umad_hdr, mgmt_class));
    EXPECT_EQ(ByteOf<&MadHeader::classVersion>(), offsetof(umad_hdr, class_version));
    EXPECT_EQ(ByteOf<&MadHeader::method>(), offsetof(umad_hdr, method));
    EXPECT_EQ(ByteOf<&MadHeader::status>(), offsetof(umad_hdr, status));
    EXPECT_EQ(ByteOf<&MadHeader::classSpecific>(), offsetof(umad_hdr, class_specific));
    EXPECT_EQ(ByteOf<&MadHeader::transactionId>(), offsetof(umad_hdr, tid));
    EXPECT_EQ(ByteOf<&MadHeader::attributeId>(), offsetof(umad_hdr, attr_id));
    EXPECT_EQ(ByteOf<&MadHeader::attributeModifier>(), offsetof(umad_hdr, attr_mod));
}

TEST(Offsets, DirectedSmp)
{
    static_assert(DirectedSmp::kBytes == sizeof(umad_smp));
    EXPECT_EQ(ByteOf<&DirectedSmp::status>(), offsetof(umad_smp, status));
    EXPECT_EQ(ByteOf<&DirectedSmp::hopPointer>(), offsetof(umad_smp, hop_ptr));
    EXPECT_EQ(ByteOf<&DirectedSmp::hopCount>(), offsetof(umad_smp, hop_cnt));
    EXPECT_EQ(ByteOf<&DirectedSmp::transactionId>(), offsetof(umad_smp, tid));
    EXPECT_EQ(ByteOf<&DirectedSmp::attributeId>(), offsetof(umad_smp, attr_id));
    EXPECT_EQ(ByteOf<&DirectedSmp::attributeModifier>(), offsetof(umad_smp, attr_mod));
    EXPECT_EQ(ByteOf<&DirectedSmp::mKey>(), offsetof(umad_smp, mkey));
    EXPECT_EQ(ByteOf<&DirectedSmp::drSlid>(), offsetof(umad_smp, dr_slid));
    EXPECT_EQ(ByteOf<&DirectedSmp::drDlid>(), offsetof(umad_smp, dr_dlid));
    EXPECT_EQ(ByteOf<&DirectedSmp::data>(), offsetof(umad_smp, data));
    EXPECT_EQ(ByteOf<&DirectedSmp::initialPath>(), offsetof(umad_smp, initial_path));
    EXPECT_EQ(ByteOf<&DirectedSmp::returnPath>(), offsetof(umad_smp, return_path));
    EXPECT_EQ(ByteOf<&LidRoutedSmp::mKey>(), offsetof(umad_smp, mkey));
    EXPECT_EQ(ByteOf<&LidRoutedSmp::data>(), offsetof(umad_smp, data));
    std::array<std::uint8_t, DirectedSmp::kBytes> bytes{};
    Set<&DirectedSmp::direction>(bytes, true);
    EXPECT_EQ(bytes[4] << 8 | bytes[5], UMAD_SMP_DIRECTION);
}

TEST(Offsets, SaMad)
{
    static_assert(SaMad::kBytes == sizeof(umad_sa_packet));
    static_assert(RmppHeader::kBytes == sizeof(umad_rmpp_hdr));
    EXPECT_EQ(ByteOf<&SaMad::rmpp>(), offsetof(umad_sa_packet, rmpp_hdr));
    EXPECT_EQ(ByteOf<&SaMad::smKey>(), offsetof(umad_sa_packet, sm_key));
    EXPECT_EQ(ByteOf<&SaMad::attributeOffset>(), offsetof(umad_sa_packet, attr_offset));
    EXPECT_EQ(ByteOf<&SaMad::componentMask>(), offsetof(umad_sa_packet, comp_mask));
    EXPECT_EQ(ByteOf<&SaMad::data>(), offsetof(umad_sa_packet, data));
    EXPECT_EQ(ByteOf<&RmppHeader::rmppType>(), offsetof(umad_rmpp_hdr, rmpp_type));
    EXPECT_EQ(ByteOf<&RmppHeader::respTime>(), offsetof(umad_rmpp_hdr, rmpp_rtime_flags));
    EXPECT_EQ(ByteOf<&RmppHeader::flags>(), offsetof(umad_rmpp_hdr, rmpp_rtime_flags));
    EXPECT_EQ(ByteOf<&RmppHeader::status>(), offsetof(umad_rmpp_hdr, rmpp_status));
    EXPECT_EQ(ByteOf<&RmppHeader::segmentNumber>(), offsetof(umad_rmpp_hdr, seg_num));
    EXPECT_EQ(ByteOf<&RmppHeader::payloadLengthNewWindow>(),
              offsetof(umad_rmpp_hdr, paylen_newwin));
}

TEST(Offsets, ClassPortInfo)
{
    using C = ClassPortInfo;
    static_assert(C::kBytes == sizeof(umad_class_port_info));
    EXPECT_EQ(ByteOf<&C::baseVersion>(), offsetof(umad_class_port_info, base_ver));
    EXPECT_EQ(ByteOf<&C::classVersion>(), offsetof(umad_class_port_info, class_ver));
    EXPECT_EQ(ByteOf<&C::capabilityMask>(), offsetof(umad_class_port_info, cap_mask));
    EXPECT_EQ(ByteOf<&C::capabilityMask2>(), offsetof(umad_class_port_info, cap_mask2_resp_time));
    EXPECT_EQ(ByteOf<&C::respTimeValue>(), offsetof(umad_class_port_info, cap_mask2_resp_time) + 3);
    EXPECT_EQ(ByteOf<&C::redirectGid>(), offsetof(umad_class_port_info, redirgid));
    EXPECT_EQ(ByteOf<&C::redirectTrafficClass>(), offsetof(umad_class_port_info, redir_tc_sl_fl));
    EXPECT_EQ(ByteOf<&C::redirectLid>(), offsetof(umad_class_port_info, redir_lid));
    EXPECT_EQ(ByteOf<&C::redirectPkey>(), offsetof(umad_class_port_info, redir_pkey));
    EXPECT_EQ(ByteOf<&C::redirectQpn>(), offsetof(umad_class_port_info, redir_qp) + 1);
    EXPECT_EQ(ByteOf<&C::redirectQkey>(), offsetof(umad_class_port_info, redir_qkey));
    EXPECT_EQ(ByteOf<&C::trapGid>(), offsetof(umad_class_port_info, trapgid));
    EXPECT_EQ(ByteOf<&C::trapTrafficClass>(), offsetof(umad_class_port_info, trap_tc_sl_fl));
    EXPECT_EQ(ByteOf<&C::trapLid>(), offsetof(umad_class_port_info, trap_lid));
    EXPECT_EQ(ByteOf<&C::trapPkey>(), offsetof(umad_class_port_info, trap_pkey));
    EXPECT_EQ(ByteOf<&C::trapHopLimit>(), offsetof(umad_class_port_info, trap_hl_qp));
    EXPECT_EQ(ByteOf<&C::trapQkey>(), offsetof(umad_class_port_info, trap_qkey));
}

MadBytes MadOf(MgmtClass mgmtClass, MadMethod method, std::uint16_t attribute)
{
    MadBytes mad{};
    EncodeHeader({.mgmtClass = mgmtClass, .method = method, .attributeId = attribute}, mad);
    return mad;
}

TEST(MadKindName, SpeaksTheLanguageOfTraces)
{
    EXPECT_EQ(MadKindName(MadOf(MgmtClass::kCm, MadMethod::kSend, 0x10)), "REQ");
    EXPECT_EQ(MadKindName(MadOf(MgmtClass::kCm, MadMethod::kSend, 0x18)), "SIDR_REP");
    EXPECT_EQ(MadKindName(MadOf(MgmtClass::kCm, MadMethod::kGet, 1)), "CMGet(ClassPortInfo)");
    EXPECT_EQ(MadKindName(MadOf(MgmtClass::kSubnDirected, MadMethod::kGet, 0x11)),
              "SubnGet(NodeInfo)");
    EXPECT_EQ(MadKindName(MadOf(MgmtClass::kSubnLidRouted, MadMethod::kSet, 0x15)),
              "SubnSet(PortInfo)");
    EXPECT_EQ(MadKindName(MadOf(MgmtClass::kSubnAdm, MadMethod::kGetResp, 0x35)),
              "SubnAdmGetResp(PathRecord)");
    EXPECT_EQ(MadKindName(MadOf(MgmtClass::kPerformance, MadMethod::kGet, 0x12)),
              "PerfGet(PortCounters)");
}

TEST(MadKindName, ShowsNumbersWithoutAName)
{
    EXPECT_EQ(MadKindName(MadOf(MgmtClass::kCm, MadMethod::kSend, 0x99)), "CMSend(0x0099)");
    EXPECT_EQ(MadKindName(MadOf(MgmtClass{0x42}, MadMethod{0x44}, 0x10)),
              "Class0x42Method0x44(0x0010)");
}

TEST(MadMethod, ResponsesAreThoseWithTheBitAndTrapRepress)
{
    EXPECT_TRUE(IsResponse(MadMethod::kGetResp));
    EXPECT_TRUE(IsResponse(MadMethod::kTrapRepress));
    EXPECT_FALSE(IsResponse(MadMethod::kGet));
    EXPECT_FALSE(IsResponse(MadMethod::kSend));
}

TEST(Gid, TextAndNumbers)
{
    const Gid gid = Gid::From(kDefaultGidPrefix, 0x0002c9030001);
    EXPECT_EQ(gid.Prefix(), kDefaultGidPrefix);
    EXPECT_EQ(gid.Guid(), 0x0002c9030001u);
    EXPECT_EQ(ToString(gid), "fe80::2:c903:1");
    EXPECT_EQ(ParseGid("fe80::2:c903:1").value(), gid);
    EXPECT_EQ(ToString(Gid{}), "::");
    EXPECT_TRUE(Gid{}.IsZero());
    EXPECT_FALSE(gid.IsZero());
    EXPECT_TRUE(ParseGid("ff12::1").value().IsMulticast());
    EXPECT_EQ(ToString(ParseGid("::ffff:10.9.0.1").value()), "::ffff:10.9.0.1");
    EXPECT_LT(Gid::From(1, 9), Gid::From(2, 0));
    using namespace std::string_view_literals;
    for (const std::string_view bad : {""sv, "fe80"sv, "fe80::g"sv, "1::2::3"sv, "::1\0x"sv})
    {
        EXPECT_EQ(ParseGid(bad).error(), WireError::kBadText) << bad;
    }
}

TEST(WireError, EveryErrorHasItsOwnWords)
{
    std::set<std::string> texts;
    for (int i = 0; i <= static_cast<int>(WireError::kUnsupported); ++i)
    {
        EXPECT_TRUE(texts.insert(ToString(static_cast<WireError>(i))).second);
    }
    EXPECT_FALSE(texts.contains("unknown error"));
}

TEST(NodeDescription, FromAndToStrings)
{
    EXPECT_EQ(NodeDescription::From("host-1 mlx5_0").String(), "host-1 mlx5_0");
    EXPECT_EQ(NodeDescription::From(std::string(100, 'x')).String(), std::string(64, 'x'));
    EXPECT_EQ(NodeDescription{}.String(), "");
}

TEST(VlArbitrationTable, Entries)
{
    VlArbitrationTable table;
    table.SetEntry(31, {.vl = 7, .weight = 200});
    EXPECT_EQ(table.entries[31], 0x07c8);
    EXPECT_EQ(table.Entry(31).vl, 7);
    EXPECT_EQ(table.Entry(31).weight, 200);
}

} // namespace
