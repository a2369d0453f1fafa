// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_SEARCH_DEALER_H
#define LAB_SEARCH_DEALER_H

#include "interleave/model/search/search-tree.h"
#include "lab/helper/campaign-tally.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

namespace lab
{

/** How far a search has come, to go on from. Plain values. */
struct SearchState
{
    interleave::SearchTree::State tree;
    Tally sum;           ///< of the runs that have got their numbers
    unsigned crashes{0}; ///< among them

    friend bool operator==(const SearchState&, const SearchState&) = default;
};

/**
 * The runs of a search that ends by itself, dealt to workers in parts. What comes out, and the
 * number that each run gets, does not depend on the number of workers.
 */
class SearchDealer
{
  public:
    /** After so many runs that took a worker down, no part is dealt any more. */
    static constexpr unsigned kMostCrashes = 64;

    /** A part, and how many runs of it to make at most. */
    struct Piece
    {
        std::uint64_t ticket{0};
        std::uint64_t runs{0};
        interleave::SearchPart part;
    };

    using State = SearchState;

    /**
     * @param runs of a part, before what is left of it is dealt anew.
     * @param schedules runs to make in all, at most; at least 1.
     */
    SearchDealer(std::unique_ptr<interleave::DivisibleSearch> search,
                 std::uint64_t runs,
                 std::uint64_t schedules);
    /** Goes on where another with the same number of runs of a part has come to. */
    SearchDealer(std::unique_ptr<interleave::DivisibleSearch> search,
                 std::uint64_t runs,
                 std::uint64_t schedules,
                 State state);

    /** From where it comes out the same as in one go, also with more schedules. */
    State SoFar() const;

    /** What a worker can do now; nothing if there is nothing (else) to do. */
    std::optional<Piece> Next();

    /** The runs of a piece are made. */
    void Made(std::uint64_t ticket, Tally tally, interleave::SearchRest rest);

    /** Run @p index of a piece, from 0, takes workers down. @param crash tells of that run alone.
     */
    void Crashed(const Piece& piece, std::uint64_t index, Tally crash);

    /** Of the runs that have got their numbers; exhausted when nothing is left and all was made. */
    const Tally& Sum() const
    {
        return m_sum;
    }

    /** Runs that were made after others that were not: they have no numbers. */
    Tally Loose() const;

  private:
    struct Back
    {
        Tally tally;
        interleave::SearchRest rest;
    };

    /** A piece with a run that crashes: the runs before it are made again, it is left out. */
    struct Redo
    {
        std::uint64_t runs{0};
        std::optional<Tally> crash; ///< none: the piece was cut for the limit of runs
    };

    bool Ended() const;
    std::uint64_t UsualRuns(std::uint64_t ticket) const;
    void MergeAll();
    State Now() const;

    interleave::SearchTree m_tree;
    const std::uint64_t m_runs;
    const std::uint64_t m_schedules;
    std::map<std::uint64_t, Back> m_back; ///< by ticket: what came before an earlier one
    std::map<std::uint64_t, Redo> m_redo; ///< by ticket
    unsigned m_crashes{0};
    Tally m_sum;
    std::optional<State> m_beforeCut; ///< a part was cut short for the limit of runs
};

} // namespace lab

#endif /* LAB_SEARCH_DEALER_H */
