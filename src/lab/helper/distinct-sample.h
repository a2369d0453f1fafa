// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_DISTINCT_SAMPLE_H
#define LAB_DISTINCT_SAMPLE_H

#include <cstddef>
#include <cstdint>
#include <map>

namespace lab
{

/**
 * How many different values there were among very many, and how many of them came once: an exact
 * count of a sample of the values. A value belongs to the sample if its last Level() bits are
 * zero; the level rises when the sample grows beyond its limit (Gibbons, "Distinct sampling for
 * highly-accurate answers to distinct values queries and event reports", VLDB 2001). What it says
 * depends on the values alone, not on their order nor on how they were split and merged. Values
 * are hashes: their bits are as good as random.
 */
class DistinctSample
{
  public:
    static constexpr std::size_t kLimit = 8192;

    void Add(std::uint64_t value, std::uint64_t times = 1);
    void Merge(const DistinctSample& other);

    /** Up to this level everything in the sample's own level is kept; 0: everything was. */
    unsigned Level() const
    {
        return m_level;
    }

    /** The values of the sample and how often each came. */
    const std::map<std::uint64_t, std::uint64_t>& Counts() const
    {
        return m_counts;
    }

    /** For a sample that was stored: raises the level, never lowers it. @p level is below 64. */
    void RaiseTo(unsigned level);

    /** Different values, exact while Level() is 0. */
    std::uint64_t Distinct() const;
    /** Values that came once. */
    std::uint64_t Singletons() const;

    /**
     * The share of what might come that has not come yet (Good, "The population frequencies of
     * species and the estimation of population parameters", Biometrika 1953): the probability
     * that one more draw of the same kind is a value not seen before. 1 when nothing was drawn.
     * @param draws how many values there were.
     */
    double UnseenShare(std::uint64_t draws) const;

    friend bool operator==(const DistinctSample&, const DistinctSample&) = default;

  private:
    bool Belongs(std::uint64_t value) const
    {
        return (value & ((std::uint64_t{1} << m_level) - 1)) == 0;
    }

    void Shrink();

    unsigned m_level{0};
    std::map<std::uint64_t, std::uint64_t> m_counts;
};

} // namespace lab

#endif /* LAB_DISTINCT_SAMPLE_H */
