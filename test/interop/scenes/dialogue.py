# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The shell's every command and event, in short dialogues; noted so that pairs can be compared."""

import queue
import re

from guests.errors import GuestError, Late
from scenes.scene import TCP_SERVICE

_TIMEOUT = 30
# What is made up anew each time, where the dialogue does not say it.
_MADE_UP = re.compile(r" qpn=(?!(?:4660|22136|0x1234|0x5678)\b)\w+")


class Dialogue:
    """Two shells in conversation, and the notes of one part of it."""

    def __init__(self, column):
        self.column = column
        self.shells = {side: column.open_shell(side) for side in column.who}
        self.notes = []
        self.port = 6000
        self._queues = {}  # (side, id) -> its events

    def address(self, version=4):
        """The server's."""
        server = self.column.pair.server
        return server.address if version == 4 else server.address6

    def begin(self):
        """A part of its own: its own port, nothing noted, everything by hand."""
        self.notes = []
        self.port += 1
        self.quiet("server", "policy hold")
        for side in self.shells:
            self.quiet(side, "auto establish=0 disconnect=0 destroy=0")

    def quiet(self, side, command):
        """A command that has to work and is not noted."""
        return self.shells[side].do(command)

    def ask(self, side, command):
        """A command; gives the id that the answer names."""
        answer = self.shells[side].ask(command)
        told = "err %d" % answer.error if answer.error else "ok"
        self.notes.append("%s: %s: %s" % (side, _without_ids(command), told))
        if answer.id is not None:
            self._follow(side, answer.id)
        return answer.id

    def listen(self, rest=""):
        """The server listens on this part's port."""
        number = self.ask("server", ("listen %d %s" % (self.port, rest)).strip())
        self._queues["server", "requests"] = queue.Queue()
        self.shells["server"].follow_listener(number, self._queues["server", "requests"])
        return number

    def connect(self, rest="", version=4):
        """The client asks for this part's port, and both addresses are resolved."""
        number = self.ask("client", ("connect %s %d %s" % (self.address(version), self.port,
                                                           rest)).strip())
        self.expect("client", number, "ADDR_RESOLVED")
        self.expect("client", number, "ROUTE_RESOLVED")
        return number

    def request(self):
        """The next request that comes to the server; gives its id."""
        event = self._next("server", "requests", "CONNECT_REQUEST")
        self._queues["server", event.id] = self._queues["server", "requests"]
        return event.id

    def expect(self, side, number, name):
        """The next event of an id, which has to be this one."""
        return self._next(side, number, name)

    def destroy(self, side, *numbers):
        """Ids that are done with."""
        for number in numbers:
            self.quiet(side, "destroy %d" % number)

    def call(self, rest="", answer="", version=4):
        """A connection up to both being connected: the ids of both sides."""
        client = self.connect(rest, version)
        server = self.request()
        self.ask("server", ("accept %d %s" % (server, answer)).strip())
        self.expect("client", client, "CONNECT_RESPONSE")
        self.ask("client", "establish %d" % client)
        self.expect("server", server, "ESTABLISHED")
        return client, server

    def hang_up(self, client, server):
        """The client disconnects, the server answers, both destroy."""
        self.ask("client", "disconnect %d" % client)
        self.expect("server", server, "DISCONNECTED")
        self.ask("server", "disconnect %d" % server)
        self.expect("client", client, "DISCONNECTED")
        self.expect("client", client, "TIMEWAIT_EXIT")
        self.expect("server", server, "TIMEWAIT_EXIT")
        self.destroy("client", client)
        self.destroy("server", server)

    def lose(self, attribute):
        """From now on such messages of this part's service are lost; gives what ends it."""
        match = {"attribute": attribute, "service": TCP_SERVICE + self.port}
        return self.column.wire.add_rules([{"match": match, "action": "drop"}])

    def _follow(self, side, number):
        self._queues[side, number] = queue.Queue()
        self.shells[side].follow(number, self._queues[side, number])

    def _next(self, side, number, name):
        try:
            _, event = self._queues[side, number].get(timeout=_TIMEOUT)
        except queue.Empty:
            raise Late("%s: no %s came" % (side, name)) from None
        values = "".join(" %s=%s" % item for item in event.values.items() if item[0] != "listen")
        self.notes.append(_MADE_UP.sub("", "%s: %s%s" % (side, event, values)))
        if event.name != name:
            raise GuestError("%s: %s came, and not %s" % (side, event, name))
        return event


def _without_ids(command):
    """'accept 17 data=00' -> 'accept data=00': ids and ports are not what is compared."""
    return " ".join(word for word in command.split() if not word.isdigit())


def by_itself(d):
    """Nothing but 'connect' and 'disconnect' by hand: the rest is policy."""
    d.quiet("server", "policy accept data=beef rr=2 depth=3")
    d.quiet("client", "auto establish=1")
    for side in d.shells:
        d.quiet(side, "auto disconnect=1")
    listener = d.listen()
    client = d.connect()
    server = d.request()
    d.expect("client", client, "CONNECT_RESPONSE")
    d.expect("server", server, "ESTABLISHED")
    d.ask("server", "disconnect %d" % server)
    d.expect("client", client, "DISCONNECTED")
    d.expect("server", server, "DISCONNECTED")
    d.expect("client", client, "TIMEWAIT_EXIT")
    d.expect("server", server, "TIMEWAIT_EXIT")
    d.destroy("client", client)
    d.destroy("server", server, listener)


def all_parameters(d):
    """What the client says arrives, and what the server answers."""
    listener = d.listen("backlog=3 ip=%s" % d.address())
    client, server = d.call("qpn=0x1234 rr=3 depth=5 retry=2 rnr=4 fc=1 srq=1 data=00ff10",
                            "qpn=0x5678 rr=4 depth=2 rnr=1 fc=1 srq=1 data=cafe00")
    d.hang_up(client, server)
    d.destroy("server", listener)


def tuned(d):
    """What only the messages show: an ACK timeout, and Enhanced Connection Establishment."""
    listener = d.listen()
    client, server = d.call("acktimeout=17 ece=0x1405:0x12345678", "ece=0x1405:0x9abc")
    d.hang_up(client, server)
    d.destroy("server", listener)


def most_data(d):
    """As much private data as fits; the kernel's header takes 36 bytes of a request's 92."""
    listener = d.listen()
    client, server = d.call("data=" + "a1" * 56, "data=" + "b2" * 196)
    d.hang_up(client, server)
    d.ask("client", "connect %s %d data=%s" % (d.address(), d.port, "a1" * 57))
    d.destroy("server", listener)


def over_ipv6(d):
    """RoCE v2 over IPv6."""
    listener = d.listen()
    client, server = d.call(version=6)
    d.hang_up(client, server)
    d.destroy("server", listener)


def real_queue_pairs(d):
    """Queue pairs of the device go through their states as the connection does."""
    listener = d.listen()
    client, server = d.call("qpn=real", "qpn=real")
    d.hang_up(client, server)
    d.destroy("server", listener)


def refused(d):
    """By the policy, and by hand; with the most private data that a REJ holds."""
    listener = d.listen()
    d.quiet("server", "policy reject data=" + "c3" * 148)
    client = d.connect()
    server = d.request()
    d.expect("client", client, "REJECTED")
    d.destroy("client", client)
    d.destroy("server", server)
    d.quiet("server", "policy hold")
    client = d.connect()
    server = d.request()
    d.ask("server", "reject %d data=0d" % server)
    d.expect("client", client, "REJECTED")
    d.ask("server", "accept %d" % server)
    d.destroy("client", client)
    d.destroy("server", server, listener)


def refused_by_the_client(d):
    """The answer of the server is refused."""
    listener = d.listen()
    client = d.connect()
    server = d.request()
    d.ask("server", "accept %d" % server)
    d.expect("client", client, "CONNECT_RESPONSE")
    d.ask("client", "reject %d data=0e" % client)
    d.expect("server", server, "REJECTED")
    d.destroy("client", client)
    d.destroy("server", server, listener)


def left_by_the_server(d):
    """A request that is destroyed is refused."""
    listener = d.listen()
    client = d.connect()
    server = d.request()
    d.ask("server", "destroy %d" % server)
    d.expect("client", client, "REJECTED")
    d.destroy("client", client)
    d.destroy("server", listener)


def left_by_the_client(d):
    """A request, a response and a connection that are destroyed by who has asked."""
    listener = d.listen()
    client = d.connect()
    server = d.request()
    d.ask("server", "accept %d" % server)
    d.expect("client", client, "CONNECT_RESPONSE")
    d.ask("client", "destroy %d" % client)
    d.expect("server", server, "REJECTED")
    d.destroy("server", server)
    client, server = d.call()
    d.ask("client", "destroy %d" % client)
    d.expect("server", server, "DISCONNECTED")
    d.ask("server", "disconnect %d" % server)
    d.expect("server", server, "TIMEWAIT_EXIT")
    d.destroy("server", server, listener)


def data_before_rtu(d):
    """The RTU is lost, and the server's queue pair tells that there is a connection."""
    listener = d.listen()
    client = d.connect()
    server = d.request()
    d.ask("server", "accept %d" % server)
    d.expect("client", client, "CONNECT_RESPONSE")
    rules = d.lose("RTU")
    d.ask("client", "establish %d" % client)
    d.ask("server", "notify %d" % server)
    d.expect("server", server, "ESTABLISHED")
    d.column.wire.remove_rules(rules)
    d.hang_up(client, server)
    d.destroy("server", listener)


def goes_by_itself(d):
    """With 'auto destroy=1' no id is left."""
    for side in d.shells:
        d.quiet(side, "auto establish=1 disconnect=1 destroy=1")
    d.quiet("server", "policy accept")
    listener = d.listen()
    client = d.connect()
    server = d.request()
    d.expect("client", client, "CONNECT_RESPONSE")
    d.expect("server", server, "ESTABLISHED")
    d.ask("client", "disconnect %d" % client)
    d.expect("server", server, "DISCONNECTED")
    d.expect("client", client, "DISCONNECTED")
    d.expect("client", client, "TIMEWAIT_EXIT")
    d.expect("server", server, "TIMEWAIT_EXIT")
    d.ask("client", "destroy %d" % client)
    d.ask("server", "destroy %d" % server)
    d.destroy("server", listener)


def service_resolution(d):
    """SIDR: the number and key of a queue pair, or a refusal."""
    listener = d.listen("ps=udp")
    client = d.connect("ps=udp data=01")
    server = d.request()
    d.ask("server", "accept %d qpn=0x5678 data=02" % server)
    d.expect("client", client, "ESTABLISHED")
    d.destroy("client", client)
    d.destroy("server", server)
    client = d.connect("ps=udp data=" + "d4" * 180)
    server = d.request()
    d.ask("server", "reject %d data=%s" % (server, "e5" * 136))
    d.expect("client", client, "UNREACHABLE")
    d.destroy("client", client)
    d.destroy("server", server, listener)


def nobody_there(d):
    """No service, no SIDR service, no host, no way."""
    client = d.connect()
    d.expect("client", client, "REJECTED")
    d.destroy("client", client)
    client = d.connect("ps=udp")
    d.expect("client", client, "UNREACHABLE")
    d.destroy("client", client)
    for address in ("10.77.0.99", "192.0.2.1"):
        client = d.ask("client", "connect %s %d" % (address, d.port))
        d.expect("client", client, "ADDR_ERROR")
        d.destroy("client", client)


def wrong_moments(d):
    """Commands that the state of the id does not allow."""
    listener = d.listen()
    for command in ("accept", "reject", "establish", "disconnect", "notify"):
        d.ask("server", "%s %d" % (command, listener))
    d.ask("server", "listen %d" % d.port)
    client = d.connect()
    server = d.request()
    d.ask("server", "disconnect %d" % server)
    d.ask("server", "notify %d" % server)
    d.ask("client", "establish %d" % client)
    d.ask("server", "accept %d" % server)
    d.ask("server", "accept %d" % server)
    d.expect("client", client, "CONNECT_RESPONSE")
    d.ask("client", "establish %d" % client)
    d.ask("client", "establish %d" % client)
    d.expect("server", server, "ESTABLISHED")
    d.ask("server", "notify %d" % server)
    d.ask("client", "accept %d" % client)
    d.hang_up(client, server)
    d.destroy("server", listener)


def wrong_words(d):
    """Lines that are none of the language."""
    for line in ("listen", "listen 0", "listen 65536", "listen x", "listen 6999 ps=sctp",
                 "listen 6999 backlog=0", "listen 6999 ip=here", "policy", "policy maybe",
                 "auto establish=2", "auto x=1", "accept", "accept 9999", "accept x",
                 "connect", "connect 10.77.0.2", "connect here 1", "connect 10.77.0.2 0",
                 "connect 10.77.0.2 1 qpn=0", "connect 10.77.0.2 1 qpn=0x1000000",
                 "connect 10.77.0.2 1 rr=256", "connect 10.77.0.2 1 retry=8",
                 "connect 10.77.0.2 1 data=0", "connect 10.77.0.2 1 data=0g",
                 "connect 10.77.0.2 1 acktimeout=32", "connect 10.77.0.2 1 ece=1",
                 "connect 10.77.0.2 1 rr=1 rr=1", "destroy", "destroy 9999", "establish 9999",
                 "disconnect 9999", "notify 9999", "reject 9999", "bogus"):
        for side in d.shells:
            d.ask(side, line)


PARTS = [by_itself, all_parameters, tuned, most_data, over_ipv6, real_queue_pairs, refused,
         refused_by_the_client, left_by_the_server, left_by_the_client, data_before_rtu,
         goes_by_itself, service_resolution, nobody_there, wrong_moments, wrong_words]


def converse(column):
    """All parts: name -> (its notes, what went wrong)."""
    dialogue = Dialogue(column)
    told = {}
    for part in PARTS:
        problem = ""
        try:
            dialogue.begin()
            part(dialogue)
        except (GuestError, Late) as error:
            problem = str(error)
        told[part.__name__] = (dialogue.notes, problem)
    for shell in dialogue.shells.values():
        shell.quit()
    return told
