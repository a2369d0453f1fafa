# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What can be built from the files that are there: the same rules as in wscript."""

import glob
import os

from launch.places import CHECKOUT
from parts import FUZZERS, PARTS


def test_program(part):
    """Whether the part has tests in C++."""
    return part in PARTS and bool(_found("test", part, "**", "*.cc"))


def benchmarks():
    """The names of the benchmark programs."""
    files = _found("bench", "*_bench.cc")
    return [os.path.basename(file)[:-len(".cc")].replace("_", "-") for file in files]


def fuzzers():
    """The names of the fuzzers, without the 'fuzz-' of their targets."""
    return [name for name in FUZZERS if _found("test", "fuzz", name + "_fuzz.cc")]


def known_targets():
    """All programs and modules; the parts' archives are built with what links them."""
    targets = ["weft"] if _found("src", "lab", "command", "main.cc") else []
    targets += ["weft-cm"] if _found("src", "ibcm-verbs", "command", "main.cc") else []
    targets += ["python-module"] if _found("bindings", "*.cc") else []
    targets += ["test-" + part for part in PARTS if test_program(part)]
    targets += ["fuzz-" + name for name in fuzzers()]
    return targets + benchmarks()


def python_tests(part):
    """The part's tests in Python."""
    return _found("test", part, "**", "*_test.py")


def _found(*pattern):
    return sorted(glob.glob(os.path.join(CHECKOUT, *pattern), recursive=True))
