# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The museum is complete, and what it shows is so. In the long form every exhibit is shown."""

import os
import re
import subprocess
import sys

import pytest

from defects import headers_of_others, patched_files
from launch import museum
from launch.exhibits import EXPLORATION, MUSEUM, all_exhibits
from launch.places import CHECKOUT

EXHIBITS = all_exhibits()
EXPLORED = [one for one in EXHIBITS if one.shown_by == EXPLORATION]
LONG = bool(os.environ.get("WEFT_LONG"))
# One of a race, one that any run shows, one that does not compile.
CHEAP = ("08-req-published-too-early", "15-destroy-does-not-end-idle", "05-listen-without-id-lock")
SHOWN = [one for one in EXHIBITS if LONG or one.name in CHEAP]


def named(exhibits):
    return pytest.mark.parametrize("exhibit", exhibits, ids=[one.name for one in exhibits])


def weft(*words):
    return subprocess.run([os.environ["WEFT"], *words], capture_output=True, text=True,
                          check=False, timeout=600)


def launcher(*words):
    command = [sys.executable, os.path.join(CHECKOUT, "tools", "launcher.py"),
               "--variant=" + os.environ["WEFT_VARIANT"], *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=1700)


def test_the_cheap_ones_are_there():
    assert {one.name for one in EXHIBITS}.issuperset(CHEAP)


def test_every_folder_is_an_exhibit():
    folders = {name for name in os.listdir(MUSEUM) if os.path.isdir(os.path.join(MUSEUM, name))}
    assert folders - {"__pycache__"} == {one.name for one in EXHIBITS}
    numbers = [one.name[:2] for one in EXHIBITS]
    assert len(set(numbers)) == len(numbers)


@named(EXHIBITS)
def test_exhibit_is_complete(exhibit):
    assert exhibit.missing() == []
    with open(exhibit.patch, encoding="utf-8") as file:
        changed = patched_files(file.read())
    assert changed and headers_of_others(os.path.join(CHECKOUT, "src")).isdisjoint(changed)
    page = open(exhibit.file("README.md"), encoding="utf-8").read()
    assert "# %s: " % exhibit.name[:2] in page
    if exhibit.shown_by == EXPLORATION:
        lanes = page[page.index(museum.LANES_BEGIN):page.index(museum.LANES_END)]
        assert re.search("^\u2717 ", lanes, re.MULTILINE)


@named(EXHIBITS)
def test_table_has_a_good_row(exhibit):
    row = dict(zip(museum.COLUMNS, museum.kept_rows()[exhibit.name]))
    assert (row["of"], row["kind"]) == (exhibit.origin, exhibit.kind)
    assert row["result"] == "ok"
    if exhibit.shown_by == EXPLORATION:
        assert int(row["decisions"]) <= 10 and int(row["schedules"]) >= 1


def test_table_has_no_row_too_many():
    assert set(museum.kept_rows()) == {one.name for one in EXHIBITS}


@named(EXPLORED)
def test_scenario_is_sound_and_found_log_is_clean_on_the_real_core(exhibit):
    run = weft("run", exhibit.file("scenario.toml"), "--quiet")
    assert run.returncode == 0, run.stdout + run.stderr
    replay = weft("replay", exhibit.file("found.weft"), "--quiet")
    assert replay.returncode == 0, replay.stdout + replay.stderr
    assert "not reproduced" in replay.stdout


@named([one for one in SHOWN if one.shown_by == EXPLORATION])
def test_found_log_shows_the_defect(exhibit):
    replay = launcher("replay", exhibit.file("found.weft"), "--quiet", "--core", exhibit.name)
    assert replay.returncode == 1, replay.stdout + replay.stderr
    assert re.search("^reproduced: ", replay.stdout, re.MULTILINE)


def test_defects_are_found_from_scratch():
    seeds = "1,2,3" if LONG else "1"
    run = launcher("bugs", "run", "--seeds", seeds, *[one.name for one in SHOWN])
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.skipif(not LONG, reason="only with --long")
@named(EXPLORED)
def test_real_core_survives_the_scenario(exhibit, tmp_path):
    run = weft("explore", exhibit.file("scenario.toml"), "--schedules", "20000", "--seed", "5",
               "--out", str(tmp_path / "out"))
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.skipif(not EXPLORED, reason="there is no exhibit yet")
def test_core_option_takes_one_exhibit():
    wrong = launcher("explore", EXPLORED[0].file("scenario.toml"), "--core", "99-none")
    assert wrong.returncode == 2
    assert "there is no exhibit '99-none'" in wrong.stderr
