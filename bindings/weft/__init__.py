# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Weft: a laboratory for InfiniBand connection management.

    import weft

    scenario = weft.Scenario("two hosts", fabric="fat-tree:k=4")
    scenario.host("server")
    scenario.host("client")
    scenario.listen("server", service=0x1234)
    scenario.connect("client", "server", service=0x1234, message="hello")
    result = weft.run(scenario)
    for message in result.messages:
        print(message)

A run is a function of its scenario and its seed: the same again gives the same digest.
"""

from __future__ import annotations

import os
from typing import Optional, Union

from . import _weft
from ._weft import (
    Connection,
    InputError,
    Message,
    Note,
    Result,
    StateChange,
    Violation,
    format_time,
)
from .scenario import Scenario

__all__ = [
    "Connection",
    "InputError",
    "Message",
    "Note",
    "Result",
    "Scenario",
    "StateChange",
    "Violation",
    "format_time",
    "run",
]

PathLike = Union[str, "os.PathLike[str]"]


def run(
    scenario: Union[Scenario, PathLike],
    *,
    seed: Optional[int] = None,
    pcap: Optional[PathLike] = None,
    trace: Optional[PathLike] = None,
    replay: Optional[PathLike] = None,
) -> Result:
    """Runs a scenario once, from its object or its file.

    seed: instead of the scenario's own. pcap: where to write every packet of the fabric.
    trace: where to write the run's decision log. replay: a decision log to follow; the scenario's
    fault rules do not count then. Raises InputError for what is wrong in any of them.
    """
    options = (
        seed,
        "" if pcap is None else os.fspath(pcap),
        "" if trace is None else os.fspath(trace),
        "" if replay is None else os.fspath(replay),
    )
    if isinstance(scenario, Scenario):
        return _weft.run_text(scenario.to_toml(), scenario.file, *options)
    return _weft.run_file(os.fspath(scenario), *options)
