"""What a schedule's last runs say: the strip of them, how long one usually takes, and since when it fails."""

from collections.abc import Iterable

import msgspec

from cronsole.model.instant import Instant, Millis, to_datetime
from cronsole.model.run import Run, RunState
from cronsole.model.view import RunBrief
from cronsole.store.base import Ended

_KEPT_OF_EACH = 12
# All lanes together keep no more than this many, 30 MB: where there are very many schedules, the strips are shorter.
_KEPT_IN_ALL = 120_000


class RecentRuns(msgspec.Struct, frozen=True):
    """The runs that ended last, the oldest first."""

    briefs: tuple[RunBrief, ...] = ()
    failing_since: Instant | None = None

    @property
    def last(self) -> RunBrief | None:
        return self.briefs[-1] if self.briefs else None

    @property
    def typical_ms(self) -> Millis | None:
        """The median of the successes; found when it is asked for, which is less often than a run ends."""
        return typical(self.briefs)

    def after(self, brief: RunBrief, began_at: Instant, *, kept: int) -> "RecentRuns":
        """Return them with one more run that has ended."""
        briefs = (*self.briefs[-(kept - 1) :], brief) if kept > 1 else (brief,)
        return RecentRuns(briefs, _failing_since(self.failing_since, brief.state, began_at))


NO_RUNS = RecentRuns()


def kept_of_each(schedules: int) -> int:
    """Return how many runs the lane of each of so many schedules keeps."""
    return max(1, min(_KEPT_OF_EACH, _KEPT_IN_ALL // max(1, schedules)))


def recalled(ended: Iterable[Ended], since: RecentRuns, *, kept: int) -> RecentRuns:
    """Return what the ledger tells, the oldest first, and then what has ended since it was asked."""
    told = NO_RUNS
    run_ids = set()
    for each in ended:
        run_ids.add(each.run_id)
        told = told.after(_brief_of(each), _began_at(each), kept=kept)
    for brief in since.briefs:
        if brief.run_id not in run_ids:
            told = told.after(brief, since.failing_since or 0, kept=kept)
    return told


def brief(run: Run, duration_ms: Millis | None) -> RunBrief:
    """Return a run as it is shown in a strip: at its start, else when it was due."""
    return RunBrief(
        run_id=run.run_id,
        state=run.state,
        at=to_datetime(run.due_at if run.started_at is None else run.started_at),
        duration_ms=duration_ms,
        exit_code=run.exit_code,
        attempt=run.attempt,
        cause=run.cause,
        detail=run.detail,
    )


def took_ms(run: Run) -> Millis | None:
    """Return how long the run's last attempt took, where it has ended."""
    if run.started_at is None or run.finished_at is None:
        return None
    return max(0, run.finished_at - run.started_at)


def typical(briefs: Iterable[RunBrief]) -> Millis | None:
    """Return the median duration of the successes among them."""
    took = sorted(
        each.duration_ms
        for each in briefs
        if each.state is RunState.SUCCEEDED and each.duration_ms is not None
    )
    if not took:
        return None
    middle = len(took) // 2
    return took[middle] if len(took) % 2 else (took[middle - 1] + took[middle]) // 2


def _brief_of(ended: Ended) -> RunBrief:
    return RunBrief(
        run_id=ended.run_id,
        state=ended.state,
        at=to_datetime(_began_at(ended)),
        duration_ms=ended.duration_ms,
        exit_code=ended.exit_code,
        attempt=ended.attempt,
        cause=ended.cause,
        detail=ended.detail,
    )


def _began_at(ended: Ended) -> Instant:
    return ended.created_at if ended.started_at is None else ended.started_at


def _failing_since(since: Instant | None, state: RunState, began_at: Instant) -> Instant | None:
    if state.is_failure:
        return began_at if since is None else since
    return None if state is RunState.SUCCEEDED else since
