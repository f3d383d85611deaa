"""How often somebody may guess a token: a few times a minute from one address, whatever the answer would be."""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

import msgspec

from cronsole.clock import Clock

_MOST_ADDRESSES: Final = 4096


class _Failures(msgspec.Struct):
    count: int
    since: float


class Throttle:
    """Counts failures by address; one with too many of them is not listened to until its minute is over."""

    def __init__(self, clock: Clock, *, failures: int = 10, seconds: float = 60.0) -> None:
        self._clock = clock
        self._most = failures
        self._seconds = seconds
        self._failures: dict[str, _Failures] = {}

    def wait_seconds(self, address: str) -> int:
        """Return for how many seconds an address is not listened to; 0 when it is."""
        found = self._current(_neighbourhood(address))
        if found is None or found.count < self._most:
            return 0
        return max(1, -int(self._clock.monotonic() - found.since - self._seconds))

    def note_failure(self, address: str) -> bool:
        """Count a failure; return whether it is the one with which the address has to wait."""
        key = _neighbourhood(address)
        found = self._current(key)
        if found is not None:
            found.count += 1
            return found.count == self._most
        if len(self._failures) >= _MOST_ADDRESSES:
            # The oldest goes: what is remembered of strangers stays bounded.
            del self._failures[next(iter(self._failures))]
        self._failures[key] = _Failures(1, self._clock.monotonic())
        return self._most == 1

    def _current(self, key: str) -> _Failures | None:
        found = self._failures.get(key)
        if found is not None and self._clock.monotonic() - found.since >= self._seconds:
            del self._failures[key]
            return None
        return found


def _neighbourhood(address: str) -> str:
    """Return what an address is counted under: somebody who has one IPv6 address has 2**64 of them."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found, 64), strict=False))
    return str(found)
