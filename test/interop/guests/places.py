# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Where things lie: sources, and what is made from them."""

import os
import pathlib
import threading

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parents[2]
# The sources of what runs inside of a guest.
INSIDE = HERE / "inside"


def build_folder():
    """What is fetched and made for the guests; nothing else is written to."""
    folder = pathlib.Path(os.environ.get("WEFT_INTEROP_BUILD") or CHECKOUT / "build" / "interop")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def unfinished(path):
    """Where a file is written before it gets its name; nobody else writes there."""
    return path.with_name("%s.%d.%d" % (path.name, os.getpid(), threading.get_ident()))
