// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "shell-pipe.h"

#include <chrono>
#include <utility>

namespace cmverbs::test
{

void TypedInput::Type(const std::string& text)
{
    {
        const std::lock_guard hold(m_lock);
        m_waiting += text;
    }
    m_typed.notify_one();
}

void TypedInput::End()
{
    {
        const std::lock_guard hold(m_lock);
        m_ended = true;
    }
    m_typed.notify_one();
}

TypedInput::int_type TypedInput::underflow()
{
    std::unique_lock hold(m_lock);
    m_typed.wait(hold, [this] { return !m_waiting.empty() || m_ended; });
    m_current = std::exchange(m_waiting, {});
    if (m_current.empty())
    {
        return traits_type::eof();
    }
    setg(m_current.data(), m_current.data(), m_current.data() + m_current.size());
    return traits_type::to_int_type(m_current.front());
}

std::optional<std::string> PrintedLines::Next(int seconds)
{
    std::unique_lock hold(m_lock);
    std::size_t end = std::string::npos;
    m_flushed.wait_for(hold,
                       std::chrono::seconds(seconds),
                       [&]
                       {
                           end = m_readable.find('\n');
                           return end != std::string::npos;
                       });
    if (end == std::string::npos)
    {
        return std::nullopt;
    }
    std::string line = m_readable.substr(0, end);
    m_readable.erase(0, end + 1);
    return line;
}

PrintedLines::int_type PrintedLines::overflow(int_type character)
{
    if (!traits_type::eq_int_type(character, traits_type::eof()))
    {
        m_text.push_back(traits_type::to_char_type(character));
    }
    return traits_type::not_eof(character);
}

std::streamsize PrintedLines::xsputn(const char* text, std::streamsize size)
{
    m_text.append(text, static_cast<std::size_t>(size));
    return size;
}

int PrintedLines::sync()
{
    {
        const std::lock_guard hold(m_lock);
        m_readable += std::exchange(m_text, {});
    }
    m_flushed.notify_one();
    return 0;
}

} // namespace cmverbs::test
