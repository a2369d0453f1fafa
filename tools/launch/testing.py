# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""'./weft test': builds and runs the tests of the parts, two parts at a time."""

import argparse
import concurrent.futures
import os
import sys
import time

from launch import gtest, pytests
from launch.builder import Builder
from launch.errors import BROKEN, FINE, FOUND, WeftError, usage_error
from launch.places import processors
from launch.results import Result
from launch.sanitizers import environment_of
from launch.targets import fuzzers, python_tests, test_program
from parts import PARTS
from variants import VARIANTS

# In the order of the report.
TEST_PARTS = ["tools", *PARTS, "fuzz", "python", "bugs", "interop"]
# Tested without being named only where they have tests: those of ibcm-verbs are mostly in interop.
_OPTIONAL = ("ibcm-verbs", "bugs")
# Folders of tests in Python that drive built things: part -> targets that it needs built.
_DRIVEN = {"lab": ["weft"], "bugs": ["weft"], "interop": ["weft", "weft-cm"],
           "python": ["python-module"], "ibcm-verbs": ["weft", "weft-cm"],
           "fuzz": ["fuzz-" + name for name in fuzzers()]}


def main(options):
    arguments = _parse(options.rest)
    parts = arguments.parts or [
        part for part in TEST_PARTS if part not in _OPTIONAL or _has_tests(part)]
    for part in parts:
        if part not in TEST_PARTS:
            raise usage_error("there is no part '%s' to test; the parts are %s"
                              % (part, ", ".join(TEST_PARTS)))
    builder = Builder(options.variant, options.verbose or arguments.verbose)
    try:
        builder.build([target for part in parts for target in _targets(part)])
    except WeftError as error:
        print("weft: %s" % error, file=sys.stderr, flush=True)
        return _finish(Result(failed=1), BROKEN)
    total = Result()
    for part, result in _run_all(parts, builder, arguments):
        _report(part, result)
        total.add(result)
    return _finish(total, FINE if total.failed == 0 and total.ran() > 0 else FOUND)


def _parse(rest):
    parser = argparse.ArgumentParser(
        prog="weft test", description="Builds and runs tests.",
        epilog="The parts are %s. With --variant=V (%s) that build is tested. The last line is "
               "'N passed, N failed, N skipped'; the exit status is 1 if a test failed or none "
               "ran, 3 if the build failed." % (", ".join(TEST_PARTS), ", ".join(VARIANTS)))
    parser.add_argument("parts", nargs="*", metavar="PART", help="default: all")
    parser.add_argument("--long", action="store_true",
                        help="run the long form of the tests that have one (sets WEFT_LONG=1)")
    parser.add_argument("--filter", metavar="PATTERN", default="",
                        help="only tests whose name contains PATTERN; * stands for anything")
    parser.add_argument("--jobs", type=int, default=processors(), metavar="N",
                        help="parts tested at a time (default: the number of processors)")
    parser.add_argument("-v", "--verbose", action="store_true", help="show all output")
    arguments = parser.parse_args(rest)
    if arguments.jobs < 1:
        parser.error("--jobs is at least 1, not %d" % arguments.jobs)
    return arguments


def _has_tests(part):
    return test_program(part) or bool(python_tests(part))


def _targets(part):
    targets = ["test-" + part] if test_program(part) else []
    if python_tests(part):
        targets += _DRIVEN.get(part, [])
    return targets


def _run_all(parts, builder, arguments):
    """Yields (part, result) in the order of the parts, each as soon as it is its turn."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=arguments.jobs) as pool:
        running = [(part, pool.submit(_run, part, builder, arguments)) for part in parts]
        for part, future in running:
            yield part, future.result()


def _run(part, builder, arguments):
    result = Result()
    started = time.monotonic()
    environment = environment_of(builder.variant)
    environment["WEFT"] = builder.file_of("weft")
    environment["WEFT_CM"] = builder.file_of("weft-cm")
    environment["WEFT_VARIANT"] = builder.variant
    environment["WEFT_FUZZERS"] = os.pathsep.join(
        builder.file_of("fuzz-" + name) for name in fuzzers())
    if arguments.long:
        environment["WEFT_LONG"] = "1"
    if not _has_tests(part):
        result.notes.append("there are no tests in test/%s" % part)
    if test_program(part):
        program = builder.file_of("test-" + part)
        result.add(gtest.run(program, builder.variant, environment, arguments))
    files = python_tests(part)
    if files:
        result.add(pytests.run(part, files, builder, environment, arguments))
    result.seconds = time.monotonic() - started
    return result


def _report(part, result):
    for text in result.failures:
        print(text.rstrip("\n"))
    for note in result.notes:
        print("%s: %s" % (part, note))
    print("%-10s %s in %.1f s" % (part, result.counts(), result.seconds), flush=True)


def _finish(total, status):
    if total.ran() == 0:
        print("weft: no test ran", file=sys.stderr, flush=True)
    print(total.counts(), flush=True)
    return status
