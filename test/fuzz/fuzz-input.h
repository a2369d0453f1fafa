// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The bytes that a fuzzer has made up, read as a sequence of choices.
#ifndef WEFT_TEST_FUZZ_FUZZ_INPUT_H
#define WEFT_TEST_FUZZ_FUZZ_INPUT_H

#include <algorithm>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace weft::fuzz
{

/** Ends the program with a message, in the way that a fuzzer takes for a find. */
[[noreturn]] __attribute__((format(printf, 1, 2))) inline void Die(const char* format, ...)
{
    std::fputs("weft fuzz: ", stderr);
    std::va_list arguments;
    va_start(arguments, format);
    std::vfprintf(stderr, format, arguments);
    va_end(arguments);
    std::fputc('\n', stderr);
    std::abort();
}

/** Hands out bytes one after the other; zeros when there are none left. */
class Draws
{
  public:
    explicit Draws(std::span<const std::uint8_t> bytes)
        : m_bytes(bytes)
    {
    }

    bool Empty() const
    {
        return m_bytes.empty();
    }

    std::uint8_t Byte()
    {
        if (m_bytes.empty())
        {
            return 0;
        }
        const std::uint8_t byte = m_bytes.front();
        m_bytes = m_bytes.subspan(1);
        return byte;
    }

    /** One byte's worth of 0..n-1. @param n 1..256. */
    unsigned Below(unsigned n)
    {
        return Byte() % n;
    }

    /** True once in @p n; false when there is nothing left. */
    bool OneIn(unsigned n)
    {
        return Byte() % n == n - 1;
    }

    /** Big-endian, as on the wire: a dictionary of MADs then fits. */
    std::uint64_t Number(unsigned bytes)
    {
        std::uint64_t value = 0;
        for (unsigned i = 0; i < bytes; ++i)
        {
            value = value << 8 | Byte();
        }
        return value;
    }

    /** The next bytes, as many as there are. */
    std::span<const std::uint8_t> Take(std::size_t most)
    {
        const auto taken = m_bytes.first(std::min(most, m_bytes.size()));
        m_bytes = m_bytes.subspan(taken.size());
        return taken;
    }

  private:
    std::span<const std::uint8_t> m_bytes;
};

} // namespace weft::fuzz

#endif // WEFT_TEST_FUZZ_FUZZ_INPUT_H
