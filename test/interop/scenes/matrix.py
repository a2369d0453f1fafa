# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The scenes that every pair of Connection Managers plays."""

from scenes.scene import Scene


def _lost(attribute, **match):
    return ({"match": dict(match, attribute=attribute), "action": "drop"},)


def _twice(attribute):
    return ({"match": {"attribute": attribute}, "action": "duplicate"},)


# What a message that comes twice can be answered by, the second time.
_TO_THE_SECOND = {"REQ": ("MRA",), "REP": ("MRA", "RTU"), "DREQ": ("DREP",)}


def _harmed(attribute, sender, **ways):
    """Lost once, lost always, come twice; of one sender, as the other one may send such, too."""
    name = "%s of the %s" % (attribute, sender)
    match = {"from": sender}
    return [
        Scene("%s lost once" % name, _lost(attribute, nth=1, **match), **ways),
        Scene("%s always lost" % name, _lost(attribute, **match), **ways),
        Scene("%s twice" % name, _twice(attribute),
              perhaps=_TO_THE_SECOND.get(attribute, ()), **ways),
    ]


# So that both are on their way at the same time, however slow the machines are.
_CROSSING = ({"match": {"attribute": "DREQ"}, "action": "delay", "by": "500ms"},)

SCENES = [
    Scene("client disconnects"),
    Scene("server disconnects", disconnect="server"),
    Scene("both disconnect", _CROSSING, disconnect="both", perhaps=("DREP",)),
    Scene("server rejects", server="reject"),
    Scene("client rejects", client="reject"),
    Scene("nobody listens", has_listener=False),
    *_harmed("REQ", "client"),
    *_harmed("REP", "server"),
    *_harmed("RTU", "client"),
    *_harmed("DREQ", "client"),
    *_harmed("DREP", "server"),
    *_harmed("DREQ", "server", disconnect="server"),
    *_harmed("DREP", "client", disconnect="server"),
    *_harmed("REJ", "server", server="reject"),
    *_harmed("REJ", "client", client="reject"),
    Scene("REQ damaged once", ({"match": {"attribute": "REQ", "nth": 1}, "action": "corrupt"},)),
    Scene("REP damaged once", ({"match": {"attribute": "REP", "nth": 1}, "action": "corrupt"},)),
    Scene("REQ comes after the next REQ", ({"match": {"attribute": "REQ", "nth": 1},
                                            "action": "reorder"},), perhaps=("MRA",)),
    Scene("REP comes after the next REP", ({"match": {"attribute": "REP", "nth": 1},
                                            "action": "reorder"},), perhaps=("MRA", "RTU")),
    Scene("REP after 8 s", ({"match": {"attribute": "REP", "nth": 1}, "action": "delay",
                             "by": "8s"},)),
    Scene("RTU after 1 s", ({"match": {"attribute": "RTU", "nth": 1}, "action": "delay",
                             "by": "1s"},)),
    Scene("DREQ overtakes RTU", ({"match": {"attribute": "RTU", "nth": 1}, "action": "reorder"},),
          is_hasty=True),
    Scene("DREP after 8 s", ({"match": {"attribute": "DREP", "nth": 1}, "action": "delay",
                              "by": "8s"},)),
    Scene("SIDR", is_udp=True),
    Scene("SIDR, server rejects", is_udp=True, server="reject"),
    Scene("SIDR, nobody listens", is_udp=True, has_listener=False),
    *_harmed("SIDR_REQ", "client", is_udp=True),
    *_harmed("SIDR_REP", "server", is_udp=True),
]
