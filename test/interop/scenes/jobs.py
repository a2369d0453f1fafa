# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What is done in a column: functions of it, which give what the tests look at."""

import concurrent.futures
import dataclasses

from guests.errors import GuestError
from scenes import stale
from scenes.matrix import SCENES
from scenes.scene import play

_FIRST_PORT = 5000


@dataclasses.dataclass
class Matrix:
    """What came of all scenes."""

    records: dict  # name of the scene -> Record
    stories: dict  # name of a death -> what came of each attempt to connect again
    dumps: dict  # side -> what its shell still knew of at the end
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
    dumps = {"first server": server.do("dump").lines}
    stories = dict(deaths.stories)
    transcripts = {"first server": server.transcript}
    stories["server dies while connected"], server = stale.server_dies(column, client, server)
    stories["server dies between REQ and REP"], server = stale.server_dies_asked(
        column, client, server)
    for name, shell in (("client", client), ("server", server)):
        dumps[name] = shell.do("dump").lines
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
    leaks: list


# Job -> side -> who runs it -> command line.
_TALKS = {
    "rping": {
        "client": {"kernel": "rping -c -v -C 100 -a {address}"},
        "server": {"kernel": "rping -s -v -C 100 -a {address}"}},
    "ucmatose": {
        "client": {"kernel": "ucmatose -c 100 -C 10 -s {address}"},
        "server": {"kernel": "ucmatose -c 100 -C 10 -b {address}"}},
    "udaddy": {
        "client": {"kernel": "udaddy -c 10 -C 10 -s {address}"},
        "server": {"kernel": "udaddy -c 10 -C 10 -b {address}"}},
}


def talk(name):
    """The job in which the two programs of this name talk."""

    def job(column):
        commands = {side: _TALKS[name][side][column.who[side]].format(
            address=column.pair.server.address) for side in column.who}
        column.wire.take_log()
        with column.guest("server").start(commands["server"]) as server:
            _wait_for_listener(column, server)
            with column.guest("client").start(commands["client"]) as client:
                outcomes = {"client": client.wait(90), "server": server.wait(30)}
        for side, outcome in outcomes.items():
            if outcome.status != 0:
                raise GuestError("%s: %s's '%s' ended with status %d:\n%s"
                                 % (column.name, side, commands[side], outcome.status,
                                    outcome.text))
        return Talk(outcomes["client"].text, outcomes["server"].text,
                    count(column.wire.take_log()), column.leaks())

    return job


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


# In the order in which they are done.
JOBS = {"matrix": matrix, "rping": talk("rping"), "ucmatose": talk("ucmatose"),
        "udaddy": talk("udaddy")}
