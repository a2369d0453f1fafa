// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_INTERRUPTION_H
#define LAB_INTERRUPTION_H

namespace lab
{

/**
 * While it lives, SIGINT, SIGTERM and SIGHUP ask for an orderly end; the second of a kind ends the
 * process as ever. One at a time.
 */
class Interruption
{
  public:
    Interruption();
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

    /** Whether a signal has come. */
    static bool Requested();
};

} // namespace lab

#endif /* LAB_INTERRUPTION_H */
