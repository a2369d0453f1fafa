#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Two hosts of a real cluster connect, talk and part; first-light.toml, from Python.

    ./weft python examples/first_light.py
"""

import pathlib

import weft

CLUSTER = pathlib.Path(__file__).parent.parent / "test/data/topologies/loginoff.ibnetdiscover"
SERVICE = 0x1000000000001234

scenario = weft.Scenario("first light", fabric=str(CLUSTER))
scenario.host("server", "stage97 mlx4_0")
scenario.host("client", "stage114 mlx4_0")
scenario.listen("server", service=SERVICE)
scenario.connect("client", "server", service=SERVICE, message="hello, fabric")
scenario.expect(outcome="disconnected")

result = weft.run(scenario)
for message in result.messages:
    print(
        f"{weft.format_time(message.sent_ns):>12}  {message.sender:>6} -> {message.receiver:<6}"
        f"  {message.kind}"
    )
print(f"{result.connections[0].outcome}, digest {result.digest}")
