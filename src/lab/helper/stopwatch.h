// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_STOPWATCH_H
#define LAB_STOPWATCH_H

#include <chrono>

namespace lab
{

/** Real time since it was made, for limits and reports; never for what a run does. */
class Stopwatch
{
  public:
    double Seconds() const
    {
        return std::chrono::duration<double>(Clock::now() - m_start).count();
    }

  private:
    // weft-lint: allow(determinism): limits and reports of a campaign, outside of its runs
    using Clock = std::chrono::steady_clock;

    Clock::time_point m_start{Clock::now()};
};

} // namespace lab

#endif /* LAB_STOPWATCH_H */
