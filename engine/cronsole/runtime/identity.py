"""Who this engine is: a fresh node id at each start, the ids of its runs, and its fences."""

from cronsole.model.instant import Instant


class Identity:
    """Mints run ids, which sort by time of creation, and fences, which only rise."""

    def __init__(self, *, node: str, boot_id: str, started_at: Instant, first_fence: int) -> None:
        self.node = node
        self.boot_id = boot_id
        self.started_at = started_at
        self._fence = first_fence - 1
        self._last_ms = 0
        self._serial = 0

    def new_run_id(self, now: Instant) -> str:
        """Return `<milliseconds><serial><node>` in hex: unique in a fleet, ordered by creation on a node."""
        if now > self._last_ms:
            self._last_ms, self._serial = now, 0
        else:
            self._serial += 1
        return f"{self._last_ms:011x}{self._serial:05x}{self.node}"

    def new_fence(self) -> int:
        self._fence += 1
        return self._fence
