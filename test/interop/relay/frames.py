# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Finds the Connection Management message in an Ethernet frame (RoCE v2)."""

import dataclasses
import struct

ATTRIBUTES = {0x10: "REQ", 0x11: "MRA", 0x12: "REJ", 0x13: "REP", 0x14: "RTU", 0x15: "DREQ",
              0x16: "DREP", 0x17: "SIDR_REQ", 0x18: "SIDR_REP", 0x19: "LAP", 0x1A: "APR"}

_VLAN_TAGS = (0x8100, 0x88A8)
_IPV4 = 0x0800
_IPV6 = 0x86DD
_UDP = 17
_ROCE_PORT = 4791
_UD_SEND_ONLY = 0x64
_GSI_QP = 1
_BTH_AND_DETH = 20
_MAD = 256
_CM_CLASS = 7
_CM_HEADER = 24
# Messages that begin with the sender's id and then the receiver's.
_TWO_IDS = ("MRA", "REJ", "REP", "RTU", "DREQ", "DREP", "LAP", "APR")


@dataclasses.dataclass(frozen=True)
class Message:
    """A Connection Management message, and where in the frame it lies."""

    attribute: str
    transaction: int
    local_id: int  # of the sender; the request's id for SIDR
    remote_id: int  # of the receiver; 0 where the message has none
    reason: int | None  # of a REJ
    service: int | None  # of a REQ and a SIDR_REQ
    udp: int  # offset of the UDP header
    mad: int  # offset of the MAD


def find_message(frame):
    """The message in the frame (bytes); None if there is none."""
    udp = _find_udp(frame)
    if udp is None or len(frame) < udp + 8 + _BTH_AND_DETH + _MAD:
        return None
    port = int.from_bytes(frame[udp + 2:udp + 4], "big")
    bth = udp + 8
    if (port != _ROCE_PORT or frame[bth] != _UD_SEND_ONLY
            or int.from_bytes(frame[bth + 5:bth + 8], "big") != _GSI_QP):
        return None
    mad = bth + _BTH_AND_DETH
    if frame[mad + 1] != _CM_CLASS:
        return None
    transaction, number = struct.unpack_from(">QH", frame, mad + 8)
    attribute = ATTRIBUTES.get(number)
    if attribute is None:
        return None
    local_id, remote_id = struct.unpack_from(">II", frame, mad + _CM_HEADER)
    reason = service = None
    if attribute == "REJ":
        reason = int.from_bytes(frame[mad + _CM_HEADER + 10:mad + _CM_HEADER + 12], "big")
    elif attribute in ("REQ", "SIDR_REQ"):
        service = int.from_bytes(frame[mad + _CM_HEADER + 8:mad + _CM_HEADER + 16], "big")
    return Message(attribute, transaction, local_id,
                   remote_id if attribute in _TWO_IDS else 0, reason, service, udp, mad)


def corrupted(frame, message):
    """
    The frame with a bit of its message flipped. The UDP checksum is made to fit, so that it is the
    invariant CRC that tells.
    """
    damaged = bytearray(frame)
    place = message.mad + _CM_HEADER + 1
    damaged[place] ^= 0x10
    old = int.from_bytes(frame[message.udp + 6:message.udp + 8], "big")
    if old != 0:  # 0: the sender has not computed one
        # A word of the sum changes from M to M': the complement of (~old + ~M + M').
        start = place - (place - message.udp) % 2
        before = int.from_bytes(frame[start:start + 2], "big")
        after = int.from_bytes(damaged[start:start + 2], "big")
        total = (~old & 0xFFFF) + (~before & 0xFFFF) + after
        while total > 0xFFFF:
            total = (total & 0xFFFF) + (total >> 16)
        new = ~total & 0xFFFF
        damaged[message.udp + 6:message.udp + 8] = (new or 0xFFFF).to_bytes(2, "big")
    return bytes(damaged)


def _find_udp(frame):
    """The offset of the UDP header; None for anything else, and for all but the first fragment."""
    place = 12
    if len(frame) < 14:
        return None
    kind = int.from_bytes(frame[place:place + 2], "big")
    while kind in _VLAN_TAGS and len(frame) >= place + 6:
        place += 4
        kind = int.from_bytes(frame[place:place + 2], "big")
    header = place + 2
    if kind == _IPV4 and len(frame) >= header + 20:
        fragment = int.from_bytes(frame[header + 6:header + 8], "big") & 0x1FFF
        if frame[header + 9] == _UDP and fragment == 0:
            return header + 4 * (frame[header] & 15)
    if kind == _IPV6 and len(frame) >= header + 40 and frame[header + 6] == _UDP:
        return header + 40
    return None
