# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""One connection from its beginning to its end, on a wire that treats it as the scene says."""

import dataclasses
import queue
import time

from guests.errors import GuestError, Late

TCP_SERVICE = 0x01060000
UDP_SERVICE = 0x01110000
# Nothing comes any more for an id that has told one of these.
_LAST = ("REJECTED", "UNREACHABLE", "CONNECT_ERROR", "ADDR_ERROR", "ROUTE_ERROR", "TIMEWAIT_EXIT")
# Not worth a line in a table: they say nothing of the protocol.
_DULL = ("ADDR_RESOLVED", "ROUTE_RESOLVED")
# Longer than two of the 4.3 s after which a message is sent again: nothing goes on any more.
_QUIET = 11.0
# Within this time a side is told that the other one has left, if it is told.
_WORD = 3.0
# All retries, 16 times 4.3 s, on both sides one after the other; and as much again.
_PATIENCE = 240.0


@dataclasses.dataclass(frozen=True)
class Scene:
    """What both sides mean to do, and what the wire does."""

    name: str
    rules: tuple = ()  # as in [[fault]]; the service is filled in
    is_udp: bool = False
    has_listener: bool = True
    server: str = "accept"  # or "reject"
    client: str = "establish"  # or "reject"
    disconnect: str = "client"  # or "server" or "both"
    # Messages that come or not, depending on how quick a side is to answer what comes twice.
    perhaps: tuple = ()
    is_hasty: bool = False  # the client disconnects at once, and not when both are up


class End:
    """One side of the connection."""

    def __init__(self, shell, name):
        self.shell = shell
        self.name = name
        self.id = None
        self.events = []  # as text
        self.seen = []  # Event
        self.is_up = False
        self.is_over = False
        self.asked = 0  # how many requests have come
        self.disconnects = False  # has been told to

    def do(self, verb, rest=""):
        """Gives the command for this side's id; what is refused is noted."""
        answer = self.shell.ask(("%s %d %s" % (verb, self.id, rest)).strip())
        if answer.error:
            self.events.append("%s: error %d" % (verb, answer.error))
        return answer.error == 0


@dataclasses.dataclass
class Record:
    """What has come of a scene."""

    scene: Scene
    client: list
    server: list
    messages: list  # the relay's log
    seen: dict  # side -> its Events
    problem: str = ""  # it did not come to its end


def play(scene, client, server, wire, port, address):
    """Plays the scene between two Shells; gives the Record."""
    return _Play(scene, client, server, wire, port, address).run()


class _Play:
    def __init__(self, scene, client, server, wire, port, address):
        self._scene = scene
        self._wire = wire
        self._port = port
        self._address = address
        self._events = queue.Queue()
        self._client = End(client, "client")
        self._server = End(server, "server")
        base = UDP_SERVICE if scene.is_udp else TCP_SERVICE
        self._service = base + port

    def run(self):
        rules = self._wire.add_rules([self._with_service(rule) for rule in self._scene.rules])
        problem = ""
        listener = None
        try:
            listener = self._begin()
            self._go_on()
            time.sleep(0.5)  # for what a destroyed id still says
            self._drain()
        except (GuestError, Late) as error:
            problem = str(error)
        finally:
            self._wire.remove_rules(rules)
        if listener is not None and not problem:
            self._server.shell.do("destroy %d" % listener)
        return Record(self._scene, self._client.events, self._server.events,
                      self._wire.log_of(self._service),
                      {"client": self._client.seen, "server": self._server.seen}, problem)

    def _with_service(self, rule):
        match = dict(rule.get("match", {}), service=self._service)
        return dict(rule, match=match)

    def _begin(self):
        scene = self._scene
        space = " ps=udp" if scene.is_udp else ""
        listener = None
        if scene.has_listener:
            listener = self._server.shell.do("listen %d%s" % (self._port, space)).id
            self._server.shell.follow_listener(listener, self._events)
        else:
            self._server.is_over = True
        self._client.id = self._client.shell.do(
            "connect %s %d%s data=%s" % (self._address, self._port, space, HELLO)).id
        self._client.shell.follow(self._client.id, self._events)
        return listener

    def _go_on(self):
        deadline = time.monotonic() + _PATIENCE
        latest = time.monotonic()
        while not (self._client.is_over and (self._server.is_over or self._server.id is None)):
            if time.monotonic() > deadline:
                raise Late("%s: not at its end after %d s" % (self._scene.name, _PATIENCE))
            try:
                shell, event = self._events.get(timeout=0.5)
            except queue.Empty:
                if self._is_deserted(latest):
                    self._leave(self._server)
                latest = max(latest, self._latest_message())
                if time.monotonic() - latest > _QUIET:
                    self._give_up()
                    latest = time.monotonic()
                continue
            latest = time.monotonic()
            self._take(self._client if shell is self._client.shell else self._server, event)

    def _latest_message(self):
        """On the monotonic clock."""
        log = self._wire.log_of(self._service)
        age = time.time() - log[-1]["time"] if log else _QUIET
        return time.monotonic() - age

    def _give_up(self):
        """Nothing comes any more: whoever is still there has to leave."""
        for end in (self._client, self._server):
            if end.id is None or end.is_over:
                continue
            if end.is_up and not end.disconnects:
                end.events.append("…")
                self._disconnect(end)
                return
            end.events.append("nothing")
            self._finish(end)
            return
        raise Late("%s: nothing happens" % self._scene.name)

    def _take(self, end, event):
        end.seen.append(event)
        if event.name not in _DULL:
            end.events.append(str(event))
        if event.name == "CONNECT_REQUEST":
            self._take_request(end, event.id)
            return
        if end.is_over or event.id != end.id:
            return  # of an id that has been destroyed: noted, and nothing to do
        if event.name == "CONNECT_RESPONSE":
            self._answer_response(end)
        elif event.name == "ESTABLISHED":
            end.is_up = True
            if self._scene.is_udp:
                self._finish(end)
            else:
                self._disconnect_when_up()
        elif event.name == "DISCONNECTED":
            end.is_up = False
        elif event.name in _LAST:
            self._finish(end)

    def _take_request(self, end, number):
        """Answers a request; it may come again when the answer has been lost and is forgotten."""
        end.id = number
        end.asked += 1
        end.is_over = end.is_up = end.disconnects = False
        if self._client.is_over:
            self._leave(end)
            return
        if self._scene.server == "reject":
            end.do("reject", "data=" + REFUSAL)
            self._finish(end)
            return
        end.do("accept", "data=" + WELCOME)
        if self._scene.is_udp:
            self._finish(end)  # nothing more is to come for it

    def _answer_response(self, end):
        if self._scene.client == "reject":
            end.do("reject", "data=" + REFUSAL)
            self._finish(end)
            return
        if end.do("establish"):
            end.is_up = True
            self._disconnect_when_up()

    def _is_deserted(self, latest):
        """The request has come again, nobody waits for the answer, and no word of that comes."""
        return (self._client.is_over and self._server.asked > 1 and not self._server.is_over
                and time.monotonic() - latest > _WORD)

    def _leave(self, server):
        """Before the answer has been sent for the last time, which takes more than a minute."""
        server.events.append("leaves")
        self._finish(server)

    def _disconnect_when_up(self):
        if not (self._client.is_up and (self._server.is_up or self._scene.is_hasty)):
            return
        for end in (self._client, self._server):
            if self._scene.disconnect in (end.name, "both") and not end.disconnects:
                self._disconnect(end)

    def _disconnect(self, end):
        end.disconnects = True
        end.do("disconnect")

    def _finish(self, end):
        end.is_over = True
        end.do("destroy")

    def _drain(self):
        """Takes what has come meanwhile."""
        while not self._events.empty():
            shell, event = self._events.get()
            self._take(self._client if shell is self._client.shell else self._server, event)


# Private data: recognised at the other end.
HELLO = "68656c6c6f"
WELCOME = "77656c636f6d65"
REFUSAL = "6e6f"
