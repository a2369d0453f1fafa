// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef INTERLEAVE_PROGRAM_H
#define INTERLEAVE_PROGRAM_H

#include "interleave/model/engine.h"

namespace interleave
{

/** Something that can be run again and again, each time from the same beginning. */
class Program
{
  public:
    Program() = default;
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    virtual ~Program() = default;

    /** The engine that runs it: the same one for the life of the program, so that it can be
     * observed. */
    virtual Engine& GetEngine() = 0;

    /**
     * One run, from a fresh start to the end with all checks made. What went wrong, also what is
     * only found after the last operation (a leak, a wrong sum), is RunResult::violation.
     * @param chooser decides; its BeginRun() has been called and its EndRun() has not when this
     * returns. The engine keeps the names of the run, so that a RecordingChooser can still be asked
     * for its log; whoever has called this then calls Engine::Reset(), which tells the chooser
     * EndRun(). What the tasks use must last until then.
     */
    virtual RunResult Run(Chooser& chooser) = 0;
};

} // namespace interleave

#endif // INTERLEAVE_PROGRAM_H
