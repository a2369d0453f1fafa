# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The launcher's exit statuses, which are those of the whole command line."""

FINE = 0
FOUND = 1  # a test failed, a check complained, a figure is short
USAGE = 2  # the input, the usage or the system is wrong
BROKEN = 3  # Weft itself failed: it does not build


class WeftError(Exception):
    """Ends the command with a message for the user and an exit status."""

    def __init__(self, message, status=BROKEN):
        super().__init__(message)
        self.status = status


def usage_error(message):
    return WeftError(message, USAGE)
