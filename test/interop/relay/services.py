# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Which service a message is about: requests name it, what follows only has ids."""

_WITH_SERVICE = ("REQ", "SIDR_REQ")


class Services:
    """Remembers the ids of both sides. Sides are 0 and 1."""

    def __init__(self):
        self._services = {}  # (side, its id) -> service

    def find(self, sender, message):
        """The service that the message is about; None when its beginning was not seen."""
        receiver = 1 - sender
        own = (sender, message.attribute.startswith("SIDR"), message.local_id)
        if message.attribute in _WITH_SERVICE:
            self._services[own] = message.service
            return message.service
        if message.attribute == "SIDR_REP":  # the only id is that of the request
            return self._services.get((receiver, True, message.local_id))
        peers = self._services.get((receiver, False, message.remote_id))
        service = peers if peers is not None else self._services.get(own)
        if message.attribute in ("REP", "REJ") and message.local_id and peers is not None:
            self._services[own] = service
        return service
