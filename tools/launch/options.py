# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Parts the launcher's own options from those of the command."""

import dataclasses

from launch.errors import usage_error
from variants import VARIANTS


@dataclasses.dataclass
class Options:
    """What the command line says to the launcher; 'rest' is for the command."""

    variant: str = "opt"
    verbose: bool = False
    command: str = ""
    rest: list = dataclasses.field(default_factory=list)


def parse(arguments):
    """-v stands before the command, --variant before or behind it; after '--' nothing is ours."""
    options = Options()
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--" and options.command:
            options.rest += [word] + waiting
            break
        if word == "--variant" or word.startswith("--variant="):
            options.variant = _variant(word, waiting)
        elif not options.command and word in ("-v", "--verbose"):
            options.verbose = True
        elif options.command or word.startswith("-"):
            options.rest.append(word)
        else:
            options.command = word
    return options


def _variant(word, waiting):
    if "=" in word:
        name = word.split("=", 1)[1]
    elif waiting:
        name = waiting.pop(0)
    else:
        name = ""
    if name not in VARIANTS:
        raise usage_error("--variant is one of %s, not '%s'" % (", ".join(VARIANTS), name))
    return name
