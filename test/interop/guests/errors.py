# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What can go wrong with guests."""


class GuestError(Exception):
    """A guest, or a program in it, did not do what was asked."""


class Unavailable(GuestError):
    """This machine has not got what the guests need; the text says what is missing."""


class Late(GuestError):
    """Something did not happen in time."""
