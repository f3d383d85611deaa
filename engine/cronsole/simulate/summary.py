"""What a simulation comes to: counts, and the minute in which most runs start together."""

from collections import Counter

import msgspec

from cronsole.model.instant import MINUTE, Instant, to_iso
from cronsole.model.run import RunState
from cronsole.simulate.entry import Entry

_NAMED = 5


class Summary(msgspec.Struct, frozen=True):
    """Verdicts by state, skips by reason, slots missed, and the worst minute with those that start in it most."""

    by_state: tuple[tuple[str, int], ...]
    by_reason: tuple[tuple[str, int], ...]
    missed_slots: int
    catchups: int
    retries: int
    worst_minute: Instant | None
    worst_starts: int
    worst_schedules: tuple[tuple[str, int], ...]


class Tally:
    """Counts entries as they come."""

    def __init__(self) -> None:
        self._states: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._starts: Counter[Instant] = Counter()
        self._by_minute: dict[Instant, Counter[str]] = {}
        self._missed = 0
        self._catchups = 0
        self._retries = 0

    def add(self, entry: Entry) -> None:
        """Count one entry."""
        if entry.state is None:
            return
        if entry.retry_at is not None and entry.state.is_final:
            self._retries += 1
        else:
            self._states[entry.state.value] += 1
        if entry.reason is not None:
            self._reasons[entry.reason.value] += entry.stands_for.count if entry.stands_for else 1
        if entry.state is RunState.MISSED and entry.stands_for is not None:
            self._missed += entry.stands_for.count
        if entry.start is not None:
            self._catchups += entry.is_catchup and entry.attempt == 1
            minute = entry.start // MINUTE
            self._starts[minute] += 1
            self._by_minute.setdefault(minute, Counter())[entry.schedule] += 1

    def summary(self) -> Summary:
        """Return what was counted so far."""
        minute, starts = max(self._starts.items(), key=_most_and_earliest, default=(None, 0))
        return Summary(
            by_state=tuple(self._states.most_common()),
            by_reason=tuple(self._reasons.most_common()),
            missed_slots=self._missed,
            catchups=self._catchups,
            retries=self._retries,
            worst_minute=None if minute is None else minute * MINUTE,
            worst_starts=starts,
            worst_schedules=() if minute is None else tuple(self._by_minute[minute].most_common(_NAMED)),
        )


def _most_and_earliest(item: tuple[Instant, int]) -> tuple[int, Instant]:
    return item[1], -item[0]


def summary_record(summary: Summary) -> dict[str, object]:
    """Return the summary as it is written in JSON."""
    told: dict[str, object] = {
        "kind": "summary",
        "states": dict(summary.by_state),
        "reasons": dict(summary.by_reason),
        "missed_slots": summary.missed_slots,
        "catchups": summary.catchups,
        "retries": summary.retries,
    }
    if summary.worst_minute is not None:
        told["worst_minute"] = {
            "at": to_iso(summary.worst_minute),
            "starts": summary.worst_starts,
            "schedules": dict(summary.worst_schedules),
        }
    return told
