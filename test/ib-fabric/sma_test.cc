// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fabric-fixture.h"
#include "ib-fabric/model/smi.h"
#include "ib-wire/model/smp.h"

#include <algorithm>
#include <optional>

namespace ns3
{
namespace
{

/** SMPs of both classes, sent by hand. */
class SmaTest : public FabricTest
{
  protected:
    void SetUp() override
    {
        Build("fat-tree:k=4");
        node = &Hca("host-2");
        node->GetSmi().SetManager(
            1,
            [this](const SmpReceived& received)
            {
                answer.emplace();
                std::copy(received.mad.begin(), received.mad.end(), answer->begin());
            });
    }

    /** The answer to an SMP that goes along this path. */
    bool Ask(DirectedPath path,
             ibwire::MadMethod method,
             ibwire::SmAttribute attribute,
             std::uint32_t modifier,
             const ibwire::SmpData& data = {})
    {
        ibwire::DirectedSmp smp;
        smp.method = method;
        smp.hopCount = static_cast<std::uint8_t>(path.size());
        smp.transactionId = 0x1234;
        smp.attributeId = static_cast<std::uint16_t>(attribute);
        smp.attributeModifier = modifier;
        smp.data = data;
        std::copy(path.begin(), path.end(), smp.initialPath.begin() + 1);
        ibwire::MadBytes mad{};
        EXPECT_TRUE(ibwire::Encode(smp, std::span<std::uint8_t>(mad)));
        answer.reset();
        node->GetSmi().SendDirected(1, mad);
        Simulator::Run();
        return answer.has_value();
    }

    template <ibwire::Message A>
    A Attribute() const
    {
        return ibwire::UnpackAttribute<A>(ibwire::SmpAttributeData(*answer));
    }

    std::uint16_t Status() const
    {
        return ibwire::DecodeHeader(*answer).status & 0x7fff;
    }

    IbHca* node{nullptr};
    std::optional<ibwire::MadBytes> answer;
};

TEST_F(SmaTest, WalksThePathAndBack)
{
    // host-2 is the first host of edge-0-1; port 3 of that leads up, port 1 of the next down to
    // edge-0-0, port 2 of that to host-1.
    ASSERT_TRUE(Ask({1, 3, 1, 2}, ibwire::MadMethod::kGet, ibwire::SmAttribute::kNodeInfo, 0));
    EXPECT_EQ(Status(), 0);
    const auto info = Attribute<ibwire::NodeInfo>();
    EXPECT_EQ(info.nodeGuid, Hca("host-1").GetGuid());
    EXPECT_EQ(info.nodeType, ibwire::NodeType::kChannelAdapter);
    EXPECT_EQ(info.localPortNum, 1);
    const auto smp =
        ibwire::Unpack<ibwire::DirectedSmp>(std::span<const std::uint8_t, 256>(*answer));
    EXPECT_TRUE(smp.direction);
    EXPECT_EQ(smp.hopPointer, 0);
    EXPECT_EQ(smp.method, ibwire::MadMethod::kGetResp);
    EXPECT_EQ(smp.transactionId, 0x1234U);
    EXPECT_EQ(smp.returnPath[1], 1);
    EXPECT_EQ(smp.returnPath[2], 2);
    EXPECT_EQ(smp.returnPath[3], 3);
    EXPECT_EQ(smp.returnPath[4], 1);
}

TEST_F(SmaTest, AnswersAboutItself)
{
    ASSERT_TRUE(Ask({}, ibwire::MadMethod::kGet, ibwire::SmAttribute::kNodeDescription, 0));
    EXPECT_EQ(Attribute<ibwire::NodeDescription>().String(), "host-2");
}

TEST_F(SmaTest, LosesWhatLeadsNowhere)
{
    EXPECT_FALSE(Ask({2}, ibwire::MadMethod::kGet, ibwire::SmAttribute::kNodeInfo, 0));
    EXPECT_FALSE(Ask({1, 9}, ibwire::MadMethod::kGet, ibwire::SmAttribute::kNodeInfo, 0));
    EXPECT_FALSE(Ask({1, 2, 1}, ibwire::MadMethod::kGet, ibwire::SmAttribute::kNodeInfo, 0));
    EXPECT_FALSE(Ask({1, 0}, ibwire::MadMethod::kGet, ibwire::SmAttribute::kNodeInfo, 0));
}

TEST_F(SmaTest, RefusesByStatus)
{
    using ibwire::MadMethod;
    using ibwire::SmAttribute;
    ASSERT_TRUE(Ask({1}, MadMethod::kGet, SmAttribute::kLedInfo, 0));
    EXPECT_EQ(Status(), 0x000c);
    ASSERT_TRUE(Ask({1, 1}, MadMethod::kGet, SmAttribute::kSwitchInfo, 0)); // of a CA
    EXPECT_EQ(Status(), 0x000c);
    ASSERT_TRUE(Ask({1}, MadMethod::kSet, SmAttribute::kNodeInfo, 0));
    EXPECT_EQ(Status(), 0x000c);
    ASSERT_TRUE(Ask({1}, MadMethod::kGet, SmAttribute::kPortInfo, 5)); // a switch of 4 ports
    EXPECT_EQ(Status(), 0x001c);
    ASSERT_TRUE(Ask({1}, MadMethod::kGet, SmAttribute::kLinearForwardingTable, 768));
    EXPECT_EQ(Status(), 0x001c);
}

TEST_F(SmaTest, SetsPortInfo)
{
    using ibwire::MadMethod;
    using ibwire::PortState;
    using ibwire::SmAttribute;
    ASSERT_TRUE(Ask({}, MadMethod::kGet, SmAttribute::kPortInfo, 1));
    auto info = Attribute<ibwire::PortInfo>();
    EXPECT_EQ(info.portState, PortState::kInit);
    EXPECT_EQ(info.linkWidthActive, ibwire::LinkWidth::k4x);
    EXPECT_EQ(info.linkSpeedExtActive, ibwire::LinkSpeedExt::kEdr);
    ibwire::SmpData data{};
    const auto set = [&](const ibwire::PortInfo& wanted)
    {
        EXPECT_TRUE(ibwire::EncodeAttribute(wanted, std::span(data)));
        EXPECT_TRUE(Ask({}, MadMethod::kSet, SmAttribute::kPortInfo, 1, data));
        return Attribute<ibwire::PortInfo>();
    };
    info.lid = 77;
    info.masterSmLid = 3;
    info.neighborMtu = ibwire::Mtu::k2048;
    info.portState = PortState::kArmed;
    info.portPhysicalState = ibwire::PortPhysState::kNoChange;
    info.capabilityMask = 0;
    const auto armed = set(info);
    EXPECT_EQ(Status(), 0);
    EXPECT_EQ(armed.lid, 77);
    EXPECT_EQ(armed.portState, PortState::kArmed);
    EXPECT_EQ(armed.neighborMtu, ibwire::Mtu::k2048);
    EXPECT_NE(armed.capabilityMask, 0U); // read-only
    info.lid = 0xc000;
    EXPECT_EQ(set(info).lid, 77);
    EXPECT_EQ(Status(), 0x001c);
    info.lid = 77;
    info.portState = PortState::kActive;
    EXPECT_EQ(set(info).portState, PortState::kActive);
    info.portState = PortState::kArmed; // there is no way back
    EXPECT_EQ(set(info).portState, PortState::kActive);
    EXPECT_EQ(Status(), 0x001c);
}

TEST_F(SmaTest, KeepsTablesInBlocks)
{
    using ibwire::MadMethod;
    using ibwire::SmAttribute;
    ibwire::SmpData data{};
    data[5] = 3;
    ASSERT_TRUE(Ask({1}, MadMethod::kSet, SmAttribute::kLinearForwardingTable, 2, data));
    ASSERT_TRUE(Ask({1}, MadMethod::kGet, SmAttribute::kLinearForwardingTable, 2));
    EXPECT_EQ(Attribute<ibwire::LinearForwardingTable>().ports[5], 3);
    ASSERT_TRUE(Ask({1}, MadMethod::kGet, SmAttribute::kLinearForwardingTable, 1));
    EXPECT_EQ(Attribute<ibwire::LinearForwardingTable>().ports[0], 255);
    ASSERT_TRUE(Ask({}, MadMethod::kGet, SmAttribute::kPkeyTable, 0));
    EXPECT_EQ(Attribute<ibwire::PkeyTable>().pkeys[0], 0xffff);
    ASSERT_TRUE(Ask({}, MadMethod::kGet, SmAttribute::kPkeyTable, 1));
    EXPECT_EQ(Status(), 0x001c);
    ibwire::GuidInfo guids;
    guids.guids[0] = 1;
    guids.guids[3] = 0xabc;
    ASSERT_TRUE(ibwire::EncodeAttribute(guids, std::span(data)));
    ASSERT_TRUE(Ask({}, MadMethod::kSet, SmAttribute::kGuidInfo, 0, data));
    EXPECT_EQ(Attribute<ibwire::GuidInfo>().guids[0], node->GetPort(1).GetGuid());
    EXPECT_EQ(node->GetPort(1).GetGid(3).Guid(), 0xabcU);
}

TEST_F(SmaTest, AsksForTheMkey)
{
    using ibwire::MadMethod;
    using ibwire::SmAttribute;
    auto& info = Hca("host-3").GetPort(1).GetInfo();
    info.mKey = 0x4242;
    EXPECT_TRUE(Ask({1, 2}, MadMethod::kGet, SmAttribute::kPortInfo, 1));
    EXPECT_FALSE(Ask({1, 2}, MadMethod::kSet, SmAttribute::kPortInfo, 1));
    info.mKeyProtectBits = 2;
    EXPECT_FALSE(Ask({1, 2}, MadMethod::kGet, SmAttribute::kPortInfo, 1));
    EXPECT_EQ(info.mKeyViolations, 2);
}

TEST_F(SmaTest, AnswersLidRoutedSmps)
{
    node->GetSmi().SetManager(1, {});
    BringUp("host-2");
    node->GetSmi().SetManager(1,
                              [this](const SmpReceived& received)
                              {
                                  answer.emplace();
                                  std::copy(
                                      received.mad.begin(), received.mad.end(), answer->begin());
                                  EXPECT_EQ(received.slid, Port("core-1[0]").GetLid());
                              });
    ibwire::LidRoutedSmp smp;
    smp.header.method = ibwire::MadMethod::kGet;
    smp.header.attributeId = static_cast<std::uint16_t>(ibwire::SmAttribute::kSwitchInfo);
    ibwire::MadBytes mad{};
    ASSERT_TRUE(ibwire::Encode(smp, std::span<std::uint8_t>(mad)));
    node->GetSmi().SendLidRouted(1, Port("core-1[0]").GetLid(), mad);
    Simulator::Run();
    ASSERT_TRUE(answer);
    EXPECT_EQ(Attribute<ibwire::SwitchInfo>().linearFdbTop, 36);
}

TEST_F(SmaTest, TheManagerAnswersSmInfo)
{
    BringUp("host-0");
    ASSERT_TRUE(Ask({1, 3, 1, 1}, ibwire::MadMethod::kGet, ibwire::SmAttribute::kSmInfo, 0));
    const auto info = Attribute<ibwire::SmInfo>();
    EXPECT_EQ(info.smState, ibwire::SmState::kMaster);
    EXPECT_EQ(info.guid, Port("host-0").GetGuid());
}

} // namespace
} // namespace ns3
