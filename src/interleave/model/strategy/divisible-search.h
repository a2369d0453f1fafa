// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_DIVISIBLE_SEARCH_H
#define INTERLEAVE_DIVISIBLE_SEARCH_H

#include "interleave/model/strategy/strategy.h"

#include <cstdint>
#include <vector>

namespace interleave
{

/** A choice with more than one option on the way from the beginning of a run to a part. */
struct SearchStep
{
    std::uint32_t option = 0;
    std::uint32_t count = 0;

    friend bool operator==(const SearchStep&, const SearchStep&) = default;
};

/** A choice that a search will come back to. */
struct SearchNode
{
    SearchStep step;                  //!< what goes on; at the last node of a part: what comes next
    bool open = false;                //!< something else is left to try here
    std::vector<std::uint64_t> state; //!< the search's own

    friend bool operator==(const SearchNode&, const SearchNode&) = default;
};

/** What was learned below a node that is somebody else's. */
struct SearchNews
{
    std::uint32_t depth = 0; //!< of the node; the first choice of a run has 0
    std::vector<std::uint64_t> state;

    friend bool operator==(const SearchNews&, const SearchNews&) = default;
};

/** A subtree of a search, less what has been made or dealt out of it already. Plain values. */
struct SearchPart
{
    std::uint32_t level = 0;       //!< which pass of a search that makes several
    std::uint64_t mode = 0;        //!< what the whole search has learned, the search's own
    std::vector<SearchStep> path;  //!< down to where the part begins
    std::vector<SearchNode> nodes; //!< from there to where the search is; none: not begun

    friend bool operator==(const SearchPart&, const SearchPart&) = default;
};

/** What is left of a part when no more runs are made of it. */
struct SearchRest
{
    std::uint64_t mode = 0;
    bool more = false; //!< something was left for the next level
    std::vector<SearchNode> nodes;
    std::vector<SearchNews> news;

    friend bool operator==(const SearchRest&, const SearchRest&) = default;
};

/**
 * An exhaustive search that can be cut in disjoint parts, which may be made by different processes:
 * see SearchTree. An object that is not told otherwise makes the whole search.
 */
class DivisibleSearch : public Strategy
{
  public:
    DivisibleSearch* AsSearch() override
    {
        return this;
    }

    /** Before the first run: make this part, and nothing else. */
    virtual void Resume(const SearchPart& part) = 0;

    /**
     * After the last run has ended: what is left. The object has no further use.
     * @throws std::logic_error when there was no run, or the program does not repeat itself.
     */
    virtual SearchRest Rest() = 0;

    /** The first level of the search. */
    virtual std::uint32_t FirstLevel() const
    {
        return 0;
    }

    /** What goes on below @p node becomes somebody else's: the node has only what else is open. */
    virtual void PutAside(SearchNode& node) const = 0;

    /** What comes next at @p node, the last one of a part, is not to be made at all. */
    virtual void Skip(SearchNode& node) const = 0;

    /** @p node learns what was found out below it. @p mode see SearchPart. */
    virtual void Apply(SearchNode& node, const SearchNews& news, std::uint64_t mode) const = 0;
};

} // namespace interleave

#endif // INTERLEAVE_DIVISIBLE_SEARCH_H
