// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_SEARCH_TREE_H
#define INTERLEAVE_SEARCH_TREE_H

#include "interleave/model/strategy/divisible-search.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace interleave
{

/**
 * Deals out a search that ends by itself: parts that have no run in common, to whoever asks, and
 * from what is left of them when some runs have been made, further parts.
 *
 * Which parts there are depends on what came back for earlier ones, in order of their tickets, not
 * on who has made which of them nor on how long it took. What a part finds out about a choice that
 * it does not own goes to the part that does, or makes a new one.
 */
class SearchTree
{
  public:
    /** Parts that are out at the same time, at most. */
    static constexpr std::size_t kWindow = 64;
    /** While fewer parts are there, what is left of one is cut in several. */
    static constexpr std::size_t kSpread = 32;

    using Id = std::uint64_t;

    /** Consecutive nodes that belong together: one part, or nodes that only wait for news. */
    struct Segment
    {
        std::optional<Id> parent;
        std::vector<SearchStep> path; //!< from the first choice to `nodes`
        std::vector<SearchNode> nodes;
        std::uint32_t children = 0;
        bool waiting = false;
        bool out = false;              //!< somebody makes it: nodes come back with Merge()
        std::vector<SearchNews> inbox; //!< while it is out

        friend bool operator==(const Segment&, const Segment&) = default;
    };

    /** What a ticket stands for: not changed by what comes in meanwhile. */
    struct Issued
    {
        Id segment = 0;
        std::uint64_t mode = 0;
        std::uint32_t level = 0;

        friend bool operator==(const Issued&, const Issued&) = default;
    };

    /** How far a search has come. Plain values. */
    struct State
    {
        std::map<Id, Segment> segments;
        std::deque<Id> waiting;                 //!< segments that are to be dealt, newest last
        std::map<std::uint64_t, Issued> issued; //!< by ticket
        Id nextId = 0;
        std::uint64_t nextTicket = 0;
        std::uint64_t merged = 0; //!< see Merged()
        std::uint64_t mode = 0;
        std::uint32_t level = 0;
        bool more = false;
        bool skipped = false;

        friend bool operator==(const State&, const State&) = default;
    };

    struct Deal
    {
        std::uint64_t ticket; //!< from 0, without a gap
        SearchPart part;
    };

    /** @param search an object that makes no runs: it knows what nodes mean. Owned from now on. */
    explicit SearchTree(std::unique_ptr<DivisibleSearch> search);

    /** Goes on where another has come to: what it had dealt out and not merged is dealt again. */
    SearchTree(std::unique_ptr<DivisibleSearch> search, State state);

    /** How far it has come; what is out counts as not made. */
    const State& SoFar() const
    {
        return m_state;
    }

    /** A part that is to be made; nothing if none can be now. */
    std::optional<Deal> Next();

    /** The same ticket is to be dealt once more: who had it has gone. */
    void Again(std::uint64_t ticket);

    /** What is left of a part. In order of tickets; @throws std::logic_error otherwise. */
    void Merge(std::uint64_t ticket, SearchRest rest);

    /**
     * The same for a part of which no run was made beyond those that @p rest knows of, and whose
     * next run and all that begins with it is given up. Without nodes the whole part is.
     */
    void MergeSkipping(std::uint64_t ticket, SearchRest rest);

    /** Tickets that have been merged: the next one's number. */
    std::uint64_t Merged() const
    {
        return m_state.merged;
    }

    /** Whether there is nothing left to make. */
    bool Finished() const
    {
        return m_state.issued.empty() && m_state.waiting.empty();
    }

    /** Whether Finished() means that everything was made: nothing was given up. */
    bool Complete() const
    {
        return Finished() && !m_state.skipped;
    }

  private:
    Id Add(Segment segment);
    Id CutOff(Id id, std::size_t length);
    Id CutOut(Id id, std::size_t index);
    void Settle(Id id);
    void Divide(Id id);
    void Wait(Id id);
    void WaitIfOpen(Id id);
    void Tell(Id from, const SearchNews& news);
    void ApplyTo(Id id, const SearchNews& news);
    void Prune(Id id);
    void Issue();
    Id Close(std::uint64_t ticket);

    std::unique_ptr<DivisibleSearch> m_search;
    State m_state;
    std::deque<std::uint64_t> m_ready; // tickets that nobody has yet
};

} // namespace interleave

#endif // INTERLEAVE_SEARCH_TREE_H
