"""What every compiled trigger can tell."""

from typing import Protocol

from cronsole.model.instant import Instant


class Trigger(Protocol):
    """A pure, strictly increasing sequence of instants."""

    def next(self, after: Instant) -> Instant | None:
        """Return the first fire strictly after the instant, or None when there is none."""
        ...

    def previous(self, until: Instant) -> Instant | None:
        """Return the last fire at or before the instant, or None when there is none."""
        ...

    def count(self, after: Instant, until: Instant) -> int:
        """Return how many fires lie in (after, until]."""
        ...
