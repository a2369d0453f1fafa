# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The Python package: scenarios from code and from files, results, errors."""

import pathlib
import threading

import pytest

import weft

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVICE = 0x1000000000001234


def two_hosts(**options):
    scenario = weft.Scenario("two hosts", fabric="direct", **options)
    scenario.host("server").host("client")
    scenario.listen("server", service=SERVICE)
    scenario.connect("client", "server", service=SERVICE, name="hello")
    return scenario


def kinds(result):
    return [message.kind for message in result.messages]


def test_connects_over_the_direct_fabric():
    result = weft.run(two_hosts().expect(connect="hello", outcome="disconnected"))
    assert result.passed, result.violations
    assert kinds(result) == ["REQ", "REP", "RTU", "DREQ", "DREP"]
    assert result.connections[0].outcome == "disconnected"
    first = result.messages[0]
    assert (first.sender, first.receiver, len(first.mad)) == ("client", "server", 256)
    assert first.mad[1] == 7  # management class
    assert [s.after for s in result.states if s.host == "client"][:2] == ["REQ_SENT", "REP_RCVD"]


def test_first_light_does_what_its_file_does():
    from_file = weft.run(ROOT / "examples/first-light.toml")
    assert from_file.passed, from_file.violations
    assert from_file.switches == 8
    assert from_file.channel_adapters == 144
    assert from_file.smps > 1000
    assert any("SEND" in note.text for note in from_file.notes)
    again = weft.run(str(ROOT / "examples/first-light.toml"))
    assert again.digest == from_file.digest


def test_seed_changes_the_run_and_nothing_else_does():
    digests = [weft.run(two_hosts(), seed=seed).digest for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]


def test_fault_is_traced_and_replayed(tmp_path):
    trace = tmp_path / "lost.weft"
    lost = weft.run(
        two_hosts().fault("drop", attribute="REP", sender="server", nth=1), trace=trace
    )
    assert kinds(lost).count("REP") == 2
    assert [m.fate for m in lost.messages if m.kind == "REP"] == ["drop", ""]
    assert "net REP server->client #1 -> drop" in trace.read_text()
    assert lost.decisions == 1
    replayed = weft.run(two_hosts(), replay=trace)
    assert replayed.digest == lost.digest


def test_line_of_a_log_whose_place_never_comes_is_reported(tmp_path):
    log = tmp_path / "never.weft"
    log.write_text("weft-replay 1\n\nnet LAP server->client #1 -> drop\n")
    result = weft.run(two_hosts(), replay=log)
    assert len(result.unused_decisions) == 1
    assert "line 3" in result.unused_decisions[0]


def test_broken_expectation_is_a_violation():
    result = weft.run(two_hosts().expect(connect="hello", outcome="rejected"))
    assert not result.passed
    assert result.violations[0].kind == "expectation"
    assert "found disconnected" in result.violations[0].text


@pytest.mark.parametrize(
    "break_it, word",
    [
        (lambda s: s.listen("nobody", service=1), "nobody"),
        (lambda s: s.fault("explode"), "explode"),
        (lambda s: s.fault("delay"), "by"),
        (lambda s: s.host("third", workers=99), "99"),
    ],
)
def test_wrong_scenarios_are_told_apart(break_it, word):
    scenario = two_hosts()
    break_it(scenario)
    with pytest.raises(weft.InputError) as caught:
        weft.run(scenario)
    assert word in str(caught.value)
    assert caught.value.line > 0
    assert caught.value.expected


def test_missing_file_names_it(tmp_path):
    with pytest.raises(weft.InputError) as caught:
        weft.run(tmp_path / "none.toml")
    assert "none.toml" in caught.value.file
    with pytest.raises(weft.InputError):
        weft.run(two_hosts(), replay=tmp_path / "none.weft")


def test_large_service_ids_and_quotes_survive():
    service = 0xFEDCBA9876543210
    scenario = weft.Scenario('na"me\\', fabric="direct")
    scenario.host("server").host("client")
    scenario.listen("server", service=service)
    scenario.connect("client", "server", service=service)
    result = weft.run(scenario)
    assert result.scenario == 'na"me\\'
    assert result.messages[0].mad[24 + 8 : 24 + 16] == service.to_bytes(8, "big")


def test_other_threads_run_meanwhile():
    ticks = []
    done = threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(1)

    thread = threading.Thread(target=tick)
    thread.start()
    weft.run(two_hosts())
    done.set()
    thread.join()
    assert ticks
