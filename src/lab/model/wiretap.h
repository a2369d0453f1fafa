// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_WIRETAP_H
#define LAB_WIRETAP_H

#include "ib-wire/model/mad.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lab
{

/**
 * What somebody who listens on the wire of a run knows: of each kind of CM message and each sender
 * how many there were, and the latest. Messages that are lost on their way were on it, too.
 */
class Wiretap
{
  public:
    /** A message leaves a host. */
    void Sent(const std::string& from, const ibwire::MadBytes& mad);

    /** How many such messages there were. @param from host that sent them; empty: any. */
    unsigned Count(ibwire::CmAttribute kind, std::string_view from) const;

    /** The latest of them, or null; valid until the next is sent. */
    const ibwire::MadBytes* Latest(ibwire::CmAttribute kind, std::string_view from) const;

    /** Who wants to know that there was another one; called on any context. */
    void OnSent(std::function<void()> heard)
    {
        m_heard = std::move(heard);
    }

    /** Another run begins; nobody is told any more. */
    void Clear();

  private:
    struct Seen
    {
        ibwire::CmAttribute kind{};
        std::string from;
        unsigned count{0};
        std::uint64_t at{0}; ///< m_time, when the latest was sent
        ibwire::MadBytes latest{};
    };

    std::vector<Seen> m_seen;
    std::uint64_t m_time{0};
    std::function<void()> m_heard;
};

} // namespace lab

#endif /* LAB_WIRETAP_H */
