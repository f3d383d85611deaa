"""Rows of the ledger as they stand by now: pages of them, and one in every detail."""

from cronsole.clock import Clock
from cronsole.errors import UnknownRun
from cronsole.model.action import Command
from cronsole.model.ask import RunQuery
from cronsole.model.instant import from_datetime
from cronsole.model.run import Run, RunState
from cronsole.model.view import AttemptView, Page, RunDetail, RunView
from cronsole.runtime.lane import Active, Lanes
from cronsole.runtime.views import attempt_view, last_attempt_view, live, plugin_of, run_view
from cronsole.store.base import Ledger, RunFilter

# A page of rare rows takes several looks at a large table, between which other readers have their turn.
_MOST_LOOKS = 10


def _last_attempt(view: RunView) -> tuple[AttemptView, ...]:
    """Return the attempt that the row itself tells of; a verdict without a run has none."""
    return () if view.state in (RunState.SKIPPED, RunState.MISSED) else (last_attempt_view(view),)


class RunPages:
    """Reads the ledger, and lays over each row what the engine knows of a run in flight."""

    def __init__(self, clock: Clock, ledger: Ledger, lanes: Lanes) -> None:
        self._clock = clock
        self._ledger = ledger
        self._lanes = lanes

    async def page(self, query: RunQuery) -> Page[RunView]:
        """Return the matching rows, newest first; a page may be short where matching rows are rare."""
        matching = self._filter(query)
        if matching is None:
            return Page(items=())
        limit = max(1, query.limit)
        runs: list[Run] = []
        before = query.before
        for _ in range(_MOST_LOOKS):
            found = await self._ledger.runs_page(matching, limit=limit - len(runs), before=before)
            runs.extend(found.runs)
            before = found.next
            if before is None or len(runs) >= limit:
                break
        return Page(items=tuple(self._view(run) for run in runs), next=before)

    async def view(self, run_id: str) -> RunView:
        return self._view(await self.row(run_id))

    async def detail(self, run_id: str) -> RunDetail:
        row = await self.row(run_id)
        attempts = await self._ledger.attempts(run_id)
        view = self._view(row)
        lane = self._lanes.get(row.schedule_id)
        action = None if lane is None else lane.schedule.action
        return RunDetail(
            run=view,
            attempts=(*(attempt_view(attempt) for attempt in attempts), *_last_attempt(view)),
            environment=tuple(sorted(name for name, _ in action.env)) if isinstance(action, Command) else (),
        )

    async def row(self, run_id: str) -> Run:
        row = await self._ledger.run(run_id)
        if row is None:
            raise UnknownRun(f"no run is called {run_id!r}")
        return row

    def active(self, row: Run) -> Active | None:
        """Return the run in flight whose row it is."""
        lane = self._lanes.get(row.schedule_id)
        return None if lane is None else lane.active.get(row.run_id)

    def _view(self, row: Run) -> RunView:
        active = self.active(row)
        if active is not None:
            return run_view(live(active.run, active), self._clock.now())
        return run_view(self._ended(row) or row, self._clock.now())

    def _ended(self, row: Run) -> Run | None:
        """Return a run that has ended and is told so, though the ledger does not hold its end yet."""
        lane = self._lanes.get(row.schedule_id)
        last = None if lane is None else lane.last_run
        return last if last is not None and last.run_id == row.run_id and not row.state.is_final else None

    def _filter(self, query: RunQuery) -> RunFilter | None:
        """Return what is looked for in the ledger, or None where no schedule there is could match."""
        schedule_ids = query.schedule_ids
        if query.tags or query.plugins:
            schedule_ids = self._of_lanes(query)
            if not schedule_ids:
                return None
        return RunFilter(
            schedule_ids=schedule_ids,
            states=query.states,
            causes=query.causes,
            since=None if query.since is None else from_datetime(query.since),
            until=None if query.until is None else from_datetime(query.until),
            took_over_ms=query.took_over_ms,
            took_under_ms=query.took_under_ms,
        )

    def _of_lanes(self, query: RunQuery) -> tuple[str, ...]:
        wanted = frozenset(query.schedule_ids)
        return tuple(
            lane.id
            for lane in self._lanes
            if (not wanted or lane.id in wanted)
            and (not query.tags or any(tag in lane.schedule.tags for tag in query.tags))
            and (not query.plugins or plugin_of(lane.schedule) in query.plugins)
        )
