# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""'./weft bugs': the museum of defects, listed and shown; see test/bugs/README.md."""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import time

from launch import defective, exhibit_run, guards, museum
from launch.builder import Builder
from launch.errors import FINE, FOUND, WeftError, usage_error
from launch.exhibits import COMPILER, EXPLORATION, all_exhibits, chosen
from launch.places import processors
from launch.sanitizers import environment_of

_SCENARIO = re.compile(r"^scenario: .*$", re.MULTILINE)


def main(options):
    arguments = _parse(options.rest)
    known = all_exhibits()
    if arguments.action == "list":
        return _list(known, arguments)
    if bool(arguments.names) == arguments.all:
        raise usage_error("weft bugs run: name exhibits, or all of them by --all")
    wanted = known if arguments.all else chosen(arguments.names, known)
    for exhibit in wanted:
        missing = [name for name in exhibit.missing() if name != "found.weft"]
        if missing:
            raise usage_error("%s: %s is missing" % (exhibit.name, ", ".join(missing)))
    builder = Builder(options.variant, options.verbose)
    return _run(wanted, known, builder, arguments)


def _seeds(text):
    seeds = [int(word) for word in text.split(",")]
    if min(seeds) < 0 or len(set(seeds)) != len(seeds):
        raise ValueError
    return seeds


_seeds.__name__ = "list of different whole numbers"


def _parse(rest):
    parser = argparse.ArgumentParser(
        prog="weft bugs", description="The museum of bugs: defects put back into the Connection "
        "Manager, found by exploration, replayed, and gone on the real core.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|run")
    listing = actions.add_parser("list", help="the exhibits, and what the latest run came to")
    run = actions.add_parser(
        "run", help="build defective cores, find the defects, and replay them",
        epilog="Exit status: 0 each defect was found, and its replay is clean on the real core; "
               "1 not so; 2 the command line is wrong; 3 a patch does not apply, or a core does "
               "not build.")
    run.add_argument("names", nargs="*", metavar="NAME", help="an exhibit, or its number")
    run.add_argument("--all", action="store_true", help="every exhibit")
    run.add_argument("--seeds", type=_seeds, default=[1, 2, 3], metavar="N,…",
                     help="seeds of the campaigns (default: 1,2,3)")
    run.add_argument("--jobs", type=int, default=processors(), metavar="N",
                     help="exhibits at a time (default: the number of processors)")
    run.add_argument("--keep", action="store_true",
                     help="write the first seed's log and its lanes to the exhibit's folder")
    run.add_argument("--write-table", action="store_true", help="write doc/museum.md's table")
    for action in (listing, run):
        action.add_argument("--json", action="store_true", help="the table as JSON")
    arguments = parser.parse_args(rest)
    if arguments.action == "run" and arguments.jobs < 1:
        parser.error("--jobs is at least 1, not %d" % arguments.jobs)
    return arguments


def _list(known, arguments):
    kept = museum.kept_rows()
    _print([kept.get(exhibit.name, museum.row_without_run(exhibit)) for exhibit in known],
           arguments)
    return FINE


def _run(wanted, known, builder, arguments):
    started = time.monotonic()
    for exhibit in wanted:
        if exhibit.shown_by == COMPILER:
            defective.prepare(exhibit)
    defective.build([one for one in wanted if one.shown_by == EXPLORATION], builder, ["weft"])
    with concurrent.futures.ThreadPoolExecutor(max_workers=arguments.jobs) as pool:
        results = []
        for shown in pool.map(lambda one: _show(one, builder, arguments), wanted):
            results.append(shown)
            if sys.stderr.isatty():
                print("weft: %s: %s" % (shown.exhibit.name, shown.problem or "ok"),
                      file=sys.stderr, flush=True)
    rows = [museum.row_of(shown) for shown in results]
    _print(rows, arguments)
    if arguments.keep:
        for shown in results:
            _keep(shown, builder)
    if arguments.write_table:
        fresh = museum.kept_rows()
        fresh.update({row[0]: row for row in rows})
        museum.write_table([fresh.get(one.name, museum.row_without_run(one)) for one in known])
    failed = sum(bool(shown.problem) for shown in results)
    if not arguments.json:
        print("%d of %d as they should be, in %.0f s"
              % (len(results) - failed, len(results), time.monotonic() - started))
    return FOUND if failed else FINE


def _show(exhibit, builder, arguments):
    if exhibit.shown_by == COMPILER:
        return guards.show(exhibit)
    return exhibit_run.show(exhibit, builder, arguments.seeds)


def _keep(shown, builder):
    """The log of the first seed goes into the tree, and its picture into the exhibit's page."""
    exhibit = shown.exhibit
    if shown.problem or not shown.findings:
        return
    with open(shown.findings[0].log, encoding="utf-8") as file:
        log = _SCENARIO.sub("scenario: scenario.toml", file.read(), count=1)
    kept = exhibit.file("found.weft")
    with open(kept, "w", encoding="utf-8") as file:
        file.write(log)
    program = builder.file_of(defective.target_of(exhibit))
    done = subprocess.run([program, "replay", kept, "--lanes", "--quiet"], text=True,
                          capture_output=True, check=False,
                          env=dict(environment_of(builder.variant), LC_ALL="C.UTF-8"))
    if done.returncode != FOUND:
        raise WeftError("%s: what was kept does not show the defect:\n%s"
                        % (exhibit.name, done.stdout + done.stderr))
    museum.write_lanes(exhibit.file("README.md"), _lanes(done.stdout))


def _lanes(text):
    """The drawing alone: it ends with the line of the violation."""
    lines = text.splitlines()
    begin = next(i for i, line in enumerate(lines) if re.match(r"\s*1 \S+", line))
    end = next(i for i, line in enumerate(lines) if line.startswith("\u2717"))
    return "\n".join(line.rstrip() for line in lines[begin:end + 1])


def _print(rows, arguments):
    if arguments.json:
        print(json.dumps([dict(zip(museum.COLUMNS, row)) for row in rows], indent=2))
        return
    width = shutil.get_terminal_size((0, 0)).columns if os.isatty(1) else 0
    for line in museum.aligned(rows):
        print(line[:width] if width else line)
