"""How long to wait before the next attempt to reach an engine."""

import random
from collections.abc import Callable, Iterator
from typing import Final

FIRST_SECONDS: Final = 0.25
MOST_SECONDS: Final = 5.0


def delays(first: float = FIRST_SECONDS, *, dice: Callable[[], float] = random.random) -> Iterator[float]:
    """Yield delays that double up to a bound, each cut by up to a half: many clients do not knock at once."""
    delay = min(first, MOST_SECONDS)
    while True:
        yield delay * (0.5 + dice() / 2)
        delay = min(delay * 2, MOST_SECONDS)
