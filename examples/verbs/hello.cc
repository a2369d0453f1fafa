// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Connects to a port of the RDMA IP CM service and disconnects:  hello ADDRESS PORT
#include "ibcm-verbs/helper/cm-host.h"
#include "ibcm-verbs/model/ip-route.h"

#include <cstdio>

using namespace ibcm; // ConnectionManager, Event, ...

struct Hello : EventHandler
{
    cmverbs::QueuePair* pair{nullptr};
    std::atomic<const char*> ended{nullptr};

    Disposition OnCmEvent(ConnectionManager& manager, Handle id, const Event& event) override
    {
        bool connected = event.type == EventType::kRepReceived; // make the queue pair ready
        for (auto to : {QpTarget::kInit, QpTarget::kRtr, QpTarget::kRts})
        {
            const auto attributes = manager.InitQpAttributes(id, to);
            connected = connected && attributes && pair->Modify(*attributes);
        }
        // Here both sides could exchange data. Instead:
        if (!connected || !manager.SendRtu(id) || !pair->ModifyToError() || !manager.SendDreq(id))
        {
            ended = ToString(event.type); // DREP_RECEIVED if all went well
            ended.notify_one();
        }
        return Disposition::kKeep;
    }
};

int main(int argc, char** argv)
try
{
    const auto address = cmverbs::ParseAddress(argc == 3 ? argv[1] : "").value();
    const auto host = cmverbs::CmHost::Open({}).value();
    const auto route = host->Resolve(address).value();
    const auto pair = host->MakeQueuePair(false).value();
    Hello hello;
    hello.pair = pair.get();
    const auto data = BuildIpCm({route.source, 0, address}, IpCmCarrier::kReq).value();
    ReqParameters req;
    req.serviceId = ServiceIdOf({ibwire::PortSpace::kTcp, std::uint16_t(std::stoi(argv[2]))});
    req.primaryPath = route.path;
    req.localQpn = pair->Number();
    req.privateData = data;
    const Handle id = host->Manager().Create(hello).value();
    if (host->Manager().SendReq(id, req))
    {
        hello.ended.wait(nullptr);
        std::printf("ended by %s\n", hello.ended.load());
    }
    (void)host->Manager().Destroy(id);
}
catch (const tl::bad_expected_access<cmverbs::VerbsError>& bad)
{
    std::fprintf(stderr, "hello: %s\n", bad.error().text.c_str());
    return 1;
}
