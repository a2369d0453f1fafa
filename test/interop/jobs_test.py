# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""When a program of a talk counts as having ended well; needs no guests."""

import types

import pytest
from scenes import jobs

CLOSES = "client DISCONNECT EVENT...\nrdma_get_cm_event: Bad file descriptor\n"


@pytest.mark.parametrize("name, who, status, text, ended", [
    ("rping", "kernel", 0, "", True),
    ("rping", "kernel", 255, "ping data: rdma-ping-99\n" + CLOSES, True),
    ("rping", "kernel", 255, "rdma_get_cm_event: Bad file descriptor\n", False),
    ("rping", "kernel", 255, CLOSES + "wait for RDMA_READ_ADV state 10\n", False),
    ("rping", "ours", 255, CLOSES, False),
    ("ucmatose", "kernel", 255, CLOSES, False),
    ("storm", "kernel", 130, "", True),
    ("rping", "kernel", 130, "", False),
])
def test_has_ended(name, who, status, text, ended):
    outcome = types.SimpleNamespace(status=status, text=text)
    assert jobs._has_ended(name, who, outcome) is ended
