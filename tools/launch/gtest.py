# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs a GoogleTest program and counts what passed, failed and was skipped."""

import json
import os
import re
import tempfile

from launch.process import describe, run as run_program
from launch.results import Result
from launch.sanitizers import wrapper_of

_RUN = re.compile(r"^\[ RUN      \] (\S+)", re.MULTILINE)
_OK = re.compile(r"^\[       OK \] (\S+)", re.MULTILINE)
_SKIPPED = re.compile(r"^\[  SKIPPED \] (\S+) \(", re.MULTILINE)
_TAIL = 8000  # characters shown of a program that crashed


def run(program, variant, environment, arguments):
    with tempfile.TemporaryDirectory(prefix="weft-test-") as folder:
        report = os.path.join(folder, "report.json")
        command = wrapper_of(variant) + [program, "--gtest_output=json:" + report]
        if arguments.filter:
            command.append("--gtest_filter=*%s*" % arguments.filter)
        status, output = run_program(command, environment, arguments.verbose)
        try:
            with open(report, encoding="utf-8") as file:
                return from_report(json.load(file), status, output)
        except (OSError, ValueError):
            return from_output(program, status, output)


def from_report(report, status, output):
    """The result of a program that lived to write its report."""
    result = Result()
    for suite in report["testsuites"]:
        for test in suite["testsuite"]:
            name = "%s.%s" % (suite["name"], test["name"])
            if test.get("failures"):
                result.failed += 1
                result.failures.append(part_of(output, name))
            elif test["result"] == "COMPLETED":
                result.passed += 1
            else:
                result.skipped += 1
                result.notes.append("%s was skipped%s" % (name, _reason(output, name)))
    if status != 0 and result.failed == 0:
        # A sanitizer's leak report, or a failure outside of any test.
        result.failed += 1
        result.failures.append("%s\nthe test program %s" % (output[-_TAIL:], describe(status)))
    return result


def from_output(program, status, output):
    """The result of a program that died: what it had passed, and one failure."""
    begun = _RUN.findall(output)
    ended = len(_OK.findall(output))
    skipped = len(_SKIPPED.findall(output))
    where = " in " + begun[-1] if begun else ""
    text = "%s\n%s %s%s" % (output[-_TAIL:], os.path.basename(program), describe(status), where)
    earlier = len(begun) - 1 - ended - skipped
    return Result(passed=ended, skipped=skipped, failed=1 + max(0, earlier), failures=[text])


def part_of(output, name):
    """What the test printed, from its RUN line to its FAILED line."""
    begin = output.find("[ RUN      ] %s\n" % name)
    end = output.find("[  FAILED  ] %s" % name, max(begin, 0))
    if begin < 0:
        return "[  FAILED  ] %s" % name
    if end < 0:
        return output[begin:begin + _TAIL]
    return output[begin:output.find("\n", end)]


def _reason(output, name):
    """GTEST_SKIP's message, which the JSON report does not carry."""
    text = part_of_skipped(output, name)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return ": " + " ".join(lines) if lines else ""


def part_of_skipped(output, name):
    begin = output.find("[ RUN      ] %s\n" % name)
    end = output.find("[  SKIPPED ] %s" % name, max(begin, 0))
    if begin < 0 or end < 0:
        return ""
    inside = output[output.find("\n", begin) + 1:end]
    # The first line is 'FILE:LINE: Skipped'.
    return "\n".join(line for line in inside.splitlines() if not line.endswith(": Skipped"))
