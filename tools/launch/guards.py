# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Exhibits that no run can reach, because they do not compile: Clang's thread-safety analysis."""

import os

from defects import patched_files, reached_units
from launch.defective import SOURCES, sources_of
from launch.exhibit_run import Shown
from launch.process import describe, run
from lint.program import missing
from lint.thread_safety import FLAGS, PROGRAM

REFUSAL = "-Wthread-safety"


def show(exhibit):
    """The patched copy must be refused by the analysis, and the real core must pass it."""
    shown = Shown(exhibit, oracle="Clang " + REFUSAL)
    if missing(PROGRAM):
        shown.problem = "%s is not installed; './weft lint' installs it" % PROGRAM
        return shown
    with open(exhibit.patch, encoding="utf-8") as file:
        changed = patched_files(file.read())
    refused = False
    for unit in reached_units(sources_of(exhibit), changed):
        status, output = _analyse(SOURCES, [], unit)
        if status != 0:
            shown.problem = "the real %s does not pass: %s" % (unit, _first_error(output, status))
            return shown
        status, output = _analyse(sources_of(exhibit), ["-I" + SOURCES], unit)
        if status != 0 and REFUSAL not in output:
            shown.problem = "%s does not compile at all: %s" % (unit, _first_error(output, status))
            return shown
        refused = refused or status != 0
    if not refused:
        shown.problem = "Clang accepts the defective core"
    return shown


def _analyse(sources, includes, unit):
    return run([PROGRAM, "-std=c++20", "-I" + sources, *includes, *FLAGS,
                os.path.join(sources, unit)], dict(os.environ, LC_ALL="C.UTF-8"))


def _first_error(output, status):
    errors = [line for line in output.splitlines() if "error:" in line]
    return errors[0] if errors else describe(status)
