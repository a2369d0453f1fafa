# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What is done in a column: functions of it, which give what the tests look at."""

import concurrent.futures
import dataclasses
import re
import time

from guests.errors import GuestError
from scenes import stale
from scenes.columns import own_program
from scenes.dialogue import converse
from scenes.matrix import SCENES
from scenes.scene import play

SANITIZERS = ("tsan", "asan")
_FIRST_PORT = 5000


@dataclasses.dataclass
class Matrix:
    """What came of all scenes."""

    records: dict  # name of the scene -> Record
    stories: dict  # name of a death -> what came of each attempt to connect again
    dumps: dict  # shell -> the connections that it still knew of at the end
    leaks: list
    transcripts: dict


def matrix(column):
    """Plays all scenes, most of them at the same time, and those in which somebody dies."""
    server = column.open_shell("server")
    deaths = stale.ClientDies(column, server)
    client = column.open_shell("client")
    with concurrent.futures.ThreadPoolExecutor(len(SCENES) + 1) as pool:
        back = pool.submit(deaths.come_back, client)
        playing = [pool.submit(play, scene, client, server, column.wire, port,
                               column.pair.server.address)
                   for port, scene in enumerate(SCENES, _FIRST_PORT)]
        records = {scene.name: record.result() for scene, record in zip(SCENES, playing)}
        back.result()
    deaths.succeed(client)
    dumps = {"first server": _last_dump(server)}
    stories = dict(deaths.stories)
    transcripts = {"first server": server.transcript}
    stories["server dies while connected"], server = stale.server_dies(column, client, server)
    stories["server dies between REQ and REP"], server = stale.server_dies_asked(
        column, client, server)
    for name, shell in (("client", client), ("server", server)):
        dumps[name] = _last_dump(shell)
        outcome = shell.quit()
        if outcome.status != 0:
            raise GuestError("%s ended with status %d: %s"
                             % (shell.name, outcome.status, outcome.errors))
        transcripts[name] = shell.transcript
    return Matrix(records, stories, dumps, column.leaks(), transcripts)


@dataclasses.dataclass
class Talk:
    """Two programs that have talked to each other."""

    client: str  # what it said
    server: str
    counts: dict  # attribute -> how many
    ids: dict  # attribute -> how many different senders' ids
    leaks: list


# Job -> side -> who runs it -> command line.
_TALKS = {
    "rping": {
        "client": {"kernel": "rping -c -v -C 100 -p 7301 -a {address}",
                   "ours": "weft-cm ping {address} 7301 --peer rping --count 100"},
        "server": {"kernel": "rping -s -v -C 100 -p 7301 -a {address}",
                   "ours": "weft-cm listen 7301 --peer rping --connections 1"}},
    # udaddy's port is 7174. The programs want all connections to be there before the first message.
    "ucmatose": {
        "client": {"kernel": "ucmatose -c 100 -C 10 -p 7302 -s {address}",
                   "ours": "weft-cm ping {address} 7302 --peer ucmatose --connections 100 "
                           "--parallel 100 --count 10 --size 100"},
        "server": {"kernel": "ucmatose -c 100 -C 10 -p 7302 -b {address}",
                   "ours": "weft-cm listen 7302 --peer ucmatose --connections 100 --count 10 "
                           "--size 100"}},
    "udaddy": {
        "client": {"kernel": "udaddy -c 10 -C 10 -s {address}",
                   "ours": "weft-cm ping {address} 7174 --peer udaddy --connections 10 "
                           "--parallel 10 --count 10 --size 100"},
        "server": {"kernel": "udaddy -c 10 -C 10 -b {address}",
                   "ours": "weft-cm listen 7174 --peer udaddy --connections 10 --count 10 "
                           "--size 100"}},
    "storm": {
        "client": {"kernel": "cmtime -c 2000 -p 7304 -s {address}",
                   "ours": "weft-cm storm {address} 7304 --connections 2000 --parallel 100"},
        "server": {"kernel": "cmtime -c 2000 -p 7304 -b {address}",
                   "ours": "weft-cm listen 7304 --peer none --quiet"}},
}
# Servers that do not end by themselves.
_ENDLESS = ("storm",)
_INTERRUPT = 2
_RPING_CLOSES = ["client DISCONNECT EVENT...", "rdma_get_cm_event: Bad file descriptor"]
_PATIENCE = 240
_TAIL = 6000  # of what a program says, in a failure's report
_TELL = 10  # SIGUSR1: what the Connection Manager knows


def talk(name, sanitizer=None):
    """The job in which the two programs of this name talk; ours may be built with a sanitizer."""

    def job(column):
        commands = {side: _command(name, column, side, sanitizer) for side in column.who}
        column.wire.take_log()
        with column.guest("server").start(commands["server"]) as server:
            _wait_for_listener(column, server)
            with column.guest("client").start(commands["client"]) as client:
                outcomes = {"client": client.wait(_PATIENCE)}
            if column.who["server"] == "ours":
                _wait_until_idle(server)
            if name in _ENDLESS:
                server.signal(_INTERRUPT)
            outcomes["server"] = server.wait(60)
        for side, outcome in outcomes.items():
            if not _has_ended(name, column.who[side], outcome):
                raise GuestError("%s: %s's '%s' ended with status %d:\n%s"
                                 % (column.name, side, commands[side], outcome.status,
                                    outcome.text[-_TAIL:]))
        log = column.wire.take_log()
        return Talk(outcomes["client"].text, outcomes["server"].text, count(log), count_ids(log),
                    column.leaks())

    return job


def _has_ended(name, who, outcome):
    """Whether a program ended as it should."""
    if name in _ENDLESS and outcome.status == 128 + _INTERRUPT:
        return True
    # rping closes its event channel at the end while a thread of its own may still read it, and
    # says so last of all: everything that it was to do has been done by then.
    last = outcome.text.rstrip().rsplit("\n", 2)[-2:]
    if name == "rping" and who == "kernel" and last == _RPING_CLOSES:
        return True
    return outcome.status == 0


def _command(name, column, side, sanitizer):
    who = column.who[side]
    command = _TALKS[name][side][who].format(address=column.pair.server.address)
    if who == "ours" and sanitizer:
        program = "weft-cm-" + sanitizer
        column.guest(side).install(own_program(sanitizer), program)
        command = command.replace("weft-cm", program, 1)
    return command


def _wait_until_idle(server):
    """Asks our server what it knows of, until it is of no connection; gives the last answer."""
    deadline = time.monotonic() + 60
    while server.is_running():
        before = len(server.so_far())
        server.signal(_TELL)
        time.sleep(1)
        told = server.so_far()[before:]
        if told and not leftovers(told.splitlines()):
            return told
        if time.monotonic() > deadline:
            raise GuestError("the server still knows of connections:\n" + told)
    return ""


def _last_dump(shell):
    """The connections that a shell knows of; TIMEWAIT may take its time to end."""
    deadline = time.monotonic() + 15
    while True:
        left = leftovers(shell.do("dump").lines)
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.5)


def leftovers(lines):
    """The lines of a Dump that are about a connection."""
    return [line for line in lines
            if re.match(r"(id|peer) ", line) and "LISTEN" not in line]


def _wait_for_listener(column, server):
    """Until the program listens."""
    if column.who["server"] == "ours":
        server.wait_for("listening", 30)
        return
    column.guest("server").run("until rdma resource show cm_id | grep -q LISTEN; do "
                               "sleep 0.1; done")


def count(log):
    """Attribute -> how many messages."""
    counts = {}
    for entry in log:
        counts[entry["attribute"]] = counts.get(entry["attribute"], 0) + 1
    return counts


def count_ids(log):
    """Attribute -> how many different connections such messages were about."""
    ids = {}
    for entry in log:
        ids.setdefault(entry["attribute"], set()).add((entry["from"], entry["local_id"]))
    return {attribute: len(seen) for attribute, seen in ids.items()}


# In the order in which they are done.
JOBS = {"matrix": matrix, "dialogue": converse, "rping": talk("rping"),
        "ucmatose": talk("ucmatose"), "udaddy": talk("udaddy"), "storm": talk("storm"),
        **{"%s %s" % (name, sanitizer): talk(name, sanitizer)
           for sanitizer in SANITIZERS for name in ("rping", "storm")}}
