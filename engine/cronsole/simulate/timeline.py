"""The virtual clock: what is to happen, in the order of the time that really passes."""

import heapq
from collections.abc import Callable

from cronsole.model.instant import Instant, Millis

# At one instant, what happens to the engine comes first, then what ends, then what falls due.
HAPPENING, END, DUE = range(3)


class Timeline:
    """Real time passes evenly; the wall clock may be wrong by `offset_ms`."""

    def __init__(self, start: Instant) -> None:
        self.real = start
        self.offset_ms: Millis = 0
        self._heap: list[tuple[Instant, int, int, int, Callable[[], None]]] = []
        self._count = 0

    @property
    def now(self) -> Instant:
        """Return what the wall clock shows."""
        return self.real + self.offset_ms

    def at(self, real: Instant, rank: int, act: Callable[[], None], *, order: int = 0) -> None:
        """Let something happen when so much time has really passed, at once if it has."""
        self._count += 1
        real = real if real > self.real else self.real
        heapq.heappush(self._heap, (real, rank, order, self._count, act))

    def at_wall(self, wall: Instant, rank: int, act: Callable[[], None], *, order: int = 0) -> None:
        """Let something happen when the wall clock shows an instant, if nobody sets it in between."""
        self.at(wall - self.offset_ms, rank, act, order=order)

    def step(self, until: Instant) -> bool:
        """Let the next thing happen; return whether there was one before the end."""
        if not self._heap or self._heap[0][0] >= until:
            return False
        self.real, _, _, _, act = heapq.heappop(self._heap)
        act()
        return True
