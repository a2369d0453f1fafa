# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The program 'weft' as a user meets it: what it prints, where, and how it exits."""

import glob
import json
import os
import re

import pytest

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOPOLOGIES = sorted(glob.glob(os.path.join(CHECKOUT, "test/data/topologies/*.ibnetdiscover")))
EXAMPLES = sorted(glob.glob(os.path.join(CHECKOUT, "examples/*.toml")))
FINE, VIOLATED, WRONG = 0, 1, 2

SCENARIO = """
[fabric]
source = "direct"

[[host]]
name = "server"

[[host]]
name = "client"

[[listen]]
host = "server"
service = 0x1234

[[connect]]
name = "hello"
from = "client"
to = "server"
service = 0x1234
cm-response-timeout = 16
remote-cm-response-timeout = 18
"""
DROP_FIRST_REP = """
[[fault]]
match = {attribute = "REP", from = "server", nth = 1}
action = "drop"
"""


def name_of(path):
    return os.path.basename(path)


def fine(result):
    assert result.returncode == FINE, result.stdout + result.stderr
    assert result.stderr == ""
    return result.stdout


def wrong(result):
    """What is said about wrong input: on stderr only, in one line."""
    assert result.returncode == WRONG, result.stdout + result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith("weft: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def record(weft, *words):
    return json.loads(fine(weft(*words, "--json")))


def kinds(run, host):
    return [message["kind"] for message in run["messages"] if message["from"] == host]


# The command line


def test_version_is_the_one_of_the_build(weft):
    with open(os.path.join(CHECKOUT, "wscript"), encoding="utf-8") as wscript:
        version = re.search(r'^VERSION = "(.*)"', wscript.read(), re.MULTILINE).group(1)
    assert fine(weft("--version")) == "weft %s\n" % version


def test_help_names_the_commands(weft):
    text = fine(weft("--help"))
    for command in ("run", "explore", "replay", "shrink", "topo"):
        assert re.search(r"^  %s " % command, text, re.MULTILINE)


@pytest.mark.parametrize("command", ["run", "explore", "replay", "shrink", "topo"])
def test_help_of_each_command_has_examples(weft, command):
    assert "Examples:\n  weft %s " % command in fine(weft(command, "--help"))


def test_no_command_shows_the_help(weft):
    result = weft()
    assert result.returncode == WRONG
    assert result.stdout == ""
    assert "a command is missing" in result.stderr
    assert "Usage: weft" in result.stderr


def test_unknown_command_has_a_proposal(weft):
    assert "no command 'rnu' (did you mean 'run'?)" in wrong(weft("rnu", "x.toml"))


@pytest.mark.parametrize("words", [
    ["--nope"], ["run"], ["run", "--nope", "x"], ["run", "a", "b"], ["run", "x", "--seed"],
    ["replay"], ["topo"], ["topo", "--seed", "1", "back-to-back"]])
def test_wrong_usage_points_to_the_help(weft, words):
    command = " " + words[0] if words[0] != "--nope" else ""
    assert "%s --help')" % command in wrong(weft(*words))


@pytest.mark.parametrize("seed", ["x", "-1", "1.5", "18446744073709551616", "0x"])
def test_seed_is_a_number(weft, scenario, seed):
    text = wrong(weft("run", scenario(SCENARIO), "--seed=" + seed))
    assert "--seed: found '%s', expected a whole number of 64 bits" % seed in text


# Scenarios that are wrong (each kind of mistake has its test in scenario-errors_test.cc)


def test_wrong_scenario_has_file_and_line(weft, scenario):
    path = scenario(SCENARIO.replace("[[listen]]\nhost", "[[listen]]\nhots"))
    text = wrong(weft("run", path))
    assert text == ("weft: %s:12: found unknown key 'hots' in [[listen]], expected 'host'\n" % path)


def test_missing_scenario(weft):
    assert "gone.toml: found nothing to read (No such file or directory), expected a scenario" \
        in wrong(weft("run", "gone.toml"))


def test_unknown_node_has_file_and_line(weft, scenario):
    path = scenario(SCENARIO.replace('"direct"', '"fat-tree:k=4"').replace(
        'name = "server"', 'name = "server"\nnode = "nowhere"'))
    text = wrong(weft("run", path))
    assert re.search(r"test\.toml:\d+: found .*nowhere", text)


def test_capture_of_a_direct_fabric(weft, scenario, tmp_path):
    assert "test.toml:2: found a direct fabric" in wrong(
        weft("run", scenario(SCENARIO), "--pcap", tmp_path / "a.pcap"))
    assert not (tmp_path / "a.pcap").exists()


@pytest.mark.parametrize("option, source", [("--trace", "direct"), ("--pcap", "back-to-back")])
def test_unwritable_file_is_found_before_the_run(weft, scenario, option, source):
    path = scenario(SCENARIO.replace("direct", source))
    text = wrong(weft("run", path, option, "no/such/folder/file"))
    assert "no/such/folder/file: found no way to write it (No such file or directory)" in text


# Running


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_example_is_fine(weft, path):
    text = fine(weft("run", path))
    assert "no violation" in text
    assert "again       ./weft run %s --seed 1\n" % path in text
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines() if "again" not in line) <= 100


def test_first_light_tells_the_story(weft):
    run = record(weft, "run", os.path.join(CHECKOUT, "examples/first-light.toml"))
    assert [message["kind"] for message in run["messages"]] == ["REQ", "REP", "RTU", "DREQ", "DREP"]
    assert run["connects"][0]["outcome"] == "disconnected"
    assert run["fabric"]["switches"] == 8
    assert run["fabric"]["channelAdapters"] == 144
    assert run["fabric"]["smps"] > 1000
    assert any("hello, fabric" in note["text"] and note["host"] == "server"
               for note in run["notes"])


def test_json_is_all_there_is_on_stdout(weft, scenario):
    run = record(weft, "run", scenario(SCENARIO), "--seed", "0x2a")
    assert run["seed"] == 42
    assert [len(message["bytes"]) for message in run["messages"]] == [512] * 5


def test_quiet_leaves_out_the_sequence(weft, scenario):
    path = scenario(SCENARIO)
    assert "REQ_SENT" in fine(weft("run", path))
    text = fine(weft("run", path, "--quiet"))
    assert "REQ_SENT" not in text
    assert re.search(r"^digest +[0-9a-f]{16}$", text, re.MULTILINE)


def test_no_colour_in_a_file_even_if_the_terminal_has_some(weft, scenario):
    assert "\x1b" not in fine(weft("run", scenario(SCENARIO), TERM="xterm-256color"))


@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_same_digest_anywhere(weft, tmp_path, path):
    first = record(weft, "run", path)
    again = record(weft, "run", path)
    assert first["digest"] == again["digest"]
    for run in (first, again):
        del run["wallSeconds"]
    assert first == again
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    result = weft("run", os.path.relpath(path, elsewhere), "--json", folder=elsewhere,
                  LANG="tr_TR.UTF-8", TZ="Asia/Kathmandu", HOME="/nonexistent", MALLOC_PERTURB_="7")
    assert json.loads(fine(result))["digest"] == first["digest"]


def test_seed_changes_the_run(weft, scenario):
    path = scenario(SCENARIO)
    digests = {record(weft, "run", path, "--seed", seed)["digest"] for seed in range(4)}
    assert len(digests) == 4


def test_broken_expectation_is_a_violation(weft, scenario):
    path = scenario(SCENARIO + '[[expect]]\nconnect = "hello"\noutcome = "rejected"\n')
    result = weft("run", path)
    assert result.returncode == VIOLATED
    assert "violated    expectation: " in result.stdout
    assert "expected rejected, found disconnected" in result.stdout
    result = weft("run", path, "--json")
    assert result.returncode == VIOLATED
    assert json.loads(result.stdout)["violations"][0]["kind"] == "expectation"


# Faults, decision logs and replays


def test_lost_rep_is_sent_again_when_the_req_said(weft, scenario):
    run = record(weft, "run", scenario(SCENARIO + DROP_FIRST_REP))
    reps = [message for message in run["messages"] if message["kind"] == "REP"]
    assert [rep["fate"] for rep in reps] == ["drop", "deliver"]
    assert [rep["retransmission"] for rep in reps] == [False, True]
    assert reps[0]["receivedNs"] is None
    asked = 4096 * 2**16
    assert asked <= reps[1]["sentNs"] - reps[0]["sentNs"] <= 2 * asked
    assert kinds(run, "client")[:2] == ["REQ", "RTU"]
    assert run["connects"][0]["outcome"] == "disconnected"


@pytest.fixture
def lost_rep(weft, scenario, tmp_path):
    """The log of a run in which the first REP is lost, and that run."""
    log = tmp_path / "lost.weft"
    run = record(weft, "run", scenario(SCENARIO + DROP_FIRST_REP), "--trace", log)
    return log, run


def decisions(log):
    return log.read_text(encoding="utf-8").split("\n\n", 1)[1].splitlines()


def edited(log, old, new, name="edited.weft"):
    text = log.read_text(encoding="utf-8")
    assert old in text
    path = log.parent / name
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_trace_has_the_one_decision(lost_rep):
    log, run = lost_rep
    assert decisions(log) == ["net REP server->client #1 -> drop"]
    assert run["decisions"] == 1
    text = log.read_text(encoding="utf-8")
    assert text.startswith("weft-replay 1\n")
    assert "\nscenario: test.toml\n" in text
    assert "\ndigest: %s\n" % run["digest"] in text


def test_replay_reproduces(weft, lost_rep, tmp_path):
    log, run = lost_rep
    assert "\nreproduced: the same digest\n" in fine(weft("replay", log))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    again = json.loads(fine(weft("replay", "../lost.weft", "--json", folder=elsewhere)))
    assert again["digest"] == run["digest"]
    assert again["replay"]["reproduced"] is True


def test_trace_of_a_replay_is_the_log(weft, lost_rep, tmp_path):
    log, _ = lost_rep
    copy = tmp_path / "copy.weft"
    fine(weft("replay", log, "--trace", copy))
    assert copy.read_text(encoding="utf-8") == log.read_text(encoding="utf-8")


def test_edited_replay_drops_the_second_rep_too(weft, lost_rep):
    log, run = lost_rep
    line = "net REP server->client #1 -> drop"
    path = edited(log, line, line + "\n" + line.replace("#1", "#2"))
    text = fine(weft("replay", path))
    assert "\ndigest differs: %s in the log, " % run["digest"] in text
    again = record(weft, "replay", path)
    assert [message["fate"] for message in again["messages"] if message["kind"] == "REP"] \
        == ["drop", "drop", "deliver"]
    assert again["replay"]["reproduced"] is False
    assert again["unusedDecisions"] == []


def test_edited_replay_names_what_never_came(weft, lost_rep):
    log, _ = lost_rep
    path = edited(log, "#1 -> drop", "#2 -> drop")
    text = fine(weft("replay", path))
    number = path.read_text(encoding="utf-8").splitlines().index(
        "net REP server->client #2 -> drop") + 1
    assert re.search(r"^not used: .*edited\.weft: line %d: net REP server->client #2" % number,
                     text, re.MULTILINE)
    again = record(weft, "replay", path)
    assert [message["fate"] for message in again["messages"]] == ["deliver"] * 5


def test_edited_replay_can_do_something_else(weft, lost_rep):
    log, _ = lost_rep
    again = record(weft, "replay", edited(log, "-> drop", "-> delay 50ms"))
    rep = [message for message in again["messages"] if message["kind"] == "REP"][0]
    assert rep["receivedNs"] - rep["sentNs"] >= 50_000_000


def test_recorded_violation_is_reproduced(weft, scenario, tmp_path):
    log = tmp_path / "broken.weft"
    path = scenario(SCENARIO + DROP_FIRST_REP
                    + '[[expect]]\nattribute = "REP"\ncount = 1\n')
    assert weft("run", path, "--trace", log).returncode == VIOLATED
    assert "\nviolation: expectation\n" in log.read_text(encoding="utf-8")
    result = weft("replay", log)
    assert result.returncode == VIOLATED
    assert "\nreproduced: the same digest\n" in result.stdout
    # With one more loss the digest is another, the violation is the same.
    line = "net REP server->client #1 -> drop"
    result = weft("replay", edited(log, line, line + "\n" + line.replace("#1", "#2")))
    assert result.returncode == VIOLATED
    assert "\nreproduced: expectation; digest differs: " in result.stdout
    # Without any it is gone.
    result = weft("replay", edited(log, line, ""))
    assert "\nnot reproduced: no expectation this time; digest differs: " in fine(result)


@pytest.mark.parametrize("old, new, line, said", [
    ("weft-replay 1", "weft-replay 7", 1, "expected 'weft-replay 1'"),
    ("scenario: test.toml", "", None, "PLACE #N -> OPTION"),
    ("scenario: test.toml", "scenario:", 2, "no scenario in the header"),
    ("seed: 1", "seed: one", 3, "found seed: one, expected a whole number"),
    ("#1 -> drop", "-> drop", None, "'#N'"),
    ("#1 -> drop", "#1 drop", None, "PLACE #N -> OPTION")])
def test_wrong_log_has_file_and_line(weft, lost_rep, old, new, line, said):
    text = wrong(weft("replay", edited(lost_rep[0], old, new)))
    assert re.search(r"edited\.weft:%s: found " % (line or r"\d+"), text), text
    assert said in text


def test_log_of_a_scenario_that_is_gone(weft, lost_rep):
    text = wrong(weft("replay", edited(lost_rep[0], "test.toml", "gone.toml")))
    assert "gone.toml: found nothing to read" in text


def test_missing_log(weft, tmp_path):
    assert "gone.weft: found nothing to read (No such file" in wrong(weft("replay", "gone.weft"))
    assert "found nothing to read (Is a directory)" in wrong(weft("replay", tmp_path))


# Topologies


def test_there_are_topologies():
    assert {"loginoff.ibnetdiscover", "nvidia-topograph-example.ibnetdiscover",
            "jabl-1.ibnetdiscover", "jabl-3.ibnetdiscover"} <= set(map(name_of, TOPOLOGIES))


@pytest.mark.parametrize("path", TOPOLOGIES, ids=name_of)
def test_topology_is_shown(weft, path):
    text = fine(weft("topo", path))
    for label in ("switches", "HCAs", "links", "diameter", "connected"):
        assert re.search(r"^  %s +\w" % label, text, re.MULTILINE)
    fabric = json.loads(fine(weft("topo", path, "--json")))
    switches = [node for node in fabric["nodes"] if node["type"] == "switch"]
    assert len(switches) == fabric["summary"]["switches"]
    assert len(fabric["links"]) == fabric["summary"]["links"]


@pytest.mark.parametrize("name, switches, adapters, links", [
    ("loginoff", 8, 144, 192), ("nvidia-topograph-example", 40, 582, 1114), ("jabl-1", 2, 4, 7)])
def test_topology_has_its_size(weft, name, switches, adapters, links):
    path = os.path.join(CHECKOUT, "test/data/topologies", name + ".ibnetdiscover")
    summary = json.loads(fine(weft("topo", path, "--json")))["summary"]
    assert (summary["switches"], summary["channelAdapters"], summary["links"]) \
        == (switches, adapters, links)


def test_damaged_topology_has_file_and_line(weft, tmp_path):
    with open(os.path.join(CHECKOUT, "test/data/topologies/loginoff.ibnetdiscover"),
              encoding="utf-8") as file:
        lines = file.readlines()
    lines[19] = lines[19].replace('"H-', '"H-\n')[:8] + "\n"
    damaged = tmp_path / "damaged.ibnetdiscover"
    damaged.write_text("".join(lines), encoding="utf-8")
    text = wrong(weft("topo", damaged))
    assert "damaged.ibnetdiscover:20: found " in text
    assert ", expected " in text


def test_damaged_topology_of_a_scenario(weft, scenario, tmp_path):
    (tmp_path / "bad.ibnetdiscover").write_text("switchguid=0xzz\n", encoding="utf-8")
    path = scenario(SCENARIO.replace('"direct"', '"bad.ibnetdiscover"'))
    assert "bad.ibnetdiscover:1: found " in wrong(weft("run", path))


def test_generated_topology(weft):
    assert "switches   20\n" in fine(weft("topo", "fat-tree:k=4"))
    assert "found 'k=3', expected k=<even number" in wrong(weft("topo", "fat-tree:k=3"))
