"""How many runs may go on at once: in the whole engine, and of each tag."""

from collections import Counter
from collections.abc import Iterable, Mapping


class RunLimits:
    """Counts what runs against what may."""

    def __init__(self, max_running: int, tag_limits: Mapping[str, int]) -> None:
        self._max_running = max_running
        self._tag_limits = dict(tag_limits)
        self._by_tag: Counter[str] = Counter()
        self.running = 0

    def set(self, max_running: int, tag_limits: Mapping[str, int]) -> None:
        self._max_running = max_running
        self._tag_limits = dict(tag_limits)

    @property
    def is_full(self) -> bool:
        return self.running >= self._max_running

    def has_room(self, tags: Iterable[str]) -> bool:
        if self.is_full:
            return False
        limits = self._tag_limits
        return not limits or all(self._by_tag[tag] < limits[tag] for tag in tags if tag in limits)

    def full_by(self, tags: Iterable[str]) -> str:
        """Return which limit keeps a run with these tags from starting now, or nothing."""
        if self.is_full:
            return f"{self.running} of {self._max_running} runs are under way"
        limits = self._tag_limits
        full = (tag for tag in tags if tag in limits and self._by_tag[tag] >= limits[tag])
        return next(
            (f"{self._by_tag[tag]} of {limits[tag]} runs tagged {tag} are under way" for tag in full), ""
        )

    def enter(self, tags: Iterable[str]) -> None:
        self.running += 1
        self._by_tag.update(tags)

    def leave(self, tags: Iterable[str]) -> None:
        self.running -= 1
        self._by_tag.subtract(tags)
