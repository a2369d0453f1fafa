// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_STEP_COVERAGE_H
#define LAB_STEP_COVERAGE_H

#include "ibcm/model/protocol.h"
#include "lab/model/message-coverage.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace lab
{

/** How often each input was taken in each state, over as many runs as one likes; and what befell
 * the messages. */
class StepCoverage
{
  public:
    void Count(ibcm::State from, ibcm::Input input)
    {
        ++m_counts[IndexOf(from, input)];
    }

    std::uint64_t Seen(ibcm::State from, ibcm::Input input) const
    {
        return m_counts[IndexOf(from, input)];
    }

    void Add(ibcm::State from, ibcm::Input input, std::uint64_t times)
    {
        m_counts[IndexOf(from, input)] += times;
    }

    void Merge(const StepCoverage& other)
    {
        for (std::size_t i = 0; i < m_counts.size(); ++i)
        {
            m_counts[i] += other.m_counts[i];
        }
        m_messages.Merge(other.m_messages);
    }

    void Clear()
    {
        m_counts.fill(0);
        m_messages = {};
    }

    MessageCoverage& Messages()
    {
        return m_messages;
    }

    const MessageCoverage& Messages() const
    {
        return m_messages;
    }

    friend bool operator==(const StepCoverage&, const StepCoverage&) = default;

  private:
    static std::size_t IndexOf(ibcm::State from, ibcm::Input input)
    {
        return static_cast<std::size_t>(from) * ibcm::kInputCount + static_cast<std::size_t>(input);
    }

    std::array<std::uint64_t, ibcm::kStateCount * ibcm::kInputCount> m_counts{};
    MessageCoverage m_messages;
};

} // namespace lab

#endif /* LAB_STEP_COVERAGE_H */
