# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""'./weft bench compare': the side-by-side figures of bench/compare/rows.toml.

Both sides of a row are measured in turn, ours first in one pair and theirs first in the next, so
that a slow spell of the machine falls on both. The figures are medians; the ratio is the median of
the pairs' ratios, turned so that more is better: 1 means as good as the other side.
"""

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tomllib

from launch.builder import Builder
from launch.errors import FINE, FOUND, WeftError, usage_error
from launch.places import CHECKOUT
from launch.sanitizers import environment_of
from launch.targets import benchmarks

TABLE = "bench/compare/rows.toml"
MIN_PAIRS = 5
_KEYS = {"name", "unit", "better", "target", "why", "ours", "theirs", "group"}
_SIDE_KEYS = ({"program", "benchmark", "value", "scale"}, {"command", "scale"})


@dataclasses.dataclass(frozen=True)
class Side:
    """Where one side's figure comes from: a benchmark of a program of ours, or a command whose
    last line of output is the figure. 'scale' turns it into the row's unit."""

    program: str = ""
    benchmark: str = ""
    value: str = "cpu_time"
    command: tuple = ()
    scale: float = 1.0


@dataclasses.dataclass(frozen=True)
class Row:
    """One comparison."""

    name: str
    group: str
    unit: str
    higher_is_better: bool
    target: float
    ours: Side
    theirs: Side


class Unavailable(Exception):
    """What a side needs is not installed; says what. Its benchmark is skipped with that word."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What measuring a row came to."""

    row: Row
    ours: float
    theirs: float
    ratio: float

    def ok(self):
        return self.ratio >= self.row.target


def main(options):
    parser = argparse.ArgumentParser(
        prog="weft bench compare",
        description="Measures ours beside theirs: a line 'name ours theirs unit ratio target "
                    "ok|short' for each comparison; the ratio is turned so that more is better. "
                    "The exit status is 1 if any is short.")
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="comparisons, or groups of them; default: all")
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    parser.add_argument("--pairs", type=int, default=MIN_PAIRS, metavar="N",
                        help="measurements of each side (at least and by default %d)" % MIN_PAIRS)
    arguments = parser.parse_args(options.rest[1:])
    if arguments.pairs < MIN_PAIRS:
        parser.error("--pairs is at least %d, not %d" % (MIN_PAIRS, arguments.pairs))
    rows = chosen(read_rows(os.path.join(CHECKOUT, TABLE), benchmarks()), arguments.names)
    builder = Builder(options.variant, options.verbose)
    programs = {side.program for row in rows for side in (row.ours, row.theirs) if side.program}
    builder.build(sorted(programs))
    environment = environment_of(options.variant)
    outcomes = []
    for row in rows:
        try:
            outcome = measure_row(
                row, arguments.pairs, lambda side: measure(side, builder.file_of, environment))
        except Unavailable as error:
            print("%-16s not measured: %s" % (row.name, error), file=sys.stderr)
            continue
        outcomes.append(outcome)
        if not arguments.json:
            print(line_of(outcome), flush=True)
    if arguments.json:
        print(json.dumps([as_json(outcome) for outcome in outcomes], indent=1))
    return FINE if all(outcome.ok() for outcome in outcomes) else FOUND


def read_rows(path, programs):
    """The table, checked: a mistake in it is a usage error that names the row."""
    try:
        with open(path, "rb") as file:
            table = tomllib.load(file)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise usage_error("%s: %s" % (path, error)) from None
    rows = [_row(entry, programs) for entry in table.get("row", [])]
    names = [row.name for row in rows]
    for name in names:
        if names.count(name) > 1:
            raise usage_error("%s: two rows have the name '%s'" % (TABLE, name))
    return rows


def _row(entry, programs):
    name = entry.get("name", "?")
    missing = sorted(_KEYS - {"group"} - set(entry))
    unknown = sorted(set(entry) - _KEYS)
    if missing or unknown:
        raise usage_error("%s: row '%s': missing keys %s, unknown keys %s"
                          % (TABLE, name, missing, unknown))
    if entry["better"] not in ("higher", "lower"):
        raise usage_error("%s: row '%s': better is 'higher' or 'lower', not '%s'"
                          % (TABLE, name, entry["better"]))
    return Row(name, entry.get("group", ""), entry["unit"], entry["better"] == "higher",
               float(entry["target"]), _side(name, entry["ours"], programs),
               _side(name, entry["theirs"], programs))


def _side(name, entry, programs):
    if not any(set(entry) <= keys for keys in _SIDE_KEYS) or (
            ("program" in entry) != ("benchmark" in entry)) or not entry:
        raise usage_error("%s: row '%s': a side has either program and benchmark (and value), or "
                          "command; found %s" % (TABLE, name, sorted(entry)))
    side = Side(**{**entry, "command": tuple(entry.get("command", ()))})
    if side.program and side.program not in programs:
        raise usage_error("%s: row '%s': there is no benchmark program '%s'; there are %s"
                          % (TABLE, name, side.program, ", ".join(programs)))
    return side


def chosen(rows, names):
    """The rows that the names, of rows or of groups, mean; each once."""
    for name in names:
        if not any(name in (row.name, row.group) for row in rows):
            raise usage_error("there is no comparison '%s'; there are %s"
                              % (name, ", ".join(row.name for row in rows)))
    return [row for row in rows if not names or row.name in names or row.group in names]


def measure_row(row, pairs, measure_side):
    """Measures both sides in turn, so often, and sums it up."""
    ours, theirs = [], []
    for pair in range(pairs):
        order = [(row.ours, ours), (row.theirs, theirs)]
        for side, figures in order if pair % 2 == 0 else reversed(order):
            figures.append(measure_side(side))
    ratios = [a / b if row.higher_is_better else b / a for a, b in zip(ours, theirs)]
    return Outcome(row, statistics.median(ours), statistics.median(theirs),
                   statistics.median(ratios))


def measure(side, file_of, environment):
    """One figure, above zero."""
    if side.command:
        words = [sys.executable if word == "python3" else word for word in side.command]
    else:
        words = [file_of(side.program), "--benchmark_filter=^%s$" % side.benchmark,
                 "--benchmark_format=json"]
    done = subprocess.run(words, cwd=CHECKOUT, env=environment, text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise WeftError("%s ended with status %d:\n%s"
                        % (" ".join(words), done.returncode, done.stderr))
    try:
        figure = (float(done.stdout.split()[-1]) if side.command
                  else benchmark_value(json.loads(done.stdout), side))
    except (IndexError, ValueError) as error:
        raise WeftError("%s printed no figure: %s" % (" ".join(words), error)) from None
    if not figure > 0:
        raise WeftError("%s measured %s" % (" ".join(words), figure))
    return figure * side.scale


_UNAVAILABLE = "unavailable: "
_NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def benchmark_value(report, side):
    """The side's figure from a report of Google Benchmark; times in nanoseconds."""
    runs = [run for run in report["benchmarks"] if run.get("run_type") != "aggregate"]
    if len(runs) != 1:
        raise ValueError("%d benchmarks are called %s" % (len(runs), side.benchmark))
    run = runs[0]
    if run.get("error_occurred"):
        if run.get("error_message", "").startswith(_UNAVAILABLE):
            raise Unavailable(run["error_message"][len(_UNAVAILABLE):])
        raise ValueError("%s: %s" % (side.benchmark, run.get("error_message")))
    if side.value not in run:
        raise ValueError("%s has no value '%s'" % (side.benchmark, side.value))
    scale = _NANOSECONDS[run["time_unit"]] if side.value.endswith("_time") else 1.0
    return float(run[side.value]) * scale


def line_of(outcome):
    row = outcome.row
    return "%-16s %12s %12s  %-9s %8.3f %8.3f  %s" % (
        row.name, figure_text(outcome.ours), figure_text(outcome.theirs), row.unit, outcome.ratio,
        row.target, "ok" if outcome.ok() else "short")


def figure_text(figure):
    """Four digits that count, and no exponent."""
    return "%.0f" % figure if figure >= 1000 else "%.4g" % figure


def as_json(outcome):
    row = outcome.row
    return {"name": row.name, "ours": outcome.ours, "theirs": outcome.theirs, "unit": row.unit,
            "ratio": outcome.ratio, "target": row.target, "ok": outcome.ok()}
