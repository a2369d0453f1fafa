// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Both ends of a shell: what is typed, and what it prints.
#ifndef WEFT_TEST_IBCM_VERBS_SHELL_PIPE_H
#define WEFT_TEST_IBCM_VERBS_SHELL_PIPE_H

#include <condition_variable>
#include <mutex>
#include <optional>
#include <streambuf>
#include <string>

namespace cmverbs::test
{

/** Input that waits for what is typed. */
class TypedInput final : public std::streambuf
{
  public:
    /** Any thread. */
    void Type(const std::string& text);
    void End();

  protected:
    int_type underflow() override;

  private:
    std::mutex m_lock;
    std::condition_variable m_typed;
    std::string m_waiting;
    std::string m_current; ///< what the reader is in; the reader's alone
    bool m_ended{false};
};

/** Output that is taken line by line, as soon as it has been flushed. */
class PrintedLines final : public std::streambuf
{
  public:
    /** Waits for the next line; nothing if none is flushed within @p seconds. */
    std::optional<std::string> Next(int seconds);

  protected:
    int_type overflow(int_type character) override;
    std::streamsize xsputn(const char* text, std::streamsize size) override;
    int sync() override;

  private:
    std::mutex m_lock;
    std::condition_variable m_flushed;
    std::string m_text; ///< not flushed yet; the writer's alone
    std::string m_readable;
};

} // namespace cmverbs::test

#endif // WEFT_TEST_IBCM_VERBS_SHELL_PIPE_H
