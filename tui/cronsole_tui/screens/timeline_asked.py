"""What the timeline asks of engines: what ran and will within its window, and what starts next or at one moment."""

from cronsole.client.engine import EngineClient
from cronsole.model.ask import ForecastQuery, RunQuery
from cronsole.model.instant import MINUTE, SECOND, Instant, to_datetime
from cronsole.model.prospect import PlannedFire
from cronsole.model.view import RunView
from cronsole_tui.views.entry import Key
from cronsole_tui.views.window import Window

_MOST_RUNS = 1_000
_SOON = 10 * MINUTE


class Asked:
    """The answers of all hosts that were asked; `soon` has what starts at the moment `pointed`, if there is one."""

    def __init__(self, window: Window, now: Instant, pointed: Instant | None) -> None:
        self._window = window
        self._now = now
        self._begin, self._span = (now, _SOON) if pointed is None else (pointed - 1, SECOND)
        self.runs: dict[Key, list[RunView]] = {}
        self.fires: dict[Key, list[PlannedFire]] = {}
        self.soon: list[tuple[str, PlannedFire]] = []

    async def ask(self, client: EngineClient, host: str) -> None:
        """Ask one host; CronsoleError where it does not answer."""
        window, now = self._window, self._now
        if window.since <= now:
            until = to_datetime(min(window.until, now))
            query = RunQuery(since=to_datetime(window.since), until=until, limit=_MOST_RUNS)
            for run in (await client.runs(query)).items:
                self.runs.setdefault((host, run.schedule_id), []).append(run)
        if window.until > now:
            asked = ForecastQuery(since=to_datetime(max(now, window.since)), until=to_datetime(window.until))
            for fire in (await client.forecast(asked)).fires:
                self.fires.setdefault((host, fire.schedule_id), []).append(fire)
        near = ForecastQuery(since=to_datetime(self._begin), until=to_datetime(self._begin + self._span))
        self.soon += [(host, fire) for fire in (await client.forecast(near)).fires]
