// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#ifndef LAB_OUTPUT_H
#define LAB_OUTPUT_H

#include "lab/model/scenario.h"

#include <string>

namespace lab
{

/** What a process reports to who called it. */
enum class ExitStatus
{
    kFine = 0,
    kViolated = 1, ///< an oracle or an expectation: something was found
    kWrongInput = 2,
    kBroken = 3, ///< Weft itself
};

/** The one place through which commands write. Results go to stdout, everything else to stderr. */
class Output
{
  public:
    Output();

    /** Whether stdout is a terminal that shows colours. The variable NO_COLOR turns them off. */
    bool Colour() const
    {
        return m_colour;
    }

    /** How the user calls this program: for commands that are to be typed again. */
    const std::string& Program() const
    {
        return m_program;
    }

    void Print(const std::string& text);
    /** The same for drawings: in ASCII where the locale has no more. */
    void Draw(const std::string& text);
    /** Shows a line in place of the one before, on stderr, if that is a terminal; "" ends it. */
    void Progress(const std::string& line);
    /** "weft: MESSAGE" on stderr. */
    void Complain(const std::string& message);
    /** Complains. @return kWrongInput */
    ExitStatus Wrong(const InputError& error);
    /** Whether everything could be written; to be asked last. */
    bool Finish();

  private:
    bool m_colour;
    bool m_ascii;
    bool m_progress;
    std::string m_program;
};

/** A word as a shell takes it: quoted if it must be. */
std::string ShellWord(const std::string& word);

} // namespace lab

#endif /* LAB_OUTPUT_H */
