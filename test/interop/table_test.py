# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The table of doc/interop.md: what it makes of messages, and what it takes for the same."""

import pytest

from scenes import table

COLUMNS = ["one", "two"]
PERHAPS = {"first": (), "second": ()}


def log(text):
    """'REQ> !REP<': REQ from the client, and a REP from the server that is lost."""
    entries = []
    for word in text.split():
        entries.append({"attribute": word.strip("!<>"), "action": "drop" if "!" in word else "pass",
                        "from": "client" if ">" in word else "server"})
    return entries


@pytest.mark.parametrize("messages, text", [
    ("", ""),
    ("REQ> REP< RTU>", "REQ→ ←REP RTU→"),
    ("!REQ> !REQ> REQ> REP<", "REQ→ lost × 2 REQ→ ←REP"),
    ("REQ> REP< !RTU> REP< !RTU> REP< RTU>", "REQ→ (←REP RTU→ lost) × 2 ←REP RTU→"),
    ("REQ> " + "REP< REP< !RTU> " * 3, "REQ→ (←REP ←REP RTU→ lost) × 3")])
def test_messages(messages, text):
    assert table.messages_text(log(messages)) == text


def test_a_long_story_is_told_in_numbers():
    text = "REQ> !REP< !REP< REQ> !REP< !REP< !REP< REQ> REQ> REJ< REJ<"
    assert table.messages_text(log(text)) == "in some order: REQ→ × 4, ←REP lost × 5, ←REJ × 2"


def test_a_reason_is_told():
    assert table.messages_text([{"attribute": "REJ", "action": "pass", "from": "server",
                                 "reason": 10}]) == "←REJ(10)"


@pytest.mark.parametrize("one, other, same", [
    (("REQ→ × 16",), ("REQ→ × 15",), True),
    (("REQ→ × 16",), ("REQ→ × 2",), False),
    (("REQ→ × 3",), ("REQ→ × 2",), False),
    (("REQ→ × 16",), ("REP→ × 16",), False),
    (("in some order: A × 16, B × 9",), ("in some order: B × 10, A × 17",), True),
    (("in some order: A × 16, B × 9",), ("in some order: A × 17",), False)])
def test_what_is_alike(one, other, same):
    assert table.alike(one, other) == same


@pytest.mark.parametrize("one, other, same", [
    ("REQ→ doubled ←MRA ←REP", "REQ→ doubled ←REP", True),
    ("REQ→ doubled ←MRA × 2 ←REP", "REQ→ doubled ←REP", True),
    ("REQ→ doubled ←REP ←MRA", "REQ→ doubled ←REP", True),
    ("REQ→ doubled ←MRA lost ←REP", "REQ→ doubled ←REP", False),
    ("REQ→ doubled ←REJ ←REP", "REQ→ doubled ←REP", False),
    ("REQ→ doubled ←MRA ←REP", "REQ→ ←REP", False)])
def test_what_comes_perhaps(one, other, same):
    assert table.alike((one,), (other,), ("MRA",)) == same
    assert not table.alike((one,), (other,))


def test_is_read_as_it_was_written():
    rows = {"first": {"one": ("REQ→", "A, B", "nothing"), "two": ("REQ→", "A, B", "nothing")},
            "second": {"one": ("REQ→ × 16", "A", "B"), "two": ("REQ→ × 3", "A", "B")}}
    text = "before\n%s\nold\n%s\nafter\n" % (table.BEGIN, table.END)
    written = table.replace(text, table.write(rows, PERHAPS))
    assert written.startswith("before\n") and written.endswith("\nafter\n") and "old" not in written
    assert "| first | all |" in written and "| second | two |" in written
    assert table.read(written, COLUMNS) == rows
    assert table.replace(written, table.write(rows, PERHAPS)) == written


def test_without_marks_nothing_is_written():
    with pytest.raises(ValueError, match="no marks"):
        table.replace("text", "table")
