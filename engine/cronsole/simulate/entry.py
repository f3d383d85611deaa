"""One line of what a simulation tells: an attempt of a run, a verdict without a run, or a note."""

import msgspec

from cronsole.model.instant import Instant, to_iso
from cronsole.model.run import Cause, Range, RunState, SkipReason


class Entry(msgspec.Struct, frozen=True, gc=False):
    """`at` is when it was decided or ended; a note has no state and belongs to no schedule where that is empty."""

    at: Instant
    schedule: str
    state: RunState | None
    detail: str = ""
    cause: Cause | None = None
    slot: Instant | None = None
    due: Instant | None = None
    start: Instant | None = None
    end: Instant | None = None
    attempt: int = 0
    reason: SkipReason | None = None
    is_catchup: bool = False
    stands_for: Range | None = None
    retry_at: Instant | None = None

    @property
    def is_verdict(self) -> bool:
        """Tell whether it is the last word on a slot or a run."""
        return self.state is not None and self.state.is_final and self.retry_at is None


def record(entry: Entry) -> dict[str, object]:
    """Return the entry as it is written in JSON: instants in ISO 8601, what does not apply left out."""
    told: dict[str, object] = {"at": to_iso(entry.at), "kind": _kind(entry)}
    told |= {"schedule": entry.schedule} if entry.schedule else {}
    for name in ("state", "cause", "reason"):
        value = getattr(entry, name)
        told |= {} if value is None else {name: value.value}
    for name in ("slot", "due", "start", "end", "retry_at"):
        instant = getattr(entry, name)
        told |= {} if instant is None else {name: to_iso(instant)}
    told |= {"attempt": entry.attempt} if entry.attempt else {}
    told |= {"is_catchup": True} if entry.is_catchup else {}
    if entry.stands_for is not None:
        told["stands_for"] = {
            "count": entry.stands_for.count,
            "first": to_iso(entry.stands_for.first),
            "last": to_iso(entry.stands_for.last),
        }
    return told | ({"detail": entry.detail} if entry.detail else {})


def _kind(entry: Entry) -> str:
    if entry.state is None:
        return "note"
    return entry.state.value if entry.state in (RunState.SKIPPED, RunState.MISSED) else "run"
