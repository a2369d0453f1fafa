# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""
One side dies without a word, and comes back. What the other side still holds of the old connection
makes it refuse the new one (REJ 10), until it has let go.
"""

import queue
import time

from guests.errors import Late
from scenes.scene import TCP_SERVICE

_ATTEMPTS = 12
_PAUSE = 10
_PARTING = 15  # seconds that a kernel may take to clean up behind a program
_OUTCOMES = ("server: ESTABLISHED", "client: REJECTED", "server: REJECTED", "client: UNREACHABLE")


class Attempt:
    """A connection by the shells of a column, made step by step."""

    def __init__(self, client, server, address, port, listener):
        self._events = queue.Queue()
        self._client = client
        self._server = server
        self._address = address
        self._port = port
        self.client_id = self.server_id = None
        self.story = []
        server.follow_listener(listener, self._events)

    def ask(self, qpn):
        """The client asks, with a made-up number of its queue pair."""
        self.client_id = self._client.do("connect %s %d qpn=%d"
                                         % (self._address, self._port, qpn)).id
        self._client.follow(self.client_id, self._events)

    def meet(self, server, service):
        """From now on this is the server."""
        self._server = server
        self.server_id = None
        service.bring(self._events)

    def go_on(self, until, qpn=None, accept=True, establish=True, timeout=40):
        """Answers what comes until one of the events named has come (to the client)."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                shell, event = self._events.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise Late("none of %s after %s" % (until, self.story)) from None
            side = "client" if shell is self._client else "server"
            if not event.name.endswith("_RESOLVED"):
                self.story.append("%s: %s" % (side, event))
            if event.name == "CONNECT_REQUEST":
                self.server_id = event.id
                if accept:
                    self._server.do("accept %d%s" % (event.id, " qpn=%d" % qpn if qpn else ""))
            elif event.name == "CONNECT_RESPONSE" and establish:
                self._client.do("establish %d" % event.id)
            if "%s: %s" % (side, event.name) in until:
                return event

    def close(self):
        """Destroys the ids of both sides, those that are still there."""
        for shell, number in ((self._client, self.client_id), (self._server, self.server_id)):
            if number is not None and shell.is_alive():
                shell.ask("destroy %d" % number)
        self.client_id = self.server_id = None


class Service:
    """A port on which the server listens, and who has tried it."""

    def __init__(self, column, server, port):
        self._column = column
        self._server = server
        self.port = port
        self._listener = server.do("listen %d" % port).id
        self._attempts = []

    def attempt(self, client, qpn):
        """The client asks; gives the Attempt."""
        made = Attempt(client, self._server, self._column.pair.server.address, self.port,
                       self._listener)
        self._attempts.append(made)
        made.ask(qpn)
        return made

    def bring(self, events):
        """Requests are told to this queue from now on."""
        self._server.follow_listener(self._listener, events)

    def until_it_works(self, client, client_qpn, server_qpn=None):
        """Tries again and again with the numbers that the dead one had; what came of each."""
        story = []
        for number in range(_ATTEMPTS):
            trial = self.attempt(client, client_qpn)
            event = trial.go_on(_OUTCOMES, server_qpn)
            story.append(str(event))
            if event.name == "ESTABLISHED":
                client.do("disconnect %d" % trial.client_id)
                trial.go_on(("client: TIMEWAIT_EXIT",))
                return story
            trial.close()
            time.sleep(1 if number < 2 else _PAUSE)
        raise Late("port %d: still refused: %s" % (self.port, story))

    def close(self):
        """Destroys all that was made for it."""
        for made in self._attempts:
            made.close()
        if self._server.is_alive():
            self._server.do("destroy %d" % self._listener)


class Silence:
    """While it lasts nothing arrives that a side says about the service. Use as a context: it ends
    when the dead can have nothing more to say."""

    def __init__(self, column, side, *services):
        self._wire = column.wire
        self._side = side
        # A kernel parts for its programs, when it comes to that; our dead say nothing.
        self._parts = column.who[side] == "kernel"
        self._services = [TCP_SERVICE + service.port for service in services]
        self._rules = [{"match": {"from": side, "service": service}, "action": "drop"}
                       for service in self._services]

    def __enter__(self):
        self._rules = self._wire.add_rules(self._rules)

    def __exit__(self, *_):
        deadline = time.monotonic() + _PARTING
        while self._parts and time.monotonic() < deadline:
            if all(map(self._has_parted, self._services)):
                break
            time.sleep(0.1)
        self._wire.remove_rules(self._rules)

    def _has_parted(self, service):
        return any(entry["from"] == self._side and entry["action"] == "drop"
                   for entry in self._wire.log_of(service))


class ClientDies:
    """A client dies while connected, and another one before it has sent RTU."""

    CONNECTED = "client dies while connected"
    ANSWERED = "client dies between REP and RTU"

    def __init__(self, column, server):
        """The beginning: the client lives no more. What follows needs a new one."""
        client = column.open_shell("client")
        self._connected = Service(column, server, 7001)
        self._answered = Service(column, server, 7002)
        self._connected.attempt(client, 7001).go_on(("server: ESTABLISHED",))
        self._answered.attempt(client, 7002).go_on(("client: CONNECT_RESPONSE",),
                                                   establish=False)
        with Silence(column, "client", self._connected, self._answered):
            client.kill()
        self.stories = {}

    def come_back(self, client):
        """The first attempts. Who has sent no RTU is remembered for as long as its REP is sent."""
        trial = self._answered.attempt(client, 7002)
        first = trial.go_on(_OUTCOMES)
        self.stories[self.ANSWERED] = [str(first)]
        if first.name == "ESTABLISHED":
            client.do("disconnect %d" % trial.client_id)
            trial.go_on(("client: TIMEWAIT_EXIT",))
        self.stories[self.CONNECTED] = self._connected.until_it_works(client, 7001)

    def succeed(self, client):
        """The last attempts: long after the first."""
        story = self.stories[self.ANSWERED]
        if story[-1] != "ESTABLISHED":
            story += self._answered.until_it_works(client, 7002)
        self._connected.close()
        self._answered.close()


def server_dies(column, client, server):
    """The server dies while connected; gives the story and the new server."""
    service = Service(column, server, 7003)
    trial = service.attempt(client, 7003)
    trial.go_on(("server: ESTABLISHED",), qpn=7777)
    with Silence(column, "server", service):
        server.kill()
    server = column.open_shell("server")
    again = Service(column, server, 7003)
    story = again.until_it_works(client, 7004, 7777)
    again.close()
    service.close()
    return story, server


def server_dies_asked(column, client, server):
    """The server dies before it answers: the request, sent again, finds the next server."""
    service = Service(column, server, 7005)
    trial = service.attempt(client, 7005)
    trial.go_on(("server: CONNECT_REQUEST",), accept=False)
    with Silence(column, "server", service):
        server.kill()
    server = column.open_shell("server")
    again = Service(column, server, 7005)
    trial.meet(server, again)
    story = [str(trial.go_on(_OUTCOMES))]
    client.do("disconnect %d" % trial.client_id)
    trial.go_on(("client: TIMEWAIT_EXIT",))
    again.close()
    service.close()
    return story, server
