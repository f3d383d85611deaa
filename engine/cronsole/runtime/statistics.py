"""What the kept history of a schedule says of it: counts, durations, and whether it is getting slower."""

from cronsole.model.instant import Millis, to_datetime
from cronsole.model.run import RunState
from cronsole.model.view import Statistics
from cronsole.store.base import History
from cronsole.text import human_duration

# So many runs make the recent ones, and as many at least have to come before them.
_RECENT = 10
# What differs by less than a quarter, or by less than a moment, is no trend.
_RATIO = 1.25
_LEAST_MS: Millis = 100


def statistics(history: History) -> Statistics:
    """Return the statistics of the history that the ledger keeps."""
    counts = history.counts
    took = [timed.duration_ms for timed in history.timed if timed.state is RunState.SUCCEEDED]
    return Statistics(
        succeeded=counts.get(RunState.SUCCEEDED, 0),
        failed=sum(count for state, count in counts.items() if state.is_failure),
        cancelled=counts.get(RunState.CANCELLED, 0),
        skipped=counts.get(RunState.SKIPPED, 0),
        missed=counts.get(RunState.MISSED, 0),
        p50_ms=percentile(took, 50),
        p95_ms=percentile(took, 95),
        last_success=None if history.last_success is None else to_datetime(history.last_success),
        last_failure=None if history.last_failure is None else to_datetime(history.last_failure),
        trend=trend(took),
    )


def percentile(values: list[Millis], percent: int) -> Millis | None:
    """Return the smallest value that so many percent of them do not exceed."""
    if not values:
        return None
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)]


def trend(took: list[Millis]) -> str:
    """Tell how the last runs compare with those before them, the oldest given first; nothing where they are alike."""
    if len(took) < 2 * _RECENT:
        return ""
    usual, lately = percentile(took[:-_RECENT], 50), percentile(took[-_RECENT:], 50)
    assert usual is not None
    assert lately is not None
    if abs(lately - usual) < _LEAST_MS:
        return ""
    word = "slower" if lately > usual * _RATIO else "faster" if lately * _RATIO < usual else ""
    told = f"the last {_RECENT} took {human_duration(lately)}, those before {human_duration(usual)}"
    return f"getting {word}: {told}" if word else ""
