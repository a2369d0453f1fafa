// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_WORDS_H
#define INTERLEAVE_WORDS_H

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace interleave
{

/** Writes the state of a search as numbers. */
class WordWriter
{
  public:
    void Put(std::uint64_t word)
    {
        m_words.push_back(word);
    }

    std::vector<std::uint64_t> Take()
    {
        return std::move(m_words);
    }

  private:
    std::vector<std::uint64_t> m_words;
};

/** Reads them; @throws std::invalid_argument when they are others than were written. */
class WordReader
{
  public:
    /** @param words outlive the reader. */
    explicit WordReader(const std::vector<std::uint64_t>& words)
        : m_words(words)
    {
    }

    std::uint64_t Get()
    {
        if (m_next == m_words.size())
        {
            throw std::invalid_argument("the state of a search ends too early");
        }
        return m_words[m_next++];
    }

    /** A number of 32 bits. */
    std::uint32_t GetNumber()
    {
        const std::uint64_t word = Get();
        if (word > std::numeric_limits<std::uint32_t>::max())
        {
            throw std::invalid_argument("a number in the state of a search is too large");
        }
        return static_cast<std::uint32_t>(word);
    }

  private:
    const std::vector<std::uint64_t>& m_words;
    std::size_t m_next = 0;
};

} // namespace interleave

#endif // INTERLEAVE_WORDS_H
