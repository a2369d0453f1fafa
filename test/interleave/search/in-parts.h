// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef TEST_INTERLEAVE_SEARCH_IN_PARTS_H
#define TEST_INTERLEAVE_SEARCH_IN_PARTS_H

#include "interleave/model/search/schedule-coverage.h"
#include "interleave/model/search/search-tree.h"
#include "interleave/model/strategy/dpor.h"
#include "interleave/strategy/script.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace interleave::test
{

/** What all parts together have made. */
struct Sum
{
    std::uint64_t parts = 0;
    std::uint64_t runs = 0;
    std::uint64_t complete = 0;
    std::set<std::uint64_t> schedules;
    std::set<std::string> finals;
    bool whole = false;

    friend bool operator==(const Sum&, const Sum&) = default;
};

inline std::unique_ptr<DivisibleSearch> SearchOf(const std::string& name)
{
    auto strategy = Make(name);
    DivisibleSearch* const search = strategy->AsSearch();
    EXPECT_NE(search, nullptr) << name;
    static_cast<void>(strategy.release()); // it is the same object
    return std::unique_ptr<DivisibleSearch>(search);
}

/** Makes at most @p quota runs of a part with an object that knows nothing else. */
inline SearchRest MakePart(const std::string& name,
                           ScriptRunner& runner,
                           const SearchPart& part,
                           std::uint64_t quota,
                           Sum& sum)
{
    const auto search = SearchOf(name);
    search->Resume(part);
    TraceHashObserver hash;
    runner.GetWorld().engine.AddObserver(hash);
    ++sum.parts;
    for (std::uint64_t run = 0; run < quota && !search->Done(); ++run)
    {
        hash.Clear();
        search->Seed(run);
        runner.Run(*search);
        ++sum.runs;
        sum.schedules.insert(hash.Value());
        sum.finals.insert(runner.Final());
    }
    runner.GetWorld().engine.RemoveObserver(hash);
    if (const auto* const dpor = dynamic_cast<const DporStrategy*>(search.get()))
    {
        sum.complete += dpor->Complete();
    }
    return search->Rest();
}

/** All of a search, dealt to @p hands that take turns; each comes back as late as it can. */
inline Sum InParts(const std::string& name,
                   const Script& script,
                   std::uint64_t quota,
                   std::size_t hands)
{
    ScriptRunner runner(script);
    SearchTree tree(SearchOf(name));
    std::map<std::uint64_t, SearchRest> back;
    Sum sum;
    while (!tree.Finished())
    {
        for (std::size_t hand = 0; hand < hands; ++hand)
        {
            if (const auto deal = tree.Next())
            {
                back[deal->ticket] = MakePart(name, runner, deal->part, quota, sum);
            }
        }
        while (back.contains(tree.Merged()))
        {
            const std::uint64_t ticket = tree.Merged();
            tree.Merge(ticket, std::move(back.at(ticket)));
        }
    }
    sum.whole = tree.Complete();
    return sum;
}

} // namespace interleave::test

#endif // TEST_INTERLEAVE_SEARCH_IN_PARTS_H
