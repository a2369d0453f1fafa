// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_MESSAGE_COVERAGE_H
#define LAB_MESSAGE_COVERAGE_H

#include <array>
#include <cstddef>
#include <cstdint>

namespace lab
{

/** What befell the CM messages of as many runs as one likes, by their kind. */
class MessageCoverage
{
  public:
    enum class What : std::uint8_t
    {
        kSent,     ///< for the first time
        kRepeated, ///< the same bytes once more, by the sender's timer or as an answer
        kDropped,
        kDuplicated,
        kDelayed,
        kReordered,
        kCorrupted,
    };

    static constexpr std::size_t kWhats = 7;
    static constexpr std::uint16_t kFirst = 0x0010; ///< REQ
    static constexpr std::size_t kKinds = 11;       ///< to APR, 0x001a

    /** @param attribute of the MAD; nothing is counted for what is no message between CMs. */
    void Count(std::uint16_t attribute, What what, std::uint64_t times = 1)
    {
        const std::size_t kind = static_cast<std::size_t>(attribute) - kFirst;
        if (attribute >= kFirst && kind < kKinds)
        {
            m_counts[kind * kWhats + static_cast<std::size_t>(what)] += times;
        }
    }

    std::uint64_t Seen(std::uint16_t attribute, What what) const
    {
        return m_counts.at((attribute - std::size_t{kFirst}) * kWhats +
                           static_cast<std::size_t>(what));
    }

    void Merge(const MessageCoverage& other)
    {
        for (std::size_t i = 0; i < m_counts.size(); ++i)
        {
            m_counts[i] += other.m_counts[i];
        }
    }

    friend bool operator==(const MessageCoverage&, const MessageCoverage&) = default;

  private:
    std::array<std::uint64_t, kKinds * kWhats> m_counts{};
};

} // namespace lab

#endif /* LAB_MESSAGE_COVERAGE_H */
