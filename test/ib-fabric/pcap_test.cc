// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fabric-fixture.h"
#include "ib-fabric/model/sa-client.h"
#include "ib-wire/model/mad.h"

#include <cstdio>
#include <filesystem>
#include <memory>

namespace ns3
{
namespace
{

/** What a command prints. */
std::string Output(const std::string& command)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"),
                                                               &pclose);
    std::string text;
    char block[4096];
    std::size_t bytes = 0;
    while (pipe && (bytes = std::fread(block, 1, sizeof block, pipe.get())) > 0)
    {
        text.append(block, bytes);
    }
    return text;
}

std::size_t CountLines(const std::string& text)
{
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

class PcapTest : public FabricTest
{
  protected:
    void SetUp() override
    {
        path = (std::filesystem::temp_directory_path() /
                ("weft-pcap-" +
                 std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) +
                 ".pcap"))
                   .string();
        Build("fat-tree:k=2");
    }

    void TearDown() override
    {
        std::filesystem::remove(path);
    }

    /** What tshark says of each packet. */
    std::string Dissect(const std::string& filter = "")
    {
        return Output("tshark -n -r '" + path + "' " +
                      (filter.empty() ? "" : "-Y '" + filter + "' ") + "2>/dev/null");
    }

    std::string path;
};

#define SKIP_WITHOUT_TSHARK()                           \
    if (Output("tshark --version 2>/dev/null").empty()) \
    {                                                   \
        GTEST_SKIP() << "tshark is not installed";      \
    }

TEST_F(PcapTest, IsUnderstoodByTshark)
{
    SKIP_WITHOUT_TSHARK();
    auto file = IbFabricHelper::EnablePcap(path, fabric);
    ASSERT_TRUE(file) << file.error();
    BringUp("host-0");
    // A path query, a CM message, and data of a connection.
    Ptr<SaClient> sa = CreateObject<SaClient>();
    Ptr<IbMadService> qp1 = Hca("host-1").GetMadService(1);
    sa->Install(qp1);
    bool found = false;
    sa->QueryPath(Port("host-0").GetGid(), [&](const auto& path) { found = path.has_value(); });
    ibwire::MadBytes req{};
    ibwire::MadHeader header;
    header.mgmtClass = ibwire::MgmtClass::kCm;
    header.classVersion = 2;
    header.method = ibwire::MadMethod::kSend;
    header.attributeId = static_cast<std::uint16_t>(ibwire::CmAttribute::kReq);
    ibwire::EncodeHeader(header, req);
    IbMadAddress address;
    address.dlid = Port("host-0").GetLid();
    qp1->Send(address, req);
    Simulator::Run();
    EXPECT_TRUE(found);
    ASSERT_TRUE((*file)->Flush());

    const std::string all = Dissect();
    EXPECT_EQ(CountLines(all), (*file)->GetCount());
    for (const char* words : {"SubnGet(NodeInfo)",
                              "SubnGetResp(NodeDescription)",
                              "SubnSet(PortInfo)",
                              "SubnSet(LinearForwardingTable)",
                              "SubnAdmGet(PathRecord)",
                              "SubnAdmGetResp(PathRecord)",
                              "ConnectRequest"})
    {
        EXPECT_NE(all.find(words), std::string::npos) << words;
    }
    EXPECT_EQ(all.find("Malformed"), std::string::npos);
    EXPECT_EQ(Dissect("infiniband.lrh.vl == 15 && infiniband.bth.destqp != 0"), "");
    // Times are those of the simulation, and do not run backwards.
    EXPECT_EQ(Dissect("frame.time_delta < 0"), "");
}

TEST_F(PcapTest, RecordsEveryHopIfAsked)
{
    auto once = IbFabricHelper::EnablePcap(path, fabric);
    auto hops =
        IbFabricHelper::EnablePcap(path + ".hops", fabric, IbFabricHelper::PcapScope::kEveryHop);
    auto port = IbFabricHelper::EnablePcap(path + ".port", {Ptr<IbPort>(&Port("host-1"))}, 64);
    ASSERT_TRUE(once && hops && port);
    BringUp("host-0");
    std::uint64_t sent = 0;
    for (const Ptr<IbLink>& link : fabric.GetLinks())
    {
        sent += link->GetPort(0)->GetCounters().xmitPackets;
        sent += link->GetPort(1)->GetCounters().xmitPackets;
    }
    EXPECT_EQ((*hops)->GetCount(), sent);
    EXPECT_LT((*once)->GetCount(), sent);
    // Requests to others and their answers, each once; those to its own node take no cable.
    const auto& smps = manager->GetReport().smps;
    EXPECT_LE((*once)->GetCount(), smps.sent + smps.received);
    const IbPortCounters& counters = Port("host-1").GetCounters();
    EXPECT_EQ((*port)->GetCount(), counters.xmitPackets + counters.rcvPackets);
    ASSERT_TRUE((*port)->Flush());
    const auto bytes = std::filesystem::file_size(path + ".port");
    EXPECT_EQ(bytes, 24 + (*port)->GetCount() * (16 + 16 + 64));
    std::filesystem::remove(path + ".hops");
    std::filesystem::remove(path + ".port");
}

TEST_F(PcapTest, SaysWhyItCannotWrite)
{
    const auto file = IbFabricHelper::EnablePcap("no/such/folder/a.pcap", fabric);
    ASSERT_FALSE(file);
    EXPECT_NE(file.error().find("No such file"), std::string::npos);
}

} // namespace
} // namespace ns3
