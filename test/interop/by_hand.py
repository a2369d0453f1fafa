#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Keeps two guests running and looks into them by hand; see README.md."""

import argparse
import json
import os
import pathlib
import select
import signal
import socket
import socketserver
import sys
import threading
import time

from guests.channel import Program
from guests.errors import GuestError
from guests.pair import HOSTS, Guest, Pair
from guests.places import build_folder
from relay.rules import RuleError

# So that it can be told from what a program in a guest ends with.
_TROUBLE = 3


def main():
    arguments = _parse()
    try:
        return arguments.does(arguments)
    except (GuestError, RuleError, OSError) as error:
        print("by_hand: %s" % error, file=sys.stderr)
        return _TROUBLE


def _parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=pathlib.Path, default=build_folder() / "by-hand",
                        help="for consoles, captures and the state (default: %(default)s)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(does, name, text):
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(does=does)
        return added

    up = command(_up, "up", "boots two guests and keeps them until 'down' or Ctrl-C")
    up.add_argument("--processors", type=int, default=1, help="of each guest (default: 1)")
    up.add_argument("--megabytes", type=int, default=768, help="of each guest (default: 768)")
    run = command(_run, "run", "runs a command in a guest; input and output are this terminal's")
    run.add_argument("host", choices=HOSTS)
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    install = command(_install, "install", "puts a program and its libraries into both guests")
    install.add_argument("file", type=pathlib.Path)
    install.add_argument("name", nargs="?")
    manager = command(_manager, "cm", "whose Connection Manager a guest runs: with 'own' the "
                      "kernel's is unloaded")
    manager.add_argument("host", choices=HOSTS)
    manager.add_argument("whose", choices=("kernel", "own"))
    rules = command(_rules, "rules", "gives the wire rules: [[fault]] tables, from a file or '-'")
    rules.add_argument("file", nargs="?", help="without it there are no rules any more")
    command(_log, "log", "shows the messages since the last 'log', and what became of them")
    capture = command(_capture, "capture", "writes all frames to a file (pcapng) from now on")
    capture.add_argument("file", nargs="?", help="without it the capture ends")
    command(_down, "down", "ends the guests")
    return parser.parse_args()


def _up(arguments):
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    with Pair(folder, arguments.processors, arguments.megabytes) as pair:
        with _Server(pair) as server:
            ports = {name: guest.port for name, guest in pair.guests().items()}
            state = {"ports": ports, "control": server.server_address[1]}
            (folder / "state.json").write_text(json.dumps(state), encoding="ascii")
            print("both guests are up after %.1f s; consoles are in %s"
                  % (time.monotonic() - started, folder), flush=True)
            try:
                server.serve_forever(poll_interval=0.2)
            except KeyboardInterrupt:
                pass
            finally:
                (folder / "state.json").unlink()
    return 0


class _Server(socketserver.ThreadingTCPServer):
    """Takes requests for the wire: one line of JSON, one line back."""

    daemon_threads = True

    def __init__(self, pair):
        super().__init__(("127.0.0.1", 0), _Request)
        self.pair = pair


class _Request(socketserver.StreamRequestHandler):
    def handle(self):
        request = json.loads(self.rfile.readline())
        try:
            answer = {"answer": self._answer(request)}
        except (RuleError, OSError) as error:
            answer = {"error": str(error)}
        self.wfile.write(json.dumps(answer).encode() + b"\n")

    def _answer(self, request):
        wire = self.server.pair.wire
        if request["verb"] == "rules":
            return wire.set_rules(request["text"])
        if request["verb"] == "log":
            return wire.take_log()
        if request["verb"] == "capture":
            return wire.start_capture(request["file"]) if request["file"] else wire.stop_capture()
        threading.Thread(target=self.server.shutdown).start()
        return None


def _state(arguments):
    try:
        return json.loads((arguments.folder / "state.json").read_text(encoding="ascii"))
    except FileNotFoundError:
        raise GuestError("no guests are up; start them with 'by_hand.py up &'") from None


def _ask(arguments, **request):
    with socket.create_connection(("127.0.0.1", _state(arguments)["control"]), 10) as connection:
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as answers:
            answer = json.loads(answers.readline())
    if "error" in answer:
        raise RuleError(answer["error"])
    return answer["answer"]


def _guest(arguments, name):
    return Guest(name, HOSTS.index(name) + 1, _state(arguments)["ports"][name])


def _run(arguments):
    words = arguments.words[1:] if arguments.words[:1] == ["--"] else arguments.words
    with Program(_guest(arguments, arguments.host).port, " ".join(words)) as program:
        threading.Thread(target=_feed, args=(program,), daemon=True).start()
        try:
            return program.copy_to(sys.stdout.buffer, sys.stderr.buffer)
        except KeyboardInterrupt:
            program.signal(signal.SIGINT)
            return program.copy_to(sys.stdout.buffer, sys.stderr.buffer)


def _feed(program):
    """Gives the program what comes from this terminal."""
    try:
        while True:
            select.select([sys.stdin], [], [])
            data = os.read(sys.stdin.fileno(), 65536)
            if not data:
                break
            program.send(data)
        program.end_input()
    except (GuestError, OSError):
        pass  # the program has ended


def _install(arguments):
    for name in HOSTS:
        _guest(arguments, name).install(arguments.file, arguments.name)
    return 0


def _manager(arguments):
    guest = _guest(arguments, arguments.host)
    if arguments.whose == "kernel":
        guest.use_kernel_cm()
    else:
        guest.use_own_cm()
    return 0


def _rules(arguments):
    text = ""
    if arguments.file == "-":
        text = sys.stdin.read()
    elif arguments.file:
        text = pathlib.Path(arguments.file).read_text(encoding="utf-8")
    _ask(arguments, verb="rules", text=text)
    return 0


def _log(arguments):
    for entry in _ask(arguments, verb="log"):
        reason = " reason %d" % entry["reason"] if "reason" in entry else ""
        print("%.6f %s->%s %-8s %08x %08x %s%s"
              % (entry["time"], entry["from"], entry["to"], entry["attribute"],
                 entry["local_id"], entry["remote_id"], entry["action"], reason))
    return 0


def _capture(arguments):
    _ask(arguments, verb="capture", file=arguments.file and os.path.abspath(arguments.file))
    return 0


def _down(arguments):
    _ask(arguments, verb="down")
    return 0


if __name__ == "__main__":
    sys.exit(main())
