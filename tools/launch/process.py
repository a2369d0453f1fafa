# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs a program with a time limit and takes its whole process group down with it."""

import os
import signal
import subprocess

from launch.places import CHECKOUT

TEST_SECONDS = 1800


def run(command, environment, show=False, seconds=TEST_SECONDS):
    """(exit status or None for out of time, output); a status below 0 is minus a signal."""
    process = subprocess.Popen(command, cwd=CHECKOUT, env=environment, text=True, errors="replace",
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    status = None
    try:
        output, _ = process.communicate(timeout=seconds)
        status = process.returncode
    except subprocess.TimeoutExpired:
        _kill_group(process)
        output, _ = process.communicate()
    except BaseException:
        _kill_group(process)
        process.wait()
        raise
    if show:
        print(output, end="", flush=True)
    return status, output


def describe(status, seconds=TEST_SECONDS):
    """The end of a program in words."""
    if status is None:
        return "was stopped after %d s" % seconds
    if status < 0:
        return "was killed by %s" % signal.Signals(-status).name
    return "ended with status %d" % status


def _kill_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
