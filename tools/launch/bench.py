# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""'./weft bench': runs Google Benchmark programs; './weft bench compare': see launch.compare."""

import argparse
import subprocess

from launch import compare
from launch.builder import Builder
from launch.errors import FINE, FOUND, usage_error
from launch.places import CHECKOUT
from launch.sanitizers import environment_of
from launch.targets import benchmarks


def main(options):
    if options.rest[:1] == ["compare"]:
        return compare.main(options)
    parser = argparse.ArgumentParser(
        prog="weft bench", description="Runs the benchmark programs.",
        epilog="What follows '--' is handed to each program, as --benchmark_filter=REP. "
               "The programs are %s." % ", ".join(benchmarks()))
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="programs whose name contains NAME; default: all")
    words, extra = options.rest, []
    if "--" in words:
        extra = words[words.index("--") + 1:]
        words = words[:words.index("--")]
    programs = chosen(parser.parse_args(words).names)
    builder = Builder(options.variant, options.verbose)
    builder.build(programs)
    failed = False
    for program in programs:
        print("== " + program, flush=True)
        done = subprocess.run([builder.file_of(program)] + extra, cwd=CHECKOUT,
                              env=environment_of(options.variant), check=False)
        failed = failed or done.returncode != 0
    return FOUND if failed else FINE


def chosen(names):
    """The benchmark programs that the names mean."""
    known = benchmarks()
    programs = []
    for name in names:
        matching = [program for program in known if name.replace("_", "-") in program]
        if not matching:
            raise usage_error("there is no benchmark program '%s'; there are %s"
                              % (name, ", ".join(known)))
        programs += [program for program in matching if program not in programs]
    return programs if names else known
