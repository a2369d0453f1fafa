# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The program 'weft-cm' as a user meets it where there is no device."""

import os
import subprocess

import pytest

FINE, PEER, USAGE = 0, 1, 2
COMMANDS = ["listen", "connect", "ping", "storm"]

WITHOUT_DEVICE = pytest.mark.skipif(os.path.exists("/sys/class/infiniband"),
                                    reason="there is an RDMA device here")


def _run(*words):
    return subprocess.run([os.environ["WEFT_CM"], *words], check=False, capture_output=True,
                          text=True, timeout=60)


def test_help_says_what_exit_statuses_mean():
    for words in (["--help"], *([command, "--help"] for command in COMMANDS)):
        done = _run(*words)
        assert done.returncode == FINE
        assert "Exit status: 0" in done.stdout
        assert done.stderr == ""


@pytest.mark.parametrize("words", [
    [],
    ["fly"],
    ["ping"],
    ["ping", "10.0.0.1"],
    ["ping", "10.0.0.1", "0"],
    ["ping", "10.0.0.1", "65536"],
    ["ping", "10.0.0.1", "seven"],
    ["ping", "10.0.0.1", "7471", "--peer", "none"],
    ["ping", "10.0.0.1", "7471", "--count", "0"],
    ["ping", "10.0.0.1", "7471", "--size", "0"],
    ["ping", "10.0.0.1", "7471", "--data", "abc"],
    ["ping", "10.0.0.1", "7471", "--data", "zz"],
    ["ping", "10.0.0.1", "7471", "--behaviour", "windows"],
    ["ping", "10.0.0.1", "7471", "--retries", "16"],
    ["ping", "10.0.0.1", "7471", "--port", "0"],
    ["ping", "10.0.0.1", "7471", "--gid-index", "256"],
    ["storm", "10.0.0.1", "7471", "--connections", "0"],
    ["storm", "10.0.0.1", "7471", "--peer", "udaddy"],
    ["connect", "10.0.0.1", "7471", "--response-timeout", "32"],
    ["listen"],
    ["listen", "7471", "--peer", "nobody"],
])
def test_wrong_command_lines_are_refused_in_one_line(words):
    done = _run(*words)
    assert done.returncode == USAGE
    assert done.stdout == ""
    assert done.stderr.startswith("weft-cm: ")
    assert done.stderr.count("\n") == 1


def test_names_are_not_looked_up():
    done = _run("ping", "localhost", "7471")
    assert done.returncode == USAGE
    assert "'localhost' is no IP address in figures" in done.stderr


@WITHOUT_DEVICE
@pytest.mark.parametrize("words", [["listen", "7471"], ["connect", "10.0.0.1", "7471"],
                                   ["ping", "10.0.0.1", "7471"], ["storm", "10.0.0.1", "7471"],
                                   ["ping", "10.0.0.1", "7471", "--device", "rxe7"]])
def test_without_a_device_it_says_what_to_do(words):
    done = _run(*words)
    assert done.returncode == USAGE
    assert done.stdout == ""
    assert "there is no RDMA device" in done.stderr
    assert "rdma link add" in done.stderr
