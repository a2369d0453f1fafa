# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What Wireshark's dissector makes of Weft's captures: another implementation reads our bytes."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEFT = os.environ.get("WEFT", str(ROOT / "build/opt/bin/weft"))

pytestmark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="tshark is not installed: no second opinion on captures"
)

# The story of examples/first-light.toml, in order, as tshark's summary lines tell it.
STORY = [
    r"SubnGet\(NodeInfo\)",
    r"SubnGetResp\(NodeInfo\)",
    r"SubnSet\(PortInfo\)",
    r"SubnSet\(LinearForwardingTable\)",
    r"SubnAdmGet\(PathRecord\)",
    r"SubnAdmGetResp\(PathRecord\)",
    r"CM: ConnectRequest",
    r"CM: ConnectReply",
    r"CM: ReadyToUse",
    r"RC Send Only",
    r"RC Acknowledge",
    r"CM: DisconnectRequest",
    r"CM: DisconnectReply",
]


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    """The capture of a run, and what Weft itself says of it."""
    path = tmp_path_factory.mktemp("pcap") / "first-light.pcap"
    scenario = str(ROOT / "examples/first-light.toml")
    output = run(WEFT, "run", scenario, "--pcap", str(path), "--json")
    return path, json.loads(output)


def test_tells_the_story_in_order(capture):
    lines = run("tshark", "-r", str(capture[0])).splitlines()
    place = 0
    for step in STORY:
        while place < len(lines) and not re.search(step, lines[place]):
            place += 1
        assert place < len(lines), f"{step} is missing, or not after what comes before it"


def test_nothing_is_malformed(capture):
    assert run("tshark", "-r", str(capture[0]), "-Y", "_ws.malformed") == ""


def test_each_cm_message_is_there_once(capture):
    frames = run("tshark", "-r", str(capture[0]), "-Y", "infiniband.mad.mgmtclass == 7")
    assert len(frames.splitlines()) == len(capture[1]["messages"]) == 5


def test_fields_are_those_that_weft_prints(capture):
    path, result = capture
    fields = ["infiniband.mad.transactionid", "infiniband.cm.req.serviceid", "frame.time_epoch"]
    options = [word for field in fields for word in ("-e", field)]
    requests = "infiniband.mad.mgmtclass == 7 && infiniband.mad.attributeid == 0x10"
    line = run("tshark", "-r", str(path), "-Y", requests, "-T", "fields", *options).strip()
    transaction, service, sent = line.split("\t")
    request = next(message for message in result["messages"] if message["kind"] == "REQ")
    mad = bytes.fromhex(request["bytes"])
    assert int(transaction, 16) == int.from_bytes(mad[8:16], "big")
    assert int(service, 16) == int.from_bytes(mad[32:40], "big") == 0x1000000000001234
    # The capture's clock is simulated time, to the nanosecond.
    assert abs(float(sent) * 1e9 - request["sentNs"]) <= 2
