# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The wire: a thread that carries frames between the network cards of two guests."""

import heapq
import os
import selectors
import socket
import struct
import threading
import time

from relay import frames, rules
from relay.pcapng import Writer
from relay.services import Services

_LENGTH = struct.Struct(">I")
# What a network card may be behind with before it loses frames, as a switch would.
_BACKLOG = 8 << 20


class _Plug:
    """Where one guest's card is plugged in: a UNIX socket that QEMU connects to."""

    def __init__(self, name, path):
        self.name = name
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.listener.setblocking(False)
        self.connection = None
        self.received = bytearray()
        self.unsent = bytearray()

    def frames(self, piece):
        """The whole frames received, of which the piece is the latest part."""
        self.received += piece
        place = 0
        while len(self.received) - place >= 4:
            length = _LENGTH.unpack_from(self.received, place)[0]
            if len(self.received) - place < 4 + length:
                break
            yield bytes(self.received[place + 4:place + 4 + length])
            place += 4 + length
        del self.received[:place]


class Wire:
    """
    Joins two guests. All frames are passed on as they are, but for those with Connection
    Management messages that a rule matches. Every such message is noted; captures have all
    frames, those that came to harm with a comment.
    """

    def __init__(self, folder, hosts):
        """hosts: the two names. folder: for the sockets; see path_for."""
        self.hosts = tuple(hosts)
        self._plugs = [_Plug(name, str(folder / (name + ".wire"))) for name in hosts]
        self._paths = {name: str(folder / (name + ".wire")) for name in hosts}
        self._lock = threading.Lock()
        self._rules = []
        self._log = []
        self._services = Services()
        self._held = {}  # (sender, service, or None for any) -> frame that waits to be overtaken
        self._late = []  # heap of (when, order, receiver, frame)
        self._order = 0
        self._capture = None
        self._selector = selectors.DefaultSelector()
        for plug in self._plugs:
            self._selector.register(plug.listener, selectors.EVENT_READ, plug)
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="wire", daemon=True)
        self._thread.start()

    def path_for(self, host):
        """The socket for a guest's card."""
        return self._paths[host]

    def set_rules(self, new_rules=()):
        """From now on these rules (tables, or a text of TOML) hold; what was held back is lost."""
        parsed = self._parse(new_rules)
        with self._lock:
            self._rules = parsed
            self._held.clear()
            self._late.clear()

    def add_rules(self, new_rules):
        """These rules hold, too, after those that are there. Gives what remove_rules takes."""
        parsed = self._parse(new_rules)
        with self._lock:
            self._rules = self._rules + parsed
        return parsed

    def remove_rules(self, added):
        """The rules that add_rules has added hold no longer."""
        with self._lock:
            self._rules = [rule for rule in self._rules
                           if not any(rule is one for one in added)]

    def take_log(self):
        """What became of the messages since the last call: a list of tables."""
        with self._lock:
            log, self._log = self._log, []
        return log

    def log_of(self, service):
        """The part of the log about connections to this service; nothing is taken away."""
        with self._lock:
            return [entry for entry in self._log if entry["service"] == service]

    def start_capture(self, path):
        """Writes all frames to a file (pcapng) from now on."""
        writer = Writer(path, self.hosts)
        with self._lock:
            old, self._capture = self._capture, writer
        if old:
            old.close()

    def stop_capture(self):
        """Ends the capture, if there is one."""
        with self._lock:
            old, self._capture = self._capture, None
        if old:
            old.close()

    def close(self):
        """Ends the wire."""
        self._wake.close()
        self._thread.join()
        self.stop_capture()
        for plug in self._plugs:
            for end in (plug.listener, plug.connection):
                if end:
                    end.close()
            os.unlink(self._paths[plug.name])
        self._woken.close()
        self._selector.close()

    def _parse(self, tables):
        if isinstance(tables, str):
            return rules.parse_rules(tables, self.hosts)
        return [rules.make_rule(table, self.hosts) for table in tables]

    def _run(self):
        while True:
            with self._lock:
                wait = max(0.0, self._late[0][0] - time.monotonic()) if self._late else None
            for key, events in self._selector.select(wait):
                if key.fileobj is self._woken:
                    return
                plug = key.data
                if key.fileobj is plug.listener:
                    self._connect(plug)
                elif key.fileobj is plug.connection:
                    if events & selectors.EVENT_WRITE:
                        self._flush(plug)
                    if events & selectors.EVENT_READ:
                        self._receive(plug)
            with self._lock:
                while self._late and self._late[0][0] <= time.monotonic():
                    _, _, receiver, frame = heapq.heappop(self._late)
                    self._send(receiver, frame)

    def _connect(self, plug):
        connection, _ = plug.listener.accept()
        connection.setblocking(False)
        self._disconnect(plug)
        plug.connection = connection
        self._selector.register(connection, selectors.EVENT_READ, plug)

    def _disconnect(self, plug):
        if plug.connection:
            self._selector.unregister(plug.connection)
            plug.connection.close()
        plug.connection = None
        plug.received.clear()
        plug.unsent.clear()

    def _receive(self, plug):
        try:
            piece = plug.connection.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._disconnect(plug)
            return
        sender = self._plugs.index(plug)
        with self._lock:
            for frame in plug.frames(piece):
                self._pass(sender, frame)

    def _pass(self, sender, frame):
        """Carries a frame to the other side, or what a rule makes of it. Under the lock."""
        receiver = self._plugs[1 - sender]
        message = frames.find_message(frame)
        rule = service = None
        if message:
            service = self._services.find(sender, message)
            rule = rules.decide(self._rules, message.attribute, self.hosts[sender],
                                self.hosts[1 - sender], service)
        action = rule.action if rule else None
        if self._capture:
            self._capture.write(time.time(), sender, frame, action and "relay: " + action)
        if action is None:
            self._send(receiver, frame)
        elif action == "duplicate":
            self._send(receiver, frame)
            self._send(receiver, frame)
        elif action == "corrupt":
            self._send(receiver, frames.corrupted(frame, message))
        elif action == "delay":
            self._order += 1
            heapq.heappush(self._late, (time.monotonic() + rule.by, self._order, receiver, frame))
        if message:
            self._note(sender, message, action, service)
            for key in ((sender, None), (sender, service)):
                overtaken = self._held.pop(key, None)
                if overtaken:
                    self._send(receiver, overtaken)
        if action == "reorder":
            self._held[(sender, rule.service)] = frame

    def _note(self, sender, message, action, service):
        entry = {"time": time.time(), "from": self.hosts[sender], "to": self.hosts[1 - sender],
                 "attribute": message.attribute, "transaction": message.transaction,
                 "local_id": message.local_id, "remote_id": message.remote_id,
                 "action": action or "pass", "service": service}
        if message.reason is not None:
            entry["reason"] = message.reason
        self._log.append(entry)

    def _send(self, plug, frame):
        if plug.connection is None or len(plug.unsent) > _BACKLOG:
            return
        plug.unsent += _LENGTH.pack(len(frame)) + frame
        self._flush(plug)

    def _flush(self, plug):
        try:
            sent = plug.connection.send(plug.unsent)
            del plug.unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            plug.unsent.clear()  # reading will tell that the guest has gone
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if plug.unsent else 0)
        self._selector.modify(plug.connection, events, plug)
