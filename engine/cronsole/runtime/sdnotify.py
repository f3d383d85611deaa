"""Tells systemd how the engine is, where it asks to be told."""

import socket
from collections.abc import Mapping


class ServiceManager:
    """Speaks sd_notify over the socket named by NOTIFY_SOCKET; says nothing where there is none."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        watchdog_usec = environ.get("WATCHDOG_USEC", "")
        self.watchdog_seconds = int(watchdog_usec) / 2_000_000 if watchdog_usec.isdigit() else None

    def tell(self, *assignments: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            try:
                channel.sendto("\n".join(assignments).encode(), address)
            except OSError:
                # A manager that does not listen is no reason to stop scheduling.
                return
