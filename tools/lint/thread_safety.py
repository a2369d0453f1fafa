# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Clang's thread-safety analysis over the core and everything that includes its headers."""

from lint.compilation import Compilation, check_all
from lint.program import missing, run
from lint.tree import Finding

PROGRAM = "clang++-14"
NEEDS_DATABASE = True
FLAGS = ["-fsyntax-only", "-Wno-everything", "-Wthread-safety", "-Wthread-safety-beta", "-Werror"]


def check(tree):
    if missing(PROGRAM):
        yield Finding("tools/packages.txt", 1, PROGRAM + " is not installed")
        return
    yield from check_with(tree, Compilation(tree))


def check_with(tree, compilation, cache=None):
    """The same, with given commands: for the tests."""
    names = [name for name in compilation.sources()
             if any(path.startswith("src/ibcm/") for path in compilation.reached(name))]

    def command(name):
        # Behind the build's own warnings, which are the compiler's business.
        return [PROGRAM] + compilation.flags(name) + FLAGS + [name]

    _, version = run([PROGRAM, "--version"], tree.root)
    yield from check_all(compilation, names, command, ("thread-safety", version, FLAGS), cache)
