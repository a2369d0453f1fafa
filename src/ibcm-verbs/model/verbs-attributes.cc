// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/model/verbs-attributes.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace cmverbs
{

namespace
{

struct MaskRow
{
    std::uint32_t core;
    int verbs;
};

constexpr std::array<MaskRow, 16> kMasks{{
    {ibcm::kQpAccessFlags, IBV_QP_ACCESS_FLAGS},
    {ibcm::kQpPkeyIndex, IBV_QP_PKEY_INDEX},
    {ibcm::kQpPort, IBV_QP_PORT},
    {ibcm::kQpAddress, IBV_QP_AV},
    {ibcm::kQpPathMtu, IBV_QP_PATH_MTU},
    {ibcm::kQpDestQpn, IBV_QP_DEST_QPN},
    {ibcm::kQpRqPsn, IBV_QP_RQ_PSN},
    {ibcm::kQpMaxDestRdAtomic, IBV_QP_MAX_DEST_RD_ATOMIC},
    {ibcm::kQpMinRnrTimer, IBV_QP_MIN_RNR_TIMER},
    {ibcm::kQpTimeout, IBV_QP_TIMEOUT},
    {ibcm::kQpRetryCount, IBV_QP_RETRY_CNT},
    {ibcm::kQpRnrRetry, IBV_QP_RNR_RETRY},
    {ibcm::kQpSqPsn, IBV_QP_SQ_PSN},
    {ibcm::kQpMaxRdAtomic, IBV_QP_MAX_QP_RD_ATOMIC},
    {ibcm::kQpAltPath, IBV_QP_ALT_PATH},
    {ibcm::kQpPathMigState, IBV_QP_PATH_MIG_STATE},
}};

int MaskOf(std::uint32_t core)
{
    int mask = IBV_QP_STATE;
    for (const MaskRow& row : kMasks)
    {
        mask |= (core & row.core) != 0 ? row.verbs : 0;
    }
    return mask;
}

ibv_qp_state StateOf(ibcm::QpTarget target)
{
    switch (target)
    {
    case ibcm::QpTarget::kInit:
        return IBV_QPS_INIT;
    case ibcm::QpTarget::kRtr:
        return IBV_QPS_RTR;
    case ibcm::QpTarget::kRts:
        return IBV_QPS_RTS;
    }
    return IBV_QPS_ERR;
}

} // namespace

ibv_ah_attr ToVerbs(const ibcm::MadAddress& address, std::uint8_t port)
{
    ibv_ah_attr verbs{};
    verbs.dlid = address.dlid;
    verbs.sl = address.sl;
    verbs.src_path_bits = address.sourcePathBits;
    verbs.port_num = port;
    if (address.hasGrh)
    {
        verbs.is_global = 1;
        std::copy(address.dgid.raw.begin(), address.dgid.raw.end(), std::begin(verbs.grh.dgid.raw));
        verbs.grh.flow_label = address.flowLabel;
        verbs.grh.sgid_index = address.sgidIndex;
        verbs.grh.hop_limit = address.hopLimit;
        verbs.grh.traffic_class = address.trafficClass;
    }
    return verbs;
}

VerbsAttributes ToVerbs(const ibcm::QpAttributes& from)
{
    VerbsAttributes result;
    result.mask = MaskOf(from.mask);
    ibv_qp_attr& to = result.attributes;
    to.qp_state = StateOf(from.target);
    to.qp_access_flags = from.accessFlags;
    to.pkey_index = from.pkeyIndex;
    to.port_num = from.port;
    to.ah_attr = ToVerbs(from.address, from.port);
    to.path_mtu = static_cast<ibv_mtu>(from.pathMtu);
    to.dest_qp_num = from.destQpn;
    to.rq_psn = from.rqPsn;
    to.sq_psn = from.sqPsn;
    to.max_dest_rd_atomic = from.maxDestRdAtomic;
    to.min_rnr_timer = from.minRnrTimer;
    to.timeout = from.timeout;
    to.retry_cnt = from.retryCount;
    to.rnr_retry = from.rnrRetry;
    to.max_rd_atomic = from.maxRdAtomic;
    to.alt_ah_attr = ToVerbs(from.altAddress, from.altPort);
    to.alt_pkey_index = from.altPkeyIndex;
    to.alt_port_num = from.altPort;
    to.alt_timeout = from.altTimeout;
    to.path_mig_state = from.rearm ? IBV_MIG_REARM : IBV_MIG_MIGRATED;
    return result;
}

} // namespace cmverbs
