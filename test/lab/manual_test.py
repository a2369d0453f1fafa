# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the manual shows is what the program prints."""

import os
import re
import subprocess

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIRST_RUN = re.compile(r"^```\n(first light on .*?)^```$", re.MULTILINE | re.DOTALL)
WALL_TIME = re.compile(r"simulated in [0-9.]+ s")


def test_the_first_run_of_the_readme(program):
    with open(os.path.join(CHECKOUT, "README.md"), encoding="utf-8") as readme:
        shown = FIRST_RUN.search(readme.read())
    printed = subprocess.run([program, "run", "examples/first-light.toml"], cwd=CHECKOUT,
                             capture_output=True, text=True, check=True).stdout
    lines = [WALL_TIME.sub("simulated in 0.02 s", line.rstrip()) for line in printed.splitlines()]
    lines = [re.sub(r"^(again +)\S+ run", r"\1./weft run", line) for line in lines]
    assert shown, "README.md shows no run of examples/first-light.toml"
    assert lines == [line.rstrip() for line in shown.group(1).splitlines()]
