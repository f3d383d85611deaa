"""Triggers that fire at one instant, or at none of their own."""

from cronsole.model.instant import Instant


class OnceTrigger:
    """Fires at one instant."""

    __slots__ = ("_at",)

    def __init__(self, at: Instant) -> None:
        self._at = at

    def next(self, after: Instant) -> Instant | None:
        """Return the instant when it lies strictly after the given one."""
        return self._at if after < self._at else None

    def previous(self, until: Instant) -> Instant | None:
        """Return the instant when it lies at or before the given one."""
        return self._at if self._at <= until else None

    def count(self, after: Instant, until: Instant) -> int:
        """Return 1 when the instant lies in (after, until], else 0."""
        return int(after < self._at <= until)


class TimelessTrigger:
    """Fires when an engine starts, or when somebody asks: at no instant on the time line."""

    __slots__ = ()

    def next(self, after: Instant) -> Instant | None:
        """Return None: time alone never brings about a fire."""
        return None

    def previous(self, until: Instant) -> Instant | None:
        """Return None: time alone never brings about a fire."""
        return None

    def count(self, after: Instant, until: Instant) -> int:
        """Return 0: time alone never brings about a fire."""
        return 0
