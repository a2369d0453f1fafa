// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-fabric/model/ib-fault-model.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(IbFaultModel);

TypeId IbFaultModel::GetTypeId()
{
    static TypeId tid = TypeId("ns3::IbFaultModel").SetParent<Object>().SetGroupName("InfiniBand");
    return tid;
}

} // namespace ns3
