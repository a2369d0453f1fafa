# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The relay alone: what it takes for a message, what its rules mean, what it does to frames."""

import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time

import pytest

from relay import frames, rules
from relay.pcapng import Writer
from relay.services import Services
from relay.wire import Wire

HOSTS = ("client", "server")


def mad(attribute, local_id=0x11111111, remote_id=0x22222222, management_class=7, reason=0,
        service=0):
    body = bytearray(struct.pack(">BBBBHHQHHI", 1, management_class, 2, 3, 0, 0, 0x77, attribute,
                                 0, 0) + struct.pack(">II", local_id, remote_id))
    body += bytes(256 - len(body))
    body[34:36] = reason.to_bytes(2, "big")
    if service:
        body[32:40] = service.to_bytes(8, "big")
    return bytes(body)


def datagram(payload, port=4791, queue_pair=1, opcode=0x64, checksum=0):
    bth = bytes([opcode, 0, 0xFF, 0xFF, 0]) + queue_pair.to_bytes(3, "big") + bytes(4)
    deth = bytes.fromhex("8001000000000001")
    body = bth + deth + payload + bytes(4)
    return struct.pack(">HHHH", 50000, port, 8 + len(body), checksum) + body


def over_ipv4(udp, fragment=0, options=b"", protocol=17, vlans=0):
    size = 20 + len(options)
    header = struct.pack(">BBHHHBBH4s4s", 0x40 | size // 4, 0, size + len(udp), 0, fragment, 64,
                         protocol, 0, bytes([10, 77, 0, 1]), bytes([10, 77, 0, 2])) + options
    return bytes(12) + bytes.fromhex("81000005") * vlans + b"\x08\x00" + header + udp


def over_ipv6(udp, protocol=17):
    header = struct.pack(">IHBB", 6 << 28, len(udp), protocol, 64) + bytes(32)
    return bytes(12) + b"\x86\xdd" + header + udp


def checksum_of(frame, udp):
    """The one's complement sum over pseudo header and datagram; 0xffff if the checksum fits."""
    start = udp - 8
    pseudo = frame[start:udp] + struct.pack(">HH", 17, len(frame) - udp)
    data = pseudo + frame[udp:]
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


class TestFindMessage:
    @pytest.mark.parametrize("number, name", frames.ATTRIBUTES.items())
    def test_every_attribute(self, number, name):
        message = frames.find_message(over_ipv4(datagram(mad(number))))
        assert (message.attribute, message.local_id) == (name, 0x11111111)
        assert message.transaction == 0x77

    @pytest.mark.parametrize("wrap", [
        lambda udp: over_ipv4(udp, vlans=1), lambda udp: over_ipv4(udp, vlans=2),
        lambda udp: over_ipv4(udp, options=bytes(8)), over_ipv6])
    def test_in_every_wrapping(self, wrap):
        message = frames.find_message(wrap(datagram(mad(0x14))))
        assert (message.attribute, message.remote_id) == ("RTU", 0x22222222)

    def test_reason_of_a_reject(self):
        assert frames.find_message(over_ipv4(datagram(mad(0x12, reason=28)))).reason == 28
        assert frames.find_message(over_ipv4(datagram(mad(0x13, reason=28)))).reason is None

    @pytest.mark.parametrize("number, remote",
                             [(0x10, 0), (0x17, 0), (0x18, 0), (0x13, 0x22222222)])
    def test_requests_have_no_remote_id(self, number, remote):
        assert frames.find_message(over_ipv4(datagram(mad(number)))).remote_id == remote

    @pytest.mark.parametrize("frame", [
        b"", bytes(13), bytes(400),
        over_ipv4(datagram(mad(0x10), port=4792)),
        over_ipv4(datagram(mad(0x10), queue_pair=17)),
        over_ipv4(datagram(mad(0x10), opcode=4)),
        over_ipv4(datagram(mad(0x10, management_class=3))),
        over_ipv4(datagram(mad(0x01))),
        over_ipv4(datagram(mad(0x10)), protocol=6),
        over_ipv4(datagram(mad(0x10)), fragment=1),
        over_ipv6(datagram(mad(0x10)), protocol=44),
        over_ipv4(datagram(mad(0x10)))[:-5]])
    def test_what_is_none(self, frame):
        assert frames.find_message(frame) is None

    def test_the_first_fragment_bit_is_no_offset(self):
        assert frames.find_message(over_ipv4(datagram(mad(0x10)), fragment=0x4000))


class TestCorrupted:
    @pytest.mark.parametrize("wanted", [0x0000, 0x1234, 0xFFFF])
    def test_flips_one_bit_and_keeps_the_checksum_right(self, wanted):
        frame = over_ipv4(datagram(mad(0x10), checksum=0x1111))
        udp = frames.find_message(frame).udp
        # Makes the checksum fit, with a filler that gives it a value at an edge.
        raw = bytearray(frame)
        raw[udp + 6:udp + 8] = wanted.to_bytes(2, "big")
        gap = 0xFFFF - checksum_of(bytes(raw), udp)
        raw[-2:] = gap.to_bytes(2, "big")
        frame = bytes(raw)
        assert checksum_of(frame, udp) == 0xFFFF
        damaged = frames.corrupted(frame, frames.find_message(frame))
        bits = sum(bin(old ^ new).count("1")
                   for old, new in zip(frame[udp + 8:], damaged[udp + 8:]))
        assert bits == 1 and len(damaged) == len(frame)
        if wanted == 0:
            assert damaged[udp + 6:udp + 8] == b"\0\0"  # none was computed, none is now
        else:
            assert checksum_of(damaged, udp) == 0xFFFF
            assert damaged[udp + 6:udp + 8] != b"\0\0"


class TestRules:
    def test_all_keys(self):
        text = '''
            [[fault]]
            match = {attribute = "REP", from = "server", to = "client", service = 7, nth = 2}
            action = "delay"
            by = "1.5ms"
            [[fault]]
            action = "drop"
        '''
        first, second = rules.parse_rules(text, HOSTS)
        assert (first.attribute, first.sender, first.receiver, first.service, first.nth) == (
            "REP", "server", "client", 7, 2)
        assert first.by == pytest.approx(0.0015) and second.action == "drop"

    @pytest.mark.parametrize("text, says", [
        ("[[fault]", "not TOML"),
        ("[fault]\naction = 'drop'", "two brackets"),
        ("seed = 1", "'seed' has no meaning"),
        ("[[fault]]", "action is one of"),
        ("[[fault]]\naction = 'restart'\nfor = '1s'", "no key 'for'"),
        ("[[fault]]\naction = 'restart'", "action is one of"),
        ("[[fault]]\naction = ['drop']", "action is one of"),
        ("[[fault]]\naction = 'drop'\nby = '1s'", "is for the action"),
        ("[[fault]]\naction = 'delay'", "which needs it"),
        ("[[fault]]\naction = 'delay'\nby = 3", "text with a unit"),
        ("[[fault]]\naction = 'delay'\nby = '3 s'", "text with a unit"),
        ("[[fault]]\naction = 'drop'\nmatch = 'REQ'", "match is a table"),
        ("[[fault]]\naction = 'drop'\nmatch = {attribute = 'XYZ'}", "attribute is one of"),
        ("[[fault]]\naction = 'drop'\nmatch = {attribute = 16}", "attribute is one of"),
        ("[[fault]]\naction = 'drop'\nmatch = {from = 'me'}", "'from' is one of"),
        ("[[fault]]\naction = 'drop'\nmatch = {to = 'me'}", "'to' is one of"),
        ("[[fault]]\naction = 'drop'\nmatch = {nth = 0}", "nth is a number"),
        ("[[fault]]\naction = 'drop'\nmatch = {nth = true}", "nth is a number"),
        ("[[fault]]\naction = 'drop'\nmatch = {service = '7'}", "service is a number"),
        ("[[fault]]\naction = 'drop'\nmatch = {port = 1}", "no key 'port'"),
        ("[[fault]]\naction = 'drop'\n[[fault]]\naction = 'no'", "fault 2")])
    def test_what_cannot_be_meant(self, text, says):
        with pytest.raises(rules.RuleError, match=says):
            rules.parse_rules(text, HOSTS)

    def test_the_first_decides_and_every_one_counts(self):
        given = rules.parse_rules('''
            [[fault]]
            match = {attribute = "REQ", nth = 2}
            action = "drop"
            [[fault]]
            match = {from = "client", nth = 2}
            action = "duplicate"
        ''', HOSTS)

        def action(attribute):
            rule = rules.decide(given, attribute, "client", "server")
            return rule and rule.action

        assert [action(name) for name in ("REQ", "REQ", "REQ", "RTU")] == [
            None, "drop", None, None]


class TestServices:
    """Client is side 0, its ids begin with 0xc; the server's begin with 0x5."""

    def story(self, *steps):
        services = Services()
        return [services.find(side, frames.find_message(over_ipv4(datagram(mad(*fields)))))
                for side, *fields in steps]

    def test_two_connections(self):
        assert self.story((0, 0x10, 0xc1, 0, 7, 0, 111), (0, 0x10, 0xc2, 0, 7, 0, 222),
                          (1, 0x13, 0x51, 0xc2), (1, 0x13, 0x52, 0xc1), (0, 0x14, 0xc2, 0x51),
                          (1, 0x15, 0x52, 0xc1), (0, 0x16, 0xc1, 0x52)) == [
            111, 222, 222, 111, 222, 111, 111]

    def test_both_sides_have_the_same_id(self):
        assert self.story((0, 0x10, 1, 0, 7, 0, 111), (1, 0x10, 1, 0, 7, 0, 222),
                          (0, 0x13, 2, 1), (1, 0x13, 2, 1)) == [111, 222, 222, 111]

    def test_rejects_and_what_is_unknown(self):
        assert self.story((0, 0x10, 0xc1, 0, 7, 0, 111), (1, 0x12, 0, 0xc1), (0, 0x12, 0xc1, 0),
                          (1, 0x15, 0x59, 0xc9)) == [111, 111, 111, None]

    def test_sidr_has_ids_of_its_own(self):
        assert self.story((0, 0x10, 0xc1, 0, 7, 0, 111), (0, 0x17, 0xc1, 0, 7, 0, 333),
                          (1, 0x18, 0xc1), (1, 0x13, 0x51, 0xc1)) == [111, 333, 333, 111]


def connect(wire, host):
    card = socket.socket(socket.AF_UNIX)
    card.settimeout(10)
    card.connect(wire.path_for(host))
    return card


def transmit(card, *many):
    for frame in many:
        card.sendall(struct.pack(">I", len(frame)) + frame)


def receive(card):
    length = struct.unpack(">I", card.recv(4, socket.MSG_WAITALL))[0]
    return card.recv(length, socket.MSG_WAITALL)


@pytest.fixture(name="joined")
def fixture_joined():
    """A wire and both of its ends."""
    # Paths of sockets are short; pytest's folders need not be.
    with tempfile.TemporaryDirectory(prefix="weft-") as folder:
        wire = Wire(pathlib.Path(folder), HOSTS)
        client, server = (connect(wire, host) for host in HOSTS)
        # The wire has noticed both when something has gone through.
        for sender, receiver in ((client, server), (server, client)):
            receiver.settimeout(0.1)
            while True:
                transmit(sender, b"hello")
                try:
                    receive(receiver)
                    break
                except TimeoutError:
                    continue
            receiver.settimeout(10)
        yield wire, client, server
        client.close()
        server.close()
        wire.close()


REQ = over_ipv4(datagram(mad(0x10, 1)))
REP = over_ipv4(datagram(mad(0x13, 2)))
RTU = over_ipv4(datagram(mad(0x14, 3)))
END = b"this is the last frame"


class TestWire:
    def test_passes_on_what_no_rule_names(self, joined):
        wire, client, server = joined
        wire.set_rules([{"match": {"attribute": "RTU"}, "action": "drop"}])
        many = [REQ, bytes(range(64)), REP, b"x" * 9000]
        transmit(client, *many)
        assert [receive(server) for _ in many] == many
        transmit(server, *many)
        assert [receive(client) for _ in many] == many
        entry = wire.take_log()[0]
        assert (entry["from"], entry["to"], entry["attribute"], entry["action"]) == (
            "client", "server", "REQ", "pass")

    @pytest.mark.parametrize("rule, arrive", [
        ({"action": "drop", "match": {"attribute": "REQ"}}, [REP, RTU]),
        ({"action": "drop", "match": {"to": "client"}}, [REQ, REP, RTU]),
        ({"action": "duplicate", "match": {"attribute": "REP"}}, [REQ, REP, REP, RTU]),
        ({"action": "reorder", "match": {"attribute": "REQ"}}, [REP, REQ, RTU]),
        ({"action": "reorder", "match": {"attribute": "RTU"}}, [REQ, REP])])
    def test_actions(self, joined, rule, arrive):
        wire, client, server = joined
        wire.set_rules([rule])
        transmit(client, REQ, REP, RTU, END)
        got = []
        while not got or got[-1] != END:
            got.append(receive(server))
        assert got[:-1] == arrive

    def test_each_of_two_is_overtaken(self, joined):
        wire, client, server = joined
        wire.set_rules([{"action": "reorder", "match": {"attribute": "REQ"}}])
        second = over_ipv4(datagram(mad(0x10, 9)))
        transmit(client, REQ, second, RTU)
        # The second REQ is held, too, and lets the first go.
        assert [receive(server) for _ in range(3)] == [REQ, RTU, second]

    def test_is_overtaken_by_the_next_of_its_service(self, joined):
        wire, client, server = joined
        one, two = (over_ipv4(datagram(mad(0x10, number, service=number))) for number in (8, 9))
        wire.set_rules([{"action": "reorder", "match": {"service": 8, "nth": 1}}])
        transmit(client, one, two, one)
        assert [receive(server) for _ in range(3)] == [two, one, one]
        assert [entry["action"] for entry in wire.log_of(8)] == ["reorder", "pass"]

    def test_delay(self, joined):
        wire, client, server = joined
        wire.set_rules([{"action": "delay", "by": "200ms", "match": {"attribute": "REQ"}}])
        started = time.monotonic()
        transmit(client, REQ, END)
        assert receive(server) == END
        assert receive(server) == REQ
        assert time.monotonic() - started >= 0.2

    def test_corrupt_is_noted(self, joined):
        wire, client, server = joined
        wire.set_rules([{"action": "corrupt"}])
        transmit(client, REQ)
        damaged = receive(server)
        assert damaged != REQ and len(damaged) == len(REQ)
        assert [entry["action"] for entry in wire.take_log()] == ["corrupt"]
        assert wire.take_log() == []

    def test_new_rules_count_anew(self, joined):
        wire, client, server = joined
        for _ in range(2):
            wire.set_rules([{"action": "drop", "match": {"nth": 1}}])
            transmit(client, REQ, RTU, END)
            assert [receive(server), receive(server)] == [RTU, END]

    def test_rules_of_one_service(self, joined):
        wire, client, server = joined
        one, two = (over_ipv4(datagram(mad(0x10, number, service=number))) for number in (8, 9))
        added = wire.add_rules([{"action": "drop", "match": {"service": 9}}])
        transmit(client, one, two, END)
        assert [receive(server), receive(server)] == [one, END]
        assert [entry["action"] for entry in wire.log_of(9)] == ["drop"]
        wire.remove_rules(added)
        transmit(client, two)
        assert receive(server) == two
        assert [entry["action"] for entry in wire.log_of(9)] == ["drop", "pass"]

    def test_bad_rules_change_nothing(self, joined):
        wire, client, server = joined
        wire.set_rules([{"action": "drop"}])
        with pytest.raises(rules.RuleError):
            wire.set_rules("[[fault]]\naction = 'explode'")
        transmit(client, REQ, END)
        assert receive(server) == END

    def test_a_card_may_be_plugged_in_again(self, joined):
        wire, client, server = joined
        client.close()
        again = connect(wire, "client")
        again.settimeout(0.1)
        for _ in range(100):
            transmit(server, END)
            try:
                assert receive(again) == END
                break
            except TimeoutError:
                continue
        else:
            pytest.fail("nothing arrives any more")
        again.close()

    def test_many_frames_at_once(self, joined):
        _, client, server = joined
        # No more at a time than the wire keeps for a slow reader.
        for _ in range(20):
            many = [bytes([number % 251]) * (60 + number % 1400) for number in range(1000)]
            writer = threading.Thread(target=transmit, args=(client, *many))
            writer.start()
            for frame in many:
                assert receive(server) == frame
            writer.join()

    @pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
    def test_capture(self, joined, tmp_path):
        wire, client, server = joined
        path = tmp_path / "x.pcapng"
        wire.start_capture(path)
        wire.set_rules([{"action": "drop", "match": {"attribute": "REP"}}])
        transmit(client, REQ, REP, END)
        assert [receive(server), receive(server)] == [REQ, END]
        wire.stop_capture()
        fields = ["frame.interface_name", "frame.comment", "infiniband.mad.attributeid"]
        options = [word for field in fields for word in ("-e", field)]
        lines = subprocess.run(["tshark", "-r", str(path), "-T", "fields", *options], check=True,
                               capture_output=True, text=True).stdout.splitlines()
        assert [line.split("\t")[:3] for line in lines[:2]] == [
            ["client", "", "0x0010"], ["client", "relay: drop", "0x0013"]]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_times_of_a_capture(tmp_path):
    path = tmp_path / "x.pcapng"
    writer = Writer(path, HOSTS)
    writer.write(1700000000.25, 1, REQ)
    writer.close()
    line = subprocess.run(["tshark", "-r", str(path), "-T", "fields", "-e", "frame.time_epoch"],
                          check=True, capture_output=True, text=True).stdout
    assert float(line) == 1700000000.25
