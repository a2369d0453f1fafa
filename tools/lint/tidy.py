# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""clang-tidy 14 with the short list of .clang-tidy over what is compiled from our sources."""

from lint.compilation import Compilation, check_all
from lint.program import missing, run
from lint.tree import Finding

PROGRAM = "clang-tidy-14"
NEEDS_DATABASE = True


def check(tree):
    if missing(PROGRAM):
        yield Finding("tools/packages.txt", 1, PROGRAM + " is not installed")
        return
    yield from check_with(tree, Compilation(tree))


def check_with(tree, compilation, cache=None):
    """The same, with given commands: for the tests."""
    names = compilation.sources("src", "bindings", "examples", "bench", "test")

    def command(name):
        return [PROGRAM, "--quiet", "--warnings-as-errors=*", name, "--"] + compilation.flags(name)

    _, version = run([PROGRAM, "--version"], tree.root)
    settings = ("tidy", version, tree.text(".clang-tidy"))
    yield from check_all(compilation, names, command, settings, cache)
