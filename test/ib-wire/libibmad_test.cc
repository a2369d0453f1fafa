// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Field by field against libibmad, the library under the InfiniBand diagnostic tools.
#include "messages.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <infiniband/mad.h>

#include <cstring>
#include <string>

namespace
{

using namespace ibwiretest;

/** libibmad's reader of fields, loaded at run time: only this test wants it. */
class Libibmad : public testing::Test
{
  protected:
    void SetUp() override
    {
        m_library = dlopen("libibmad.so.5", RTLD_NOW);
        if (m_library == nullptr)
        {
            GTEST_SKIP() << "libibmad is not installed (Debian package libibmad5)";
        }
        m_decode = reinterpret_cast<Decode>(dlsym(m_library, "mad_decode_field"));
        ASSERT_NE(m_decode, nullptr);
    }

    void TearDown() override
    {
        if (m_library != nullptr)
        {
            dlclose(m_library);
        }
    }

    /** Compares a field of random bytes, many times. */
    template <auto Member>
    void Expect(MAD_FIELDS field)
    {
        using M = detail::MessageOf<Member>;
        Sequence source(static_cast<std::uint64_t>(field));
        for (int i = 0; i < 50; ++i)
        {
            std::array<std::uint8_t, 256> bytes;
            for (std::uint8_t& byte : bytes)
            {
                byte = static_cast<std::uint8_t>(source());
            }
            // The library writes 32 bits, or 64 for fields wider than that.
            std::uint64_t wide = 0;
            m_decode(bytes.data(), field, &wide);
            std::uint32_t narrow = 0;
            std::memcpy(&narrow, &wide, sizeof narrow);
            constexpr std::size_t kBits = std::get<detail::kIndexOf<Member>>(kFields<M>).Bits();
            const std::uint64_t theirs = kBits > 32 ? wide : narrow;
            EXPECT_EQ(static_cast<std::uint64_t>(Get<Member>(bytes)), theirs)
                << M::kName << ", libibmad's field " << field;
        }
    }

  private:
    using Decode = void (*)(std::uint8_t*, MAD_FIELDS, void*);
    void* m_library{};
    Decode m_decode{};
};

TEST_F(Libibmad, NodeInfo)
{
    Expect<&NodeInfo::baseVersion>(IB_NODE_BASE_VERS_F);
    Expect<&NodeInfo::classVersion>(IB_NODE_CLASS_VERS_F);
    Expect<&NodeInfo::nodeType>(IB_NODE_TYPE_F);
    Expect<&NodeInfo::numPorts>(IB_NODE_NPORTS_F);
    Expect<&NodeInfo::systemImageGuid>(IB_NODE_SYSTEM_GUID_F);
    Expect<&NodeInfo::nodeGuid>(IB_NODE_GUID_F);
    Expect<&NodeInfo::portGuid>(IB_NODE_PORT_GUID_F);
    Expect<&NodeInfo::partitionCap>(IB_NODE_PARTITION_CAP_F);
    Expect<&NodeInfo::deviceId>(IB_NODE_DEVID_F);
    Expect<&NodeInfo::revision>(IB_NODE_REVISION_F);
    Expect<&NodeInfo::localPortNum>(IB_NODE_LOCAL_PORT_F);
    Expect<&NodeInfo::vendorId>(IB_NODE_VENDORID_F);
}

TEST_F(Libibmad, PortInfo)
{
    Expect<&PortInfo::mKey>(IB_PORT_MKEY_F);
    Expect<&PortInfo::gidPrefix>(IB_PORT_GID_PREFIX_F);
    Expect<&PortInfo::lid>(IB_PORT_LID_F);
    Expect<&PortInfo::masterSmLid>(IB_PORT_SMLID_F);
    Expect<&PortInfo::capabilityMask>(IB_PORT_CAPMASK_F);
    Expect<&PortInfo::diagCode>(IB_PORT_DIAG_F);
    Expect<&PortInfo::mKeyLeasePeriod>(IB_PORT_MKEY_LEASE_F);
    Expect<&PortInfo::localPortNum>(IB_PORT_LOCAL_PORT_F);
    Expect<&PortInfo::linkWidthEnabled>(IB_PORT_LINK_WIDTH_ENABLED_F);
    Expect<&PortInfo::linkWidthSupported>(IB_PORT_LINK_WIDTH_SUPPORTED_F);
    Expect<&PortInfo::linkWidthActive>(IB_PORT_LINK_WIDTH_ACTIVE_F);
    Expect<&PortInfo::linkSpeedSupported>(IB_PORT_LINK_SPEED_SUPPORTED_F);
    Expect<&PortInfo::portState>(IB_PORT_STATE_F);
    Expect<&PortInfo::portPhysicalState>(IB_PORT_PHYS_STATE_F);
    Expect<&PortInfo::linkDownDefaultState>(IB_PORT_LINK_DOWN_DEF_F);
    Expect<&PortInfo::mKeyProtectBits>(IB_PORT_MKEY_PROT_BITS_F);
    Expect<&PortInfo::lmc>(IB_PORT_LMC_F);
    Expect<&PortInfo::linkSpeedActive>(IB_PORT_LINK_SPEED_ACTIVE_F);
    Expect<&PortInfo::linkSpeedEnabled>(IB_PORT_LINK_SPEED_ENABLED_F);
    Expect<&PortInfo::neighborMtu>(IB_PORT_NEIGHBOR_MTU_F);
    Expect<&PortInfo::masterSmSl>(IB_PORT_SMSL_F);
    Expect<&PortInfo::vlCap>(IB_PORT_VL_CAP_F);
    Expect<&PortInfo::initType>(IB_PORT_INIT_TYPE_F);
    Expect<&PortInfo::vlHighLimit>(IB_PORT_VL_HIGH_LIMIT_F);
    Expect<&PortInfo::vlArbitrationHighCap>(IB_PORT_VL_ARBITRATION_HIGH_CAP_F);
    Expect<&PortInfo::vlArbitrationLowCap>(IB_PORT_VL_ARBITRATION_LOW_CAP_F);
    Expect<&PortInfo::initTypeReply>(IB_PORT_INIT_TYPE_REPLY_F);
    Expect<&PortInfo::mtuCap>(IB_PORT_MTU_CAP_F);
    Expect<&PortInfo::vlStallCount>(IB_PORT_VL_STALL_COUNT_F);
    Expect<&PortInfo::hoqLife>(IB_PORT_HOQ_LIFE_F);
    Expect<&PortInfo::operationalVls>(IB_PORT_OPER_VLS_F);
    Expect<&PortInfo::partitionEnforcementInbound>(IB_PORT_PART_EN_INB_F);
    Expect<&PortInfo::partitionEnforcementOutbound>(IB_PORT_PART_EN_OUTB_F);
    Expect<&PortInfo::filterRawInbound>(IB_PORT_FILTER_RAW_INB_F);
    Expect<&PortInfo::filterRawOutbound>(IB_PORT_FILTER_RAW_OUTB_F);
    Expect<&PortInfo::mKeyViolations>(IB_PORT_MKEY_VIOL_F);
    Expect<&PortInfo::pKeyViolations>(IB_PORT_PKEY_VIOL_F);
    Expect<&PortInfo::qKeyViolations>(IB_PORT_QKEY_VIOL_F);
    Expect<&PortInfo::guidCap>(IB_PORT_GUID_CAP_F);
    Expect<&PortInfo::clientReregister>(IB_PORT_CLIENT_REREG_F);
    Expect<&PortInfo::multicastPkeyTrapSuppression>(IB_PORT_MCAST_PKEY_SUPR_ENAB_F);
    Expect<&PortInfo::subnetTimeOut>(IB_PORT_SUBN_TIMEOUT_F);
    Expect<&PortInfo::respTimeValue>(IB_PORT_RESP_TIME_VAL_F);
    Expect<&PortInfo::localPhyErrors>(IB_PORT_LOCAL_PHYS_ERR_F);
    Expect<&PortInfo::overrunErrors>(IB_PORT_OVERRUN_ERR_F);
    Expect<&PortInfo::maxCreditHint>(IB_PORT_MAX_CREDIT_HINT_F);
    Expect<&PortInfo::linkRoundTripLatency>(IB_PORT_LINK_ROUND_TRIP_F);
    Expect<&PortInfo::capabilityMask2>(IB_PORT_CAPMASK2_F);
    Expect<&PortInfo::linkSpeedExtActive>(IB_PORT_LINK_SPEED_EXT_ACTIVE_F);
    Expect<&PortInfo::linkSpeedExtSupported>(IB_PORT_LINK_SPEED_EXT_SUPPORTED_F);
    Expect<&PortInfo::linkSpeedExtEnabled>(IB_PORT_LINK_SPEED_EXT_ENABLED_F);
}

TEST_F(Libibmad, SwitchInfo)
{
    Expect<&SwitchInfo::linearFdbCap>(IB_SW_LINEAR_FDB_CAP_F);
    Expect<&SwitchInfo::randomFdbCap>(IB_SW_RANDOM_FDB_CAP_F);
    Expect<&SwitchInfo::multicastFdbCap>(IB_SW_MCAST_FDB_CAP_F);
    Expect<&SwitchInfo::linearFdbTop>(IB_SW_LINEAR_FDB_TOP_F);
    Expect<&SwitchInfo::defaultPort>(IB_SW_DEF_PORT_F);
    Expect<&SwitchInfo::defaultMulticastPrimaryPort>(IB_SW_DEF_MCAST_PRIM_F);
    Expect<&SwitchInfo::defaultMulticastNotPrimaryPort>(IB_SW_DEF_MCAST_NOT_PRIM_F);
    Expect<&SwitchInfo::lifeTimeValue>(IB_SW_LIFE_TIME_F);
    Expect<&SwitchInfo::portStateChange>(IB_SW_STATE_CHANGE_F);
    Expect<&SwitchInfo::optimizedSlToVlMapping>(IB_SW_OPT_SLTOVL_MAPPING_F);
    Expect<&SwitchInfo::lidsPerPort>(IB_SW_LIDS_PER_PORT_F);
    Expect<&SwitchInfo::partitionEnforcementCap>(IB_SW_PARTITION_ENFORCE_CAP_F);
    Expect<&SwitchInfo::inboundEnforcementCap>(IB_SW_PARTITION_ENF_INB_F);
    Expect<&SwitchInfo::outboundEnforcementCap>(IB_SW_PARTITION_ENF_OUTB_F);
    Expect<&SwitchInfo::filterRawInboundCap>(IB_SW_FILTER_RAW_INB_F);
    Expect<&SwitchInfo::filterRawOutboundCap>(IB_SW_FILTER_RAW_OUTB_F);
    Expect<&SwitchInfo::enhancedPort0>(IB_SW_ENHANCED_PORT0_F);
    Expect<&SwitchInfo::multicastFdbTop>(IB_SW_MCAST_FDB_TOP_F);
}

TEST_F(Libibmad, SmInfo)
{
    Expect<&SmInfo::guid>(IB_SMINFO_GUID_F);
    Expect<&SmInfo::smKey>(IB_SMINFO_KEY_F);
    Expect<&SmInfo::actCount>(IB_SMINFO_ACT_F);
    Expect<&SmInfo::priority>(IB_SMINFO_PRIO_F);
    Expect<&SmInfo::smState>(IB_SMINFO_STATE_F);
}

TEST_F(Libibmad, Notice)
{
    Expect<&Notice::isGeneric>(IB_NOTICE_IS_GENERIC_F);
    Expect<&Notice::type>(IB_NOTICE_TYPE_F);
    Expect<&Notice::producerType>(IB_NOTICE_PRODUCER_F);
    Expect<&Notice::trapNumber>(IB_NOTICE_TRAP_NUMBER_F);
    Expect<&Notice::issuerLid>(IB_NOTICE_ISSUER_LID_F);
    Expect<&Notice::noticeToggle>(IB_NOTICE_TOGGLE_F);
    Expect<&Notice::noticeCount>(IB_NOTICE_COUNT_F);
}

TEST_F(Libibmad, ClassPortInfo)
{
    Expect<&ClassPortInfo::capabilityMask2>(IB_CPI_CAPMASK2_F);
    Expect<&ClassPortInfo::respTimeValue>(IB_CPI_RESP_TIME_VALUE_F);
    Expect<&ClassPortInfo::redirectTrafficClass>(IB_CPI_REDIRECT_TC_F);
    Expect<&ClassPortInfo::redirectSl>(IB_CPI_REDIRECT_SL_F);
    Expect<&ClassPortInfo::redirectFlowLabel>(IB_CPI_REDIRECT_FL_F);
    Expect<&ClassPortInfo::redirectQpn>(IB_CPI_REDIRECT_QP_F);
    Expect<&ClassPortInfo::trapTrafficClass>(IB_CPI_TRAP_TC_F);
    Expect<&ClassPortInfo::trapSl>(IB_CPI_TRAP_SL_F);
    Expect<&ClassPortInfo::trapFlowLabel>(IB_CPI_TRAP_FL_F);
    Expect<&ClassPortInfo::trapHopLimit>(IB_CPI_TRAP_HL_F);
    Expect<&ClassPortInfo::trapQpn>(IB_CPI_TRAP_QP_F);
}

TEST_F(Libibmad, ServiceRecord)
{
    Expect<&ServiceRecord::serviceId>(IB_SA_SR_ID_F);
    Expect<&ServiceRecord::servicePkey>(IB_SA_SR_PKEY_F);
    Expect<&ServiceRecord::serviceLease>(IB_SA_SR_LEASE_F);
}

TEST_F(Libibmad, PathRecord)
{
    Expect<&PathRecord::dlid>(IB_SA_PR_DLID_F);
    Expect<&PathRecord::slid>(IB_SA_PR_SLID_F);
    Expect<&PathRecord::numbPath>(IB_SA_PR_NPATH_F);
    Expect<&PathRecord::sl>(IB_SA_PR_SL_F);
}

TEST_F(Libibmad, McMemberRecord)
{
    Expect<&McMemberRecord::qkey>(IB_SA_MCM_QKEY_F);
    Expect<&McMemberRecord::mlid>(IB_SA_MCM_MLID_F);
    Expect<&McMemberRecord::mtu>(IB_SA_MCM_MTU_F);
    Expect<&McMemberRecord::trafficClass>(IB_SA_MCM_TCLASS_F);
    Expect<&McMemberRecord::pkey>(IB_SA_MCM_PKEY_F);
    Expect<&McMemberRecord::rate>(IB_SA_MCM_RATE_F);
    Expect<&McMemberRecord::sl>(IB_SA_MCM_SL_F);
    Expect<&McMemberRecord::flowLabel>(IB_SA_MCM_FLOW_LABEL_F);
    Expect<&McMemberRecord::joinState>(IB_SA_MCM_JOIN_STATE_F);
    Expect<&McMemberRecord::proxyJoin>(IB_SA_MCM_PROXY_JOIN_F);
}

TEST_F(Libibmad, PortCounters)
{
    Expect<&PortCounters::portSelect>(IB_PC_PORT_SELECT_F);
    Expect<&PortCounters::counterSelect>(IB_PC_COUNTER_SELECT_F);
    Expect<&PortCounters::symbolErrorCounter>(IB_PC_ERR_SYM_F);
    Expect<&PortCounters::linkErrorRecoveryCounter>(IB_PC_LINK_RECOVERS_F);
    Expect<&PortCounters::linkDownedCounter>(IB_PC_LINK_DOWNED_F);
    Expect<&PortCounters::portRcvErrors>(IB_PC_ERR_RCV_F);
    Expect<&PortCounters::portRcvRemotePhysicalErrors>(IB_PC_ERR_PHYSRCV_F);
    Expect<&PortCounters::portRcvSwitchRelayErrors>(IB_PC_ERR_SWITCH_REL_F);
    Expect<&PortCounters::portXmitDiscards>(IB_PC_XMT_DISCARDS_F);
    Expect<&PortCounters::portXmitConstraintErrors>(IB_PC_ERR_XMTCONSTR_F);
    Expect<&PortCounters::portRcvConstraintErrors>(IB_PC_ERR_RCVCONSTR_F);
    Expect<&PortCounters::counterSelect2>(IB_PC_COUNTER_SELECT2_F);
    Expect<&PortCounters::localLinkIntegrityErrors>(IB_PC_ERR_LOCALINTEG_F);
    Expect<&PortCounters::excessiveBufferOverrunErrors>(IB_PC_ERR_EXCESS_OVR_F);
    // Not QP1Dropped: the library reads it from the bytes of VL15Dropped.
    Expect<&PortCounters::vl15Dropped>(IB_PC_VL15_DROPPED_F);
    Expect<&PortCounters::portXmitData>(IB_PC_XMT_BYTES_F);
    Expect<&PortCounters::portRcvData>(IB_PC_RCV_BYTES_F);
    Expect<&PortCounters::portXmitPkts>(IB_PC_XMT_PKTS_F);
    Expect<&PortCounters::portRcvPkts>(IB_PC_RCV_PKTS_F);
    Expect<&PortCounters::portXmitWait>(IB_PC_XMT_WAIT_F);
}

TEST_F(Libibmad, PortCountersExtended)
{
    Expect<&PortCountersExtended::portSelect>(IB_PC_EXT_PORT_SELECT_F);
    Expect<&PortCountersExtended::counterSelect>(IB_PC_EXT_COUNTER_SELECT_F);
    Expect<&PortCountersExtended::portXmitData>(IB_PC_EXT_XMT_BYTES_F);
    Expect<&PortCountersExtended::portRcvData>(IB_PC_EXT_RCV_BYTES_F);
    Expect<&PortCountersExtended::portXmitPkts>(IB_PC_EXT_XMT_PKTS_F);
    Expect<&PortCountersExtended::portRcvPkts>(IB_PC_EXT_RCV_PKTS_F);
    Expect<&PortCountersExtended::portUnicastXmitPkts>(IB_PC_EXT_XMT_UPKTS_F);
    Expect<&PortCountersExtended::portUnicastRcvPkts>(IB_PC_EXT_RCV_UPKTS_F);
    Expect<&PortCountersExtended::portMulticastXmitPkts>(IB_PC_EXT_XMT_MPKTS_F);
    Expect<&PortCountersExtended::portMulticastRcvPkts>(IB_PC_EXT_RCV_MPKTS_F);
}

} // namespace
