# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Rules for what becomes of messages, written as a scenario's [[fault]] (doc/scenarios.md)."""

import dataclasses
import re
import tomllib

from relay.frames import ATTRIBUTES

ACTIONS = ("drop", "duplicate", "delay", "corrupt", "reorder")
_UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
_TIME = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s)")


class RuleError(ValueError):
    """A rule that cannot be meant; the text says which and why."""


@dataclasses.dataclass
class Rule:
    """One [[fault]]; counts what it matches."""

    action: str
    attribute: str | None = None
    sender: str | None = None
    receiver: str | None = None
    service: int | None = None  # that the connection was asked for
    nth: int | None = None
    by: float = 0.0  # seconds
    seen: int = 0

    def matches(self, attribute, sender, receiver, service=None):
        """Whether the rule applies to this message, which is counted."""
        if (self.attribute not in (None, attribute) or self.sender not in (None, sender)
                or self.receiver not in (None, receiver)
                or self.service not in (None, service)):
            return False
        self.seen += 1
        return self.nth in (None, self.seen)


def parse_rules(text, hosts):
    """The rules in a text of TOML with nothing but [[fault]] tables."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError("not TOML: %s" % error) from error
    unknown = [key for key in document if key != "fault"]
    if unknown:
        raise RuleError("'%s' has no meaning here: only [[fault]] has" % unknown[0])
    tables = document.get("fault", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise RuleError("write [[fault]], with two brackets")
    return [make_rule(table, hosts, "fault %d" % number)
            for number, table in enumerate(tables, 1)]


def make_rule(table, hosts, where="rule"):
    """The rule that a table describes: {"match": {"attribute": "REP"}, "action": "drop"}."""
    _only(table, ("match", "action", "by"), where)
    match = table.get("match", {})
    if not isinstance(match, dict):
        raise RuleError("%s: match is a table" % where)
    _only(match, ("attribute", "from", "to", "service", "nth"), where + ", match")
    action = table.get("action")
    if action not in ACTIONS:
        raise RuleError("%s: action is one of %s here, not %r" % (where, _list(ACTIONS), action))
    if (action == "delay") != ("by" in table):
        raise RuleError("%s: 'by' is for the action \"delay\", which needs it" % where)
    rule = Rule(action, match.get("attribute"), match.get("from"), match.get("to"),
                match.get("service"), match.get("nth"))
    if rule.attribute is not None and rule.attribute not in ATTRIBUTES.values():
        raise RuleError("%s: attribute is one of %s, not %r"
                        % (where, _list(ATTRIBUTES.values()), rule.attribute))
    for key in ("from", "to"):
        if key in match and match[key] not in hosts:
            raise RuleError("%s: '%s' is one of %s, not %r"
                            % (where, key, _list(hosts), match[key]))
    for key, number in (("nth", rule.nth), ("service", rule.service)):
        if number is not None and (type(number) is not int or number < 1):
            raise RuleError("%s: %s is a number from 1 on, not %r" % (where, key, number))
    if "by" in table:
        rule.by = _seconds(table["by"], where)
    return rule


def decide(rules, attribute, sender, receiver, service=None):
    """The first rule that matches, or None; all of them count."""
    matching = [rule for rule in rules if rule.matches(attribute, sender, receiver, service)]
    return matching[0] if matching else None


def _only(table, keys, where):
    for key in table:
        if key not in keys:
            raise RuleError("%s: there is no key '%s'; the keys are %s"
                            % (where, key, _list(keys)))


def _seconds(text, where):
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise RuleError("%s: by is a text with a unit, such as \"250ms\" or \"3s\", not %r"
                        % (where, text))
    return float(found.group(1)) * _UNITS[found.group(2)]


def _list(names):
    return ", ".join('"%s"' % name for name in names)
