# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Scenarios built in Python. The text they become is the one that files hold: doc/scenarios.md."""

from __future__ import annotations

import json
import os
from typing import Dict, List, Optional, Tuple, Union

Value = Union[str, int, bool, Dict[str, Union[str, int]]]

# TOML integers end here; a larger service id is written as text.
_MAX_TOML_INTEGER = 2**63 - 1


class Scenario:
    """What is simulated, what the hosts do, what goes wrong, and what must come out.

    fabric: "direct", "fat-tree:k=4", or a file of ibnetdiscover's or ibsim's, relative to the
    current folder. Times are texts such as "2ms". Nothing is checked before the scenario runs.
    """

    def __init__(
        self,
        name: str,
        *,
        fabric: str,
        subnet_manager: Optional[str] = None,
        seed: Optional[int] = None,
        limit: Optional[str] = None,
    ) -> None:
        self._head: Dict[str, Value] = _given(name=name, seed=seed, limit=limit)
        self._fabric: Dict[str, Value] = _given(source=fabric, subnet_manager=subnet_manager)
        self._tables: List[Tuple[str, Dict[str, Value]]] = []
        #: Stands for the file in error messages; its folder is where the fabric is looked for.
        self.file: str = os.path.join(os.getcwd(), "<scenario>")

    def host(
        self,
        name: str,
        node: Optional[str] = None,
        *,
        port: Optional[int] = None,
        workers: Optional[int] = None,
    ) -> "Scenario":
        """A host with a Connection Manager, on a node of the fabric (description or GUID)."""
        return self._add("host", name=name, node=node, port=port, workers=workers)

    def listen(
        self,
        host: str,
        *,
        service: int,
        policy: Optional[str] = None,
        private_data: Optional[str] = None,
    ) -> "Scenario":
        """A service. policy: "accept", "reject" or "ignore"."""
        return self._add(
            "listen", host=host, service=service, policy=policy, private_data=private_data
        )

    def connect(
        self,
        sender: str,
        receiver: str,
        *,
        service: int,
        name: Optional[str] = None,
        at: Optional[str] = None,
        count: Optional[int] = None,
        private_data: Optional[str] = None,
        message: Optional[str] = None,
        disconnect: Optional[str] = None,
        hold: Optional[str] = None,
        cm_response_timeout: Optional[int] = None,
        max_cm_retries: Optional[int] = None,
    ) -> "Scenario":
        """A connection, or several in turn. disconnect: "from", "to", "both", "none"."""
        entry = {"from": sender, "to": receiver, "service": service, "name": name, "at": at}
        return self._add(
            "connect",
            count=count,
            private_data=private_data,
            message=message,
            disconnect=disconnect,
            hold=hold,
            cm_response_timeout=cm_response_timeout,
            max_cm_retries=max_cm_retries,
            **entry,
        )

    def fault(
        self,
        action: str,
        *,
        attribute: Optional[str] = None,
        sender: Optional[str] = None,
        receiver: Optional[str] = None,
        nth: Optional[int] = None,
        by: Optional[str] = None,
    ) -> "Scenario":
        """What happens to MADs that match: "drop", "duplicate", "corrupt", or "delay" by a time."""
        match = {"attribute": attribute, "from": sender, "to": receiver, "nth": nth}
        return self._add("fault", match=_given(**match), action=action, by=by)

    def expect(
        self,
        *,
        connect: Optional[str] = None,
        outcome: Optional[str] = None,
        reject_reason: Optional[int] = None,
        attribute: Optional[str] = None,
        sender: Optional[str] = None,
        count: Optional[int] = None,
    ) -> "Scenario":
        """What must hold at the end of the run; what does not is in Result.violations."""
        entry = {"from": sender}
        return self._add(
            "expect",
            connect=connect,
            outcome=outcome,
            reject_reason=reject_reason,
            attribute=attribute,
            count=count,
            **entry,
        )

    def to_toml(self) -> str:
        """The scenario as a file would hold it."""
        parts = [_table(self._head), "[fabric]\n" + _table(self._fabric)]
        parts += [f"[[{name}]]\n" + _table(entries) for name, entries in self._tables]
        return "\n".join(parts)

    def _add(self, table: str, **entries: object) -> "Scenario":
        self._tables.append((table, _given(**entries)))
        return self


def _given(**entries: object) -> Dict[str, Value]:
    """The entries that are not None, under the names of the file."""
    return {
        key.replace("_", "-"): value  # type: ignore[misc]
        for key, value in entries.items()
        if value is not None
    }


def _table(entries: Dict[str, Value]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in entries.items())


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value <= _MAX_TOML_INTEGER else f'"{value:#x}"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, str):
        # JSON's strings are TOML's basic strings, but for DEL.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    raise TypeError(f"expected text or a number, found {value!r}")
