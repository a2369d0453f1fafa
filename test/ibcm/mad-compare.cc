// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "mad-compare.h"

#include "ib-wire/model/cm-messages.h"
#include "ib-wire/model/print.h"

#include <variant>

namespace ibcm::test
{

namespace
{

template <ibwire::Message M>
void CompareFields(const M& expected, const M& actual, std::vector<FieldDifference>& differences)
{
    ibwire::detail::ForEachIndex<M>(
        [&](auto index)
        {
            constexpr auto field = std::get<index()>(ibwire::kFields<M>);
            const auto& want = expected.*(field.kMember);
            const auto& have = actual.*(field.kMember);
            if (want == have)
            {
                return;
            }
            FieldDifference& difference = differences.emplace_back();
            difference.field = std::string(M::kName) + ": " + std::string(field.name);
            const auto print = [&](const auto& value, std::string& out) {
                ibwire::detail::PrintValue(
                    value, field.Bits(), field.show, ibwire::Layout::kLine, "", out);
            };
            print(want, difference.expected);
            print(have, difference.actual);
        });
}

void CompareBodies(const ibwire::MadBytes& expected,
                   const ibwire::MadBytes& actual,
                   std::vector<FieldDifference>& differences)
{
    const auto want = ibwire::DecodeCm(expected);
    const auto have = ibwire::DecodeCm(actual);
    if (!want || !have || want->index() != have->index())
    {
        return; // the headers have told already, or the bytes will
    }
    std::visit(
        [&](const auto& message)
        {
            using M = std::decay_t<decltype(message)>;
            CompareFields(message, std::get<M>(*have), differences);
        },
        *want);
}

} // namespace

std::string ToString(const FieldDifference& difference)
{
    return difference.field + ": expected " + difference.expected + ", is " + difference.actual;
}

std::vector<FieldDifference> CompareMads(const ibwire::MadBytes& expected,
                                         const ibwire::MadBytes& actual)
{
    std::vector<FieldDifference> differences;
    CompareFields(ibwire::DecodeHeader(expected), ibwire::DecodeHeader(actual), differences);
    CompareBodies(expected, actual, differences);
    for (std::size_t i = 0; i < expected.size() && differences.empty(); ++i)
    {
        if (expected[i] != actual[i])
        {
            differences.push_back({"byte " + std::to_string(i) + " (reserved bits)",
                                   ibwire::detail::FormatNumber(expected[i], 8, ibwire::Show::kHex),
                                   ibwire::detail::FormatNumber(actual[i], 8, ibwire::Show::kHex)});
        }
    }
    return differences;
}

} // namespace ibcm::test
