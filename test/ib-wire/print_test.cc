// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ib-wire/model/print.h"

#include "messages.h"

#include <gtest/gtest.h>

namespace
{

using namespace ibwiretest;

TEST(Print, OneLine)
{
    EXPECT_EQ(Print(Lrh{.vl = 15, .lnh = LinkNextHeader::kIbaGlobal, .dlid = 7, .slid = 9}),
              "LRH {VL: 15, LVer: 0, SL: 0, LNH: GRH (3), DLID: 7, PktLen: 0, SLID: 9}");
}

TEST(Print, ManyLines)
{
    CmRej rej{.localCommId = 0x1234,
              .rejectInfoLength = 2,
              .reason = RejReason::kConsumer,
              .ari = {0xab, 0x01}};
    EXPECT_EQ(Print(rej, Layout::kLines),
              "REJ\n"
              "  Local communication ID: 0x00001234\n"
              "  Remote communication ID: 0x00000000\n"
              "  Message rejected: REQ (0)\n"
              "  Reject info length: 2\n"
              "  Reason: consumer reject (28)\n"
              "  Additional reject information: ab01 +70 zero bytes\n"
              "  Private data: +148 zero bytes");
}

TEST(Print, NestedMessagesAreIndentedFurther)
{
    EXPECT_EQ(Print(NoticeReport{}, Layout::kLines).substr(0, 51),
              "NoticeReport\n  Notice: Notice\n    IsGeneric: 0\n    ");
}

TEST(Print, ArraysOfNumbersAndOfNibbles)
{
    SlToVlTable table;
    table.vls[1] = 15;
    EXPECT_EQ(Print(table), "SLtoVLMappingTable {VLs: [0 15 0 0 0 0 0 0 0 0 0 0 0 0 0 0]}");
    EXPECT_NE(Print(PkeyTable{.pkeys = {0xffff}}).find("[0xffff 0x0000"), std::string::npos);
}

TEST(Print, FieldsInTheOrderOfTheTable)
{
    std::string names;
    ForEachField(CmDreq{},
                 [&](std::string_view name, const auto&) { names += std::string(name) + "|"; });
    EXPECT_EQ(names,
              "Local communication ID|Remote communication ID|Remote QPN/EECN|Private data|");
}

} // namespace
