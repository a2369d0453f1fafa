# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Runs tests written in Python with pytest and counts what passed, failed and was skipped."""

import os
import re
import tempfile
import xml.etree.ElementTree

from launch.places import CHECKOUT, TOOLS, python_command
from launch.process import describe, run as run_program
from launch.results import Result
from launch.sanitizers import preload_of

_NOTHING_COLLECTED = 5


def run(part, files, builder, environment, arguments):
    environment = dict(environment)
    folders = [TOOLS]
    if part == "python":
        if builder.variant == "tsan":
            return Result(skipped=1, notes=["skipped: Debian's Python cannot load a module built "
                                            "for ThreadSanitizer"])
        environment.update(preload_of(builder.variant))
        folders = [os.path.dirname(builder.file_of("python-module"))]
    environment["PYTHONPATH"] = os.pathsep.join(folders)
    with tempfile.TemporaryDirectory(prefix="weft-test-") as folder:
        report = os.path.join(folder, "report.xml")
        command = python_command("-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider",
                                 "--rootdir=" + CHECKOUT, "--import-mode=importlib",
                                 "--continue-on-collection-errors",
                                 "--junitxml=" + report)
        if arguments.filter:
            command += ["-k", expression(arguments.filter)]
        status, output = run_program(command + files, environment, arguments.verbose)
        try:
            root = xml.etree.ElementTree.parse(report).getroot()
        except (OSError, xml.etree.ElementTree.ParseError):
            return Result(failed=1, failures=["%s\npytest %s" % (output, describe(status))])
        return from_report(root, status, output)


def expression(pattern):
    """pytest's -k takes no '*': every word between the stars has to be in the name."""
    return " and ".join(re.findall(r"\w+", pattern)) or pattern


def from_report(root, status, output):
    """The result of a run of pytest that wrote its report."""
    result = Result()
    for suite in root.iter("testsuite"):
        total = int(suite.get("tests", 0))
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        result.passed += total - failed - skipped
        result.failed += failed
        result.skipped += skipped
    for case in root.iter("testcase"):
        for skip in case.iter("skipped"):
            result.notes.append("%s was skipped: %s" % (case.get("name"), skip.get("message")))
    if status not in (0, _NOTHING_COLLECTED) and result.failed == 0:
        result.failed += 1
    if result.failed:
        result.failures.append(output)
    return result
