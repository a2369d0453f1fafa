# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""One scenario, one digest: in one process, in another, and as other compilers have built it.

Every scenario in the tree is run, replayed three times in one process, and explored. In the long
form (WEFT_LONG) the programs of the other variants that have been built do the same; a variant that
has not been built is skipped, and says so.
"""

import glob
import json
import os
import subprocess

import pytest

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LONG = "WEFT_LONG" in os.environ
OTHERS = ("debug", "clang", "asan")
FINE, VIOLATED = 0, 1


def name_of(path):
    return os.path.relpath(path, CHECKOUT)


def is_scenario(path):
    with open(path, encoding="utf-8") as file:
        return "[fabric]" in file.read()


SCENARIOS = sorted(path for path in glob.glob(os.path.join(CHECKOUT, "**/*.toml"), recursive=True)
                   if os.sep + "build" + os.sep not in path and is_scenario(path))


def output(program, folder, *words):
    result = subprocess.run([program, *map(str, words)], cwd=folder, capture_output=True, text=True,
                            check=False, timeout=600, env={**os.environ, "MALLOC_PERTURB_": "85"})
    assert result.returncode in (FINE, VIOLATED), result.stdout + result.stderr
    return json.loads(result.stdout)


def digests(program, scenario, folder):
    """What a program makes of a scenario: nothing in it may depend on the program's build."""
    log = folder / "run.weft"
    run = output(program, folder, "run", scenario, "--json", "--trace", log)
    replay = output(program, folder, "replay", log, "--json", "--times", 3)
    assert replay["replay"]["reproduced"], replay["replay"]["text"]
    assert replay["digest"] == run["digest"]
    return run["digest"]


def campaign(program, scenario, folder, runs):
    found = output(program, folder, "explore", scenario, "--json", "--no-shrink", "--schedules",
                   runs)
    for key in ("seconds", "workers"):
        del found[key]
    return found


def test_there_are_scenarios():
    assert len(SCENARIOS) >= 5


@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_same_in_one_process_and_in_another(program, scenario, tmp_path):
    assert digests(program, scenario, tmp_path) == digests(program, scenario, tmp_path)
    assert campaign(program, scenario, tmp_path, 100) == campaign(program, scenario, tmp_path, 100)


@pytest.mark.skipif(not LONG, reason="long form: './weft test --long lab'")
@pytest.mark.parametrize("variant", OTHERS)
def test_same_as_others_have_built_it(program, variant, tmp_path):
    other = os.path.join(CHECKOUT, "build", variant, "bin", "weft")
    if not os.access(other, os.X_OK):
        pytest.skip("not built: './weft build --variant %s'" % variant)
    for scenario in SCENARIOS:
        assert digests(other, scenario, tmp_path) == digests(program, scenario, tmp_path)
        assert campaign(other, scenario, tmp_path, 50) == campaign(program, scenario, tmp_path, 50)
