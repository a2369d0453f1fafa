# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Connection Managers with the Linux kernel's as the peer, in guests, on a wire of ours."""

import os
import shutil

import pytest

from guests.errors import Unavailable
from guests.places import CHECKOUT
from scenes import captures, table
from scenes.columns import COLUMNS, LINUX_COLUMNS
from scenes.dialogue import PARTS
from scenes.matrix import SCENES
from scenes.scene import HELLO, REFUSAL, WELCOME

MANUAL = CHECKOUT / "doc/interop.md"

each_column = pytest.mark.parametrize("column_name", COLUMNS)


def result(column, job):
    """What came of the job; a test is skipped with what its column lacks."""
    try:
        return column.result(job)
    except Unavailable as error:
        pytest.skip("no guests for %s: %s" % (column.name, error))


def data_of(record, side, name):
    """The private data of the first such event."""
    return next(event.values.get("data") for event in record.seen[side] if event.name == name)


@each_column
@pytest.mark.job("matrix")
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name.replace(" ", "-"))
def test_scene(column, scene):
    record = result(column, "matrix").records[scene.name]
    assert record.problem == ""
    assert not [text for text in record.client + record.server if "error" in text or "fail" in text]
    if record.server:
        assert data_of(record, "server", "CONNECT_REQUEST") == HELLO
    if "CONNECT_RESPONSE" in record.client:
        assert data_of(record, "client", "CONNECT_RESPONSE") == WELCOME


@each_column
@pytest.mark.job("matrix")
def test_is_as_the_manual_says(column):
    records = result(column, "matrix").records
    seen = {name: table.row(record) for name, record in records.items()}
    if os.environ.get("WEFT_WRITE_TABLE"):
        _write_down(column.name, seen)
    written = table.read(MANUAL.read_text(encoding="utf-8"), list(COLUMNS))
    told = {name: written.get(name, {}).get(column.name) for name in seen}
    differ = ["%s\n  seen: %s\n  told: %s" % (name, seen[name], told[name]) for name in seen
              if told[name] is None
              or not table.alike(seen[name], told[name], records[name].scene.perhaps)]
    assert not differ, "\n".join(["doc/interop.md says otherwise", *differ])


def _write_down(column_name, seen):
    """Puts what has been seen into the manual's table, beside what is there of other columns."""
    text = MANUAL.read_text(encoding="utf-8")
    known = table.read(text, list(COLUMNS))
    rows = {scene: {name: cells for name, cells in
                    dict(known.get(scene, {}), **{column_name: seen[scene]}).items()}
            for scene in seen}
    ordered = {scene: {name: cells[name] for name in COLUMNS if name in cells}
               for scene, cells in rows.items()}
    perhaps = {scene.name: scene.perhaps for scene in SCENES}
    MANUAL.write_text(table.replace(text, table.write(ordered, perhaps)), encoding="utf-8")


@pytest.mark.skipif(not os.environ.get("WEFT_LONG"), reason="two more pairs of guests: with --long")
@pytest.mark.parametrize("column_name", LINUX_COLUMNS)
@pytest.mark.job("matrix")
def test_behaves_as_linux_when_told_to(column):
    records = result(column, "matrix").records
    written = table.read(MANUAL.read_text(encoding="utf-8"), list(COLUMNS))
    differ = []
    for name, record in records.items():
        kernels, seen = written[name]["kernel-kernel"], table.row(record)
        if not table.alike(seen, kernels, record.scene.perhaps):
            differ.append("%s\n  seen: %s\n  the kernel: %s" % (name, seen, kernels))
    assert not differ, "\n".join(["not as between two kernels:", *differ])


@each_column
@pytest.mark.job("matrix")
def test_private_data_of_rejects(column):
    records = result(column, "matrix").records
    assert data_of(records["server rejects"], "client", "REJECTED") == REFUSAL
    assert data_of(records["client rejects"], "server", "REJECTED") == REFUSAL
    assert data_of(records["SIDR, server rejects"], "client", "UNREACHABLE") == REFUSAL


@each_column
@pytest.mark.job("matrix")
def test_connects_again_after_a_death(column):
    stories = result(column, "matrix").stories
    assert len(stories) == 4
    for name, story in stories.items():
        assert story[-1] == "ESTABLISHED", (name, story)
    # Those who have died are remembered, and the new ones refused at first.
    assert stories["client dies while connected"][0] == "REJECTED(10)"
    # Ours refuses a REP that it knows nothing of (REJ 6): a server that sends one lets go then.
    if column.who["client"] == "kernel":
        assert stories["client dies between REP and RTU"][0] == "REJECTED(10)"


@each_column
@pytest.mark.job("matrix")
def test_nothing_is_left_of_the_scenes(column):
    seen = result(column, "matrix")
    assert seen.dumps == {name: [] for name in seen.dumps}
    assert seen.leaks == []


@each_column
@pytest.mark.job("dialogue")
@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_dialogue(columns, column, part):
    notes, problem = result(column, "dialogue")[part.__name__]
    assert problem == "", "\n".join([problem, *notes])
    kernels, _ = result(columns["kernel-kernel"], "dialogue")[part.__name__]
    assert notes == kernels


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@each_column
@pytest.mark.job("dialogue")
def test_fields_of_the_messages(columns, column):
    result(column, "dialogue")
    result(columns["kernel-kernel"], "dialogue")
    messages = captures.messages(column.capture_of("dialogue"))
    kernels = captures.messages(columns["kernel-kernel"].capture_of("dialogue"))
    assert [message[:2] for message in messages] == [message[:2] for message in kernels]
    assert len(messages) > 50
    different = {(attribute, name, theirs.get(name), ours.get(name))
                 for (_, attribute, theirs), (_, _, ours) in zip(kernels, messages)
                 for name in {*theirs, *ours} if theirs.get(name) != ours.get(name)}
    assert not different


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@each_column
@pytest.mark.parametrize("job_name",
                         ["matrix", "dialogue", "rping", "ucmatose", "udaddy", "storm"])
@pytest.mark.job()
def test_no_frame_is_malformed(column, job_name):
    result(column, job_name)
    assert captures.malformed(column.capture_of(job_name)) == []


@each_column
@pytest.mark.job("rping")
def test_rping(column):
    talk = result(column, "rping")
    check_end(column, talk, "rdma-ping-99", "1 succeeded, 0 failed, 100 messages")
    assert talk.counts == {"REQ": 1, "REP": 1, "RTU": 1, "DREQ": 1, "DREP": 1}
    assert talk.leaks == []


@each_column
@pytest.mark.job("ucmatose")
def test_ucmatose(column):
    talk = result(column, "ucmatose")
    check_end(column, talk, "return status 0", "100 succeeded, 0 failed, 1000 messages")
    assert talk.ids == {"REQ": 100, "REP": 100, "RTU": 100, "DREQ": 100, "DREP": 100}
    assert talk.leaks == []


@each_column
@pytest.mark.job("udaddy")
def test_udaddy(column):
    talk = result(column, "udaddy")
    check_end(column, talk, "return status 0", "10 succeeded, 0 failed, 100 messages")
    assert talk.counts == {"SIDR_REQ": 10, "SIDR_REP": 10}
    assert talk.leaks == []


@each_column
@pytest.mark.job("storm")
def test_storm(column):
    check_storm(result(column, "storm"))


@pytest.mark.skipif(not os.environ.get("WEFT_LONG"), reason="builds for sanitizers: with --long")
@pytest.mark.parametrize("column_name", [name for name in COLUMNS if "ours" in name])
@pytest.mark.parametrize("job_name", ["rping tsan", "rping asan"])
@pytest.mark.job()
def test_ping_with_sanitizers(column, job_name):
    seen = result(column, job_name)
    assert "Sanitizer" not in seen.client + seen.server
    assert seen.ids == {"REQ": 1, "REP": 1, "RTU": 1, "DREQ": 1, "DREP": 1}


@pytest.mark.skipif(not os.environ.get("WEFT_LONG"), reason="builds for sanitizers: with --long")
@pytest.mark.parametrize("column_name", [name for name in COLUMNS if "ours" in name])
@pytest.mark.parametrize("job_name", ["storm tsan", "storm asan"])
@pytest.mark.job()
def test_storm_with_sanitizers(column, job_name):
    seen = result(column, job_name)
    assert "Sanitizer" not in seen.client + seen.server
    check_storm(seen)


def check_end(column, talk, kernels, ours):
    """Both programs say that all went well, each in its words."""
    words = {"kernel": kernels, "ours": ours}
    assert words[column.who["client"]] in talk.client
    assert words[column.who["server"]] in talk.server


def check_storm(seen):
    assert {name: seen.ids[name] for name in ("REQ", "REP", "RTU", "DREQ", "DREP")} == {
        "REQ": 2000, "REP": 2000, "RTU": 2000, "DREQ": 2000, "DREP": 2000}
    assert "REJ" not in seen.ids
    assert seen.leaks == []
