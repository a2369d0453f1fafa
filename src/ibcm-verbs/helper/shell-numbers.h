// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef IBCM_VERBS_SHELL_NUMBERS_H
#define IBCM_VERBS_SHELL_NUMBERS_H

#include <cstdint>

namespace cmverbs
{

/**
 * Numbers that a shell makes up. They begin elsewhere in each run, so that a peer which remembers
 * the run before takes none of them for an old connection's.
 */
class ShellNumbers
{
  public:
    /** From the operating system's generator. */
    ShellNumbers();

    /** 24 bits by chance. */
    std::uint32_t NextPsn();
    /** Each once in 2^23; above those that real QPs get. */
    std::uint32_t NextQpn();
    /** Of the range that systems use for clients. */
    std::uint16_t NextPort();

  private:
    std::uint64_t Next();

    std::uint64_t m_state{0};
    std::uint32_t m_qpn{0};
    std::uint32_t m_port{0};
};

} // namespace cmverbs

#endif /* IBCM_VERBS_SHELL_NUMBERS_H */
