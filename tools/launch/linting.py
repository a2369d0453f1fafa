# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""'./weft lint': the checks of tools/lint, each with its time; exit status 1 if one complains."""

import argparse
import importlib
import os
import time

from launch.builder import Builder
from launch.errors import FINE, FOUND, usage_error
from launch.places import CHECKOUT, debian_path
from lint.tree import Tree

# name -> module, the quick ones first
CHECKS = {
    "spdx": "lint.spdx",
    "paths": "lint.paths",
    "includes": "lint.includes",
    "determinism": "lint.determinism",
    "shell": "lint.shell",
    "python": "lint.python",
    "format": "lint.format",
    "thread-safety": "lint.thread_safety",
    "tidy": "lint.tidy",
}


def main(options):
    parser = argparse.ArgumentParser(
        prog="weft lint", description="Checks the sources.",
        epilog="The checks are %s." % ", ".join(CHECKS))
    parser.add_argument("checks", nargs="*", metavar="CHECK", help="default: all")
    arguments = parser.parse_args(options.rest)
    for name in arguments.checks:
        if name not in CHECKS:
            raise usage_error("there is no check '%s'; the checks are %s"
                              % (name, ", ".join(CHECKS)))
    os.environ["PATH"] = debian_path()
    tree = Tree(CHECKOUT)
    modules = {name: importlib.import_module(CHECKS[name])
               for name in arguments.checks or CHECKS}
    if any(getattr(module, "NEEDS_DATABASE", False) for module in modules.values()):
        Builder("opt", options.verbose).configure()
    complaints = sum(_run(name, module, tree) for name, module in modules.items())
    return FOUND if complaints else FINE


def _run(name, module, tree):
    """The number of complaints."""
    started = time.monotonic()
    count = 0
    for finding in module.check(tree):
        print("%s [%s]" % (finding, name), flush=True)
        count += 1
    verdict = "%d complaints" % count if count else "ok"
    print("lint %-13s %s in %.1f s" % (name, verdict, time.monotonic() - started), flush=True)
    return count
