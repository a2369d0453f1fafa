// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/port-events.h"
#include "ibcm-verbs/model/verbs-attributes.h"

#include <gtest/gtest.h>

namespace cmverbs::test
{
namespace
{

TEST(VerbsAttributes, NamesEachMaskBit)
{
    ibcm::QpAttributes attributes;
    EXPECT_EQ(ToVerbs(attributes).mask, IBV_QP_STATE);
    attributes.mask = ibcm::kQpAccessFlags | ibcm::kQpPkeyIndex | ibcm::kQpPort;
    EXPECT_EQ(ToVerbs(attributes).mask,
              IBV_QP_STATE | IBV_QP_ACCESS_FLAGS | IBV_QP_PKEY_INDEX | IBV_QP_PORT);
    attributes.mask = ibcm::kQpAddress | ibcm::kQpPathMtu | ibcm::kQpDestQpn | ibcm::kQpRqPsn |
                      ibcm::kQpMaxDestRdAtomic | ibcm::kQpMinRnrTimer;
    EXPECT_EQ(ToVerbs(attributes).mask,
              IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
                  IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER);
    attributes.mask = ibcm::kQpTimeout | ibcm::kQpRetryCount | ibcm::kQpRnrRetry | ibcm::kQpSqPsn |
                      ibcm::kQpMaxRdAtomic;
    EXPECT_EQ(ToVerbs(attributes).mask,
              IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN |
                  IBV_QP_MAX_QP_RD_ATOMIC);
    attributes.mask = ibcm::kQpAltPath | ibcm::kQpPathMigState;
    EXPECT_EQ(ToVerbs(attributes).mask, IBV_QP_STATE | IBV_QP_ALT_PATH | IBV_QP_PATH_MIG_STATE);
}

TEST(VerbsAttributes, CarriesEachValue)
{
    ibcm::QpAttributes from;
    from.target = ibcm::QpTarget::kRtr;
    from.accessFlags = ibcm::kQpRemoteRead | ibcm::kQpRemoteWrite;
    from.pkeyIndex = 1;
    from.port = 2;
    from.pathMtu = 4;
    from.destQpn = 0x123456;
    from.rqPsn = 3;
    from.sqPsn = 4;
    from.maxDestRdAtomic = 5;
    from.minRnrTimer = 6;
    from.timeout = 7;
    from.retryCount = 1;
    from.rnrRetry = 2;
    from.maxRdAtomic = 8;
    from.altPkeyIndex = 9;
    from.altPort = 10;
    from.altTimeout = 11;
    from.rearm = true;
    from.address.dlid = 0x77;
    const ibv_qp_attr to = ToVerbs(from).attributes;
    EXPECT_EQ(to.qp_state, IBV_QPS_RTR);
    EXPECT_EQ(to.qp_access_flags, unsigned{IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE});
    EXPECT_EQ(to.pkey_index, 1);
    EXPECT_EQ(to.port_num, 2);
    EXPECT_EQ(to.path_mtu, IBV_MTU_2048);
    EXPECT_EQ(to.dest_qp_num, 0x123456U);
    EXPECT_EQ(to.rq_psn, 3U);
    EXPECT_EQ(to.sq_psn, 4U);
    EXPECT_EQ(to.max_dest_rd_atomic, 5);
    EXPECT_EQ(to.min_rnr_timer, 6);
    EXPECT_EQ(to.timeout, 7);
    EXPECT_EQ(to.retry_cnt, 1);
    EXPECT_EQ(to.rnr_retry, 2);
    EXPECT_EQ(to.max_rd_atomic, 8);
    EXPECT_EQ(to.alt_pkey_index, 9);
    EXPECT_EQ(to.alt_port_num, 10);
    EXPECT_EQ(to.alt_timeout, 11);
    EXPECT_EQ(to.path_mig_state, IBV_MIG_REARM);
    EXPECT_EQ(to.ah_attr.dlid, 0x77);
    EXPECT_EQ(to.ah_attr.port_num, 2);
    EXPECT_EQ(to.ah_attr.is_global, 0);
    EXPECT_EQ(to.alt_ah_attr.port_num, 10);
}

TEST(VerbsAttributes, ReachesEachState)
{
    ibcm::QpAttributes from;
    EXPECT_EQ(ToVerbs(from).attributes.qp_state, IBV_QPS_INIT);
    from.target = ibcm::QpTarget::kRts;
    EXPECT_EQ(ToVerbs(from).attributes.qp_state, IBV_QPS_RTS);
}

TEST(VerbsAttributes, PutsTheGrhIntoAnAddress)
{
    ibcm::MadAddress address;
    address.hasGrh = true;
    address.dgid = ibwire::Gid::From(0x1112131415161718, 0x2122232425262728);
    address.sgidIndex = 3;
    address.flowLabel = 0x54321;
    address.hopLimit = 64;
    address.trafficClass = 9;
    address.sl = 2;
    const ibv_ah_attr to = ToVerbs(address, 4);
    EXPECT_EQ(to.is_global, 1);
    EXPECT_EQ(to.grh.dgid.raw[0], 0x11);
    EXPECT_EQ(to.grh.dgid.raw[15], 0x28);
    EXPECT_EQ(to.grh.sgid_index, 3);
    EXPECT_EQ(to.grh.flow_label, 0x54321U);
    EXPECT_EQ(to.grh.hop_limit, 64);
    EXPECT_EQ(to.grh.traffic_class, 9);
    EXPECT_EQ(to.sl, 2);
    EXPECT_EQ(to.port_num, 4);
}

TEST(PortEvents, KnowsWhatToDoAboutEachEvent)
{
    for (const auto type : {IBV_EVENT_PORT_ACTIVE,
                            IBV_EVENT_PORT_ERR,
                            IBV_EVENT_LID_CHANGE,
                            IBV_EVENT_PKEY_CHANGE,
                            IBV_EVENT_GID_CHANGE,
                            IBV_EVENT_SM_CHANGE})
    {
        EXPECT_EQ(ActionFor(type), EventAction::kRefreshPort) << ibv_event_type_str(type);
    }
    EXPECT_EQ(ActionFor(IBV_EVENT_COMM_EST), EventAction::kEstablished);
    EXPECT_EQ(ActionFor(IBV_EVENT_PATH_MIG), EventAction::kMigrated);
    EXPECT_EQ(ActionFor(IBV_EVENT_DEVICE_FATAL), EventAction::kDeviceGone);
    EXPECT_EQ(ActionFor(IBV_EVENT_PATH_MIG_ERR), EventAction::kIgnore);
    EXPECT_EQ(ActionFor(IBV_EVENT_SQ_DRAINED), EventAction::kIgnore);
}

} // namespace
} // namespace cmverbs::test
