# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A Connection Manager that is steered line by line (doc/cm-shell.md): ours, or the kernel's."""

import dataclasses
import queue
import threading

from guests.errors import GuestError, Late


@dataclasses.dataclass(frozen=True)
class Event:
    """A line 'ev ID NAME status=S key=value…' or 'fail ID WHAT ERRNO' (then the name is 'fail')."""

    id: int
    name: str
    status: int
    values: dict

    def __str__(self):
        return self.name if self.status == 0 else "%s(%d)" % (self.name, self.status)


@dataclasses.dataclass(frozen=True)
class Answer:
    """A line 'ok VERB [id=N]' or 'err VERB ERRNO TEXT'."""

    error: int  # 0: ok
    text: str
    id: int | None
    lines: list  # what came before the answer that was neither event nor answer: of 'dump'


class Shell:
    """Sends commands to the program and hands its events to those who want them. Any thread."""

    def __init__(self, program, name):
        """program: a guests.channel.Program. name: for messages."""
        self.name = name
        self._program = program
        self._command = threading.Lock()  # one command and its answer at a time
        self._answers = queue.Queue()
        self._lock = threading.Lock()
        self._wanted = {}  # id -> queue of those who follow it
        self._listeners = {}  # id of a listener -> queue for what it brings
        self._unclaimed = {}  # id -> events that nobody has asked for yet
        self.transcript = []
        line = program.read_line(60)
        if line != "app ready":
            raise GuestError("%s does not start: %r %s" % (name, line, program.so_far()))
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def ask(self, command, timeout=30):
        """Sends a command; gives its Answer, whatever it is."""
        with self._command:
            self._note("> " + command)
            self._program.send(command + "\n")
            try:
                answer = self._answers.get(timeout=timeout)
            except queue.Empty:
                raise Late("%s has not answered '%s' in %g s"
                           % (self.name, command, timeout)) from None
        if answer is None:
            raise GuestError("%s went away at '%s':\n%s"
                             % (self.name, command, self._program.so_far()[-2000:]))
        return answer

    def do(self, command, timeout=30):
        """Sends a command that has to work; gives its Answer."""
        answer = self.ask(command, timeout)
        if answer.error:
            raise GuestError("%s: '%s' failed: %s" % (self.name, command, answer.text))
        return answer

    def follow(self, number, events):
        """From now on (and from before) the events of an id go into the queue given."""
        with self._lock:
            self._wanted[number] = events
            for event in self._unclaimed.pop(number, []):
                events.put((self, event))

    def follow_listener(self, number, events):
        """The same for all ids that come from a listener."""
        with self._lock:
            self._listeners[number] = events

    def is_alive(self):
        """Whether the program runs."""
        return self._program.is_running()

    def unclaimed(self):
        """Events that nobody follows."""
        with self._lock:
            return [event for events in self._unclaimed.values() for event in events]

    def quit(self, timeout=60):
        """Ends the program in good order; gives its status."""
        self._program.send("quit\n")
        outcome = self._program.wait(timeout)
        self._reader.join()
        return outcome

    def kill(self):
        """Ends the program without a word."""
        self._program.signal(9)
        self._program.wait(20)
        self._reader.join()
        self._program.close()

    def _note(self, line):
        self.transcript.append(line)

    def _read(self):
        loose = []
        while True:
            try:
                line = self._program.read_line(1e9)
            except GuestError:
                line = None
            if line is None:
                self._answers.put(None)
                return
            self._note(line)
            words = line.split()
            if words[:1] in (["ok"], ["err"]) and len(words) >= 2:
                self._answers.put(_answer(words, line, loose))
                loose = []
            elif words[:1] == ["ev"] and len(words) >= 4:
                self._deliver(_event(words))
            elif words[:1] == ["fail"] and len(words) == 4:
                self._deliver(Event(int(words[1]), "fail", int(words[3]), {"what": words[2]}))
            else:
                loose.append(line)

    def _deliver(self, event):
        with self._lock:
            listener = event.values.get("listen")
            if event.name == "CONNECT_REQUEST" and listener is not None:
                follower = self._listeners.get(int(listener))
                if follower:
                    self._wanted[event.id] = follower
            if event.id in self._wanted:
                self._wanted[event.id].put((self, event))
            else:
                self._unclaimed.setdefault(event.id, []).append(event)


def _values(words):
    return dict(word.split("=", 1) for word in words if "=" in word)


def _event(words):
    values = _values(words[3:])
    return Event(int(words[1]), words[2], int(values.pop("status", "0"), 0), values)


def _answer(words, line, loose):
    if words[0] == "err":
        return Answer(int(words[2]), " ".join(words[3:]), None, loose)
    values = _values(words[2:])
    return Answer(0, line, int(values["id"]) if "id" in values else None, loose)
