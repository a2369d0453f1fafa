# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Shows one exhibit: finds the defect from scratch, replays it, and replays it on the real core."""

import dataclasses
import json
import os
import shutil
import statistics

from launch.defective import target_of
from launch.errors import FINE, FOUND
from launch.process import describe, run
from launch.sanitizers import environment_of, wrapper_of

SCHEDULES = 200000  # that a campaign may take to find a defect
SECONDS = 300  # that any one step may take before it counts as hanging
TIMES = 100  # replays that must all be the same
MOST_DECISIONS = 10  # that a person reads at a glance


@dataclasses.dataclass
class Finding:
    """What one campaign came to."""

    seed: int
    oracle: str = ""
    strategy: str = ""
    schedules: int = 0
    decisions: int = 0
    log: str = ""  # path of the shrunk log
    problem: str = ""


@dataclasses.dataclass
class Shown:
    """What showing an exhibit came to; 'problem' is empty if all is as it should be."""

    exhibit: object
    findings: list = dataclasses.field(default_factory=list)
    oracle: str = "-"
    strategy: str = "-"
    schedules: int | None = None  # median
    decisions: int | None = None  # most
    problem: str = ""

    def add_up(self):
        """The sums over all seeds."""
        good = [finding for finding in self.findings if not finding.problem]
        self.problem = "; ".join("seed %d: %s" % (finding.seed, finding.problem)
                                 for finding in self.findings if finding.problem)
        if good:
            self.oracle = ", ".join(dict.fromkeys(finding.oracle for finding in good))
            self.strategy = ", ".join(dict.fromkeys(finding.strategy for finding in good))
            self.schedules = round(statistics.median(finding.schedules for finding in good))
            self.decisions = max(finding.decisions for finding in good)
        return self


class Failed(Exception):
    """A step did not come out as it must; says how."""


def show(exhibit, builder, seeds):
    """Explores, shrinks and replays with each seed."""
    shown = Shown(exhibit)
    for seed in seeds:
        finding = Finding(seed)
        shown.findings.append(finding)
        try:
            _find(exhibit, builder, finding)
            replay(builder, builder.file_of(target_of(exhibit)), finding.log, True)
            replay(builder, builder.file_of("weft"), finding.log, False)
        except Failed as failure:
            finding.problem = str(failure)
    return shown.add_up()


def replay(builder, program, log, defective):
    """Replays a log on a defective core, where it must show the same each time, or on the real
    one, where nothing may be wrong."""
    times = TIMES if defective else 1
    status, output = _weft(builder, program, ["replay", log, "--times", str(times), "--json"])
    core = "the defective core" if defective else "the real core"
    if status not in (FINE, FOUND):
        raise Failed("the replay on %s %s: %s" % (core, describe(status), _last(output)))
    result = _json(output)
    if defective and (status != FOUND or not result["replay"]["reproduced"]):
        raise Failed("the replay on the defective core says '%s'" % result["replay"]["text"])
    if not defective and status != FINE:
        raise Failed("on the real core the replay is wrong, too: %s" % result.get("signature"))


def _find(exhibit, builder, finding):
    program = builder.file_of(target_of(exhibit))
    folder = os.path.join(os.path.dirname(program), "seed-%d" % finding.seed)
    shutil.rmtree(folder, ignore_errors=True)
    status, output = _weft(builder, program, [
        "explore", exhibit.file("scenario.toml"), "--until-found", "--seed", str(finding.seed),
        "--schedules", str(SCHEDULES), "--out", folder, "--json"])
    if status == FINE:
        raise Failed("nothing found in %d schedules" % SCHEDULES)
    if status != FOUND:
        raise Failed("the search %s: %s" % (describe(status), _last(output)))
    (found,) = _json(output)["findings"]
    finding.strategy = found["strategy"]
    finding.schedules = found["run"] + 1
    finding.log = found["file"]
    shrunk = found["shrunk"]
    matching = [oracle for oracle in exhibit.oracles if oracle in found["signature"]]
    if not matching:
        raise Failed("found '%s', expected %s" % (found["signature"],
                                                  " or ".join(exhibit.oracles)))
    finding.oracle = matching[0].rstrip(": ")
    if shrunk is None or shrunk["problem"]:
        raise Failed("not shrunk: %s" % (shrunk or {}).get("problem", "it does not repeat"))
    finding.decisions = shrunk["decisions"]
    if finding.decisions > MOST_DECISIONS:
        raise Failed("%d decisions are left, more than %d" % (finding.decisions, MOST_DECISIONS))


def _weft(builder, program, words):
    command = wrapper_of(builder.variant) + [program] + words
    return run(command, environment_of(builder.variant), seconds=SECONDS)


def _json(output):
    """The JSON after whatever was complained about before it."""
    try:
        return json.loads(output[output.index("{"):])
    except ValueError:
        raise Failed("what it printed is no JSON: %s" % _last(output)) from None


def _last(output):
    lines = output.strip().splitlines()
    return lines[-1] if lines else "it said nothing"
