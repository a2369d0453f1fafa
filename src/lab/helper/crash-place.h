// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_CRASH_PLACE_H
#define LAB_CRASH_PLACE_H

#include "interleave/model/engine.h"

#include <array>
#include <string>

namespace lab
{

/** The last operation of a run, in memory that outlives the process that makes it. */
struct CrashPlace
{
    std::array<char, 128> text{}; ///< ends with a zero; empty: none yet
};

/** Writes down each operation before it is done, in words that are the same in every run. */
class CrashPlaceObserver final : public interleave::Observer
{
  public:
    /** @param engine is watched while the observer lives; @param place gets the words. */
    CrashPlaceObserver(interleave::Engine& engine, CrashPlace& place);
    ~CrashPlaceObserver() override;

    void OnOp(const interleave::OpEvent& event) override;

  private:
    interleave::Engine& m_engine;
    CrashPlace& m_place;
};

/** What a crash is known by: how its process ended, and after which operation. */
std::string CrashSignature(const std::string& how, const CrashPlace& place);

/** How a process ended, from waitpid(): "SIGSEGV", "exit status 1". */
std::string ProcessEnd(int status);

} // namespace lab

#endif /* LAB_CRASH_PLACE_H */
