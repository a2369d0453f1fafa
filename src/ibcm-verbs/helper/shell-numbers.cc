// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ibcm-verbs/helper/shell-numbers.h"

#include <sys/random.h>
#include <unistd.h>

namespace cmverbs
{

namespace
{

constexpr std::uint32_t kFirstPort = 32768;
constexpr std::uint32_t kPorts = 28232;
constexpr std::uint32_t kFirstQpn = 0x800000;
constexpr std::uint32_t kQpnMask = 0x7fffff;
constexpr std::uint32_t kPsnMask = 0xffffff;

} // namespace

ShellNumbers::ShellNumbers()
{
    if (getrandom(&m_state, sizeof m_state, 0) != static_cast<ssize_t>(sizeof m_state))
    {
        // Other than the last run's, which is all that matters here.
        m_state = static_cast<std::uint64_t>(getpid());
    }
    m_qpn = static_cast<std::uint32_t>(Next());
    m_port = static_cast<std::uint32_t>(Next() % kPorts);
}

std::uint64_t ShellNumbers::Next()
{
    // SplitMix64.
    m_state += 0x9e3779b97f4a7c15ULL;
    std::uint64_t x = m_state;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

std::uint32_t ShellNumbers::NextPsn()
{
    return static_cast<std::uint32_t>(Next()) & kPsnMask;
}

std::uint32_t ShellNumbers::NextQpn()
{
    ++m_qpn;
    return kFirstQpn | (m_qpn & kQpnMask);
}

std::uint16_t ShellNumbers::NextPort()
{
    m_port = (m_port + 1) % kPorts;
    return static_cast<std::uint16_t>(kFirstPort + m_port);
}

} // namespace cmverbs
