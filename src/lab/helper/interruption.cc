// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lab/helper/interruption.h"

#include <signal.h> // NOLINT(modernize-deprecated-headers): sigaction() is POSIX

namespace lab
{

namespace
{

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

volatile sig_atomic_t g_requested = 0;

void Request(int /*signal*/)
{
    g_requested = 1;
}

} // namespace

Interruption::Interruption()
{
    g_requested = 0;
    struct sigaction action = {};
    action.sa_handler = Request;
    // No SA_RESTART: who waits is to notice at once.
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int number : kSignals)
    {
        sigaction(number, &action, nullptr);
    }
}

Interruption::~Interruption()
{
    for (const int number : kSignals)
    {
        signal(number, SIG_DFL);
    }
}

bool Interruption::Requested()
{
    return g_requested != 0;
}

} // namespace lab
