"""What keys do to engines: preview, ask, act, tell. Screens know only which schedules are meant."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from cronsole.errors import CronsoleError
from cronsole.model.ask import PauseAsk, ResumeAsk, RunQuery, Selection
from cronsole.model.instant import from_datetime
from cronsole.model.prospect import EffectView
from cronsole.model.run import RunState
from cronsole.model.view import RunBrief, RunView, ScheduleStatus
from cronsole.text import plural, safe
from cronsole_tui.views.entry import Entry
from cronsole_tui.views.moments import stopwatch
from cronsole_tui.views.query import quoted

if TYPE_CHECKING:
    from cronsole_tui.app import Console
    from cronsole_tui.forms import Forms
from cronsole_tui.working import start

OF_SCHEDULES = frozenset(
    {"trigger", "trigger_with", "follow", "pause", "pause_with", "stop", "kill", "retry", "backfill", "edit"}
    | {"delete", "log", "log_failed", "history", "why", "copy"}
)
"""The actions that are for schedules, whichever screen they are chosen on."""


class Verbs:
    """Each verb runs as a worker of its own, so that the screen never waits for an engine."""

    def __init__(self, app: "Console") -> None:
        self._app = app
        self._scene = app.scene

    @cached_property
    def _forms(self) -> "Forms":
        from cronsole_tui.forms import Forms

        return Forms(self._app, self)

    def start(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        """Run a verb; what an engine refuses is told in its own words."""
        if self._scene.is_read_only:
            self._app.tell("This console is read-only.", is_bad=True)
        else:
            self.look(work, name)

    def look(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        """Ask an engine for something that changes nothing."""

        async def guarded() -> None:
            try:
                await work()
            except CronsoleError as error:
                self._app.tell(str(error), is_bad=True)

        start(self._app, guarded, name, in_place=False)

    def do(self, name: str, entries: Sequence[Entry]) -> None:
        """Do what an action of the table of keys stands for to some schedules."""
        if entries:
            getattr(self, f"do_{name}")(entries)
        else:
            self._app.tell("There is no schedule under the cursor.")

    def do_trigger(self, entries: Sequence[Entry]) -> None:
        self.trigger(entries)

    def do_follow(self, entries: Sequence[Entry]) -> None:
        self.follow(entries[0])

    def do_pause(self, entries: Sequence[Entry]) -> None:
        self.pause_or_resume(entries)

    def do_stop(self, entries: Sequence[Entry]) -> None:
        self.stop(entries, by_force=False)

    def do_kill(self, entries: Sequence[Entry]) -> None:
        self.stop(entries, by_force=True)

    def do_retry(self, entries: Sequence[Entry]) -> None:
        self.retry(entries)

    def do_delete(self, entries: Sequence[Entry]) -> None:
        self.delete(entries)

    def do_trigger_with(self, entries: Sequence[Entry]) -> None:
        self._forms.trigger_with(entries)

    def do_pause_with(self, entries: Sequence[Entry]) -> None:
        self._forms.pause_with(entries)

    def do_backfill(self, entries: Sequence[Entry]) -> None:
        self._forms.backfill(entries)

    def do_edit(self, entries: Sequence[Entry]) -> None:
        self._forms.edit(entries[0])

    def do_log(self, entries: Sequence[Entry]) -> None:
        """Of what runs, else of what ended last."""
        schedule = entries[0].schedule
        run = schedule.running[-1] if schedule.running else schedule.last
        if run is None:
            self._app.tell("It never ran.")
        else:
            self._app.open_log(entries[0].host, run.run_id)

    def do_log_failed(self, entries: Sequence[Entry]) -> None:
        entry = entries[0]

        async def work() -> None:
            run = await self.latest_failure(entry)
            if run is None:
                self._app.tell(f"No run of {named(entries)} that is kept has failed.")
            else:
                self._app.open_log(entry.host, run.run_id)

        self.look(work, "log of the latest failure")

    def do_history(self, entries: Sequence[Entry]) -> None:
        self._app.show_runs(f"schedule:{quoted(entries[0].schedule.id)}")

    def do_why(self, entries: Sequence[Entry]) -> None:
        self._app.open_why(entries[0].host, entries[0].schedule.id)

    def do_copy(self, entries: Sequence[Entry]) -> None:
        self._app.copy("\n".join(entry.schedule.id for entry in entries))

    def trigger(self, entries: Sequence[Entry]) -> None:
        async def work() -> None:
            if len(entries) > 1 and not await self.agrees(
                f"Start {plural(len(entries), 'run')} now?", [entry.schedule.id for entry in entries]
            ):
                return
            for entry in entries:
                await self._scene.client(entry.host).trigger(entry.schedule.id)
            self._app.tell(f"Started {named(entries)}.")

        self.start(work, "trigger")

    def new(self) -> None:
        self._forms.new()

    def follow(self, entry: Entry) -> None:
        """Start a run, and show its output from the first line."""

        async def work() -> None:
            run = await self._scene.client(entry.host).trigger(entry.schedule.id)
            self._app.open_log(entry.host, run.run_id)

        self.start(work, "follow")

    def pause_or_resume(self, entries: Sequence[Entry]) -> None:
        """Pause; resume where all of them are paused."""
        if all(entry.schedule.status is ScheduleStatus.PAUSED for entry in entries):
            self.resume(entries, ResumeAsk())
        else:
            self.pause(entries, PauseAsk())

    def pause(self, entries: Sequence[Entry], ask: PauseAsk, *, asks_first: bool = False) -> None:
        async def work() -> None:
            if asks_first or len(entries) > 1:
                told = [
                    sentence
                    for host, ids in by_host(entries)
                    for sentence in told_effect(
                        await self._scene.client(host).pause(_of(ask, ids, preview=True))
                    )
                ]
                if not await self.agrees(f"Pause {named(entries)}?", told):
                    return
            for host, ids in by_host(entries):
                await self._scene.client(host).pause(_of(ask, ids))
            self._scene.undo = lambda: self.resume(entries, ResumeAsk())
            self._app.tell(f"Paused {named(entries)}. u takes it back.")

        self.start(work, "pause")

    def resume(self, entries: Sequence[Entry], ask: ResumeAsk) -> None:
        async def work() -> None:
            if ask.catch_up or len(entries) > 1:
                told = [
                    sentence
                    for host, ids in by_host(entries)
                    for sentence in told_effect(
                        await self._scene.client(host).resume(_resume_of(ask, ids, preview=True))
                    )
                ]
                if not await self.agrees(f"Resume {named(entries)}?", told):
                    return
            for host, ids in by_host(entries):
                await self._scene.client(host).resume(_resume_of(ask, ids))
            self._app.tell(f"Resumed {named(entries)}.")

        self.start(work, "resume")

    def stop(self, entries: Sequence[Entry], *, by_force: bool) -> None:
        """Stop a run; where several are under way, the one that is chosen."""
        runs = [(entry, run) for entry in entries for run in entry.schedule.running]
        verb = "Kill" if by_force else "Stop"

        async def work() -> None:
            if not runs:
                self._app.tell(f"Nothing of {named(entries)} runs.")
                return
            chosen = runs[0] if len(runs) == 1 else await self._chosen(runs, verb)
            if chosen is None:
                return
            entry, run = chosen
            if by_force and not await self.agrees(f"Kill the run of {entry.schedule.id} at once?", []):
                return
            await self._scene.client(entry.host).cancel(run.run_id, by_force=by_force)
            self._app.tell(f"{'Killed' if by_force else 'Stopping'} {entry.schedule.id}.")

        self.start(work, "stop")

    async def _chosen(
        self, runs: Sequence[tuple[Entry, RunBrief]], verb: str
    ) -> tuple[Entry, RunBrief] | None:
        from cronsole_tui.screens.choose import Choice, PickScreen

        now = self._scene.now()
        choices = [
            Choice(
                run.run_id,
                entry.schedule.id,
                f"running {stopwatch(now - from_datetime(run.at))}   {run.run_id}",
            )
            for entry, run in runs
        ]
        answer = await self._app.push_screen_wait(PickScreen(f"{verb} which run?", choices))
        return next((pair for pair in runs if pair[1].run_id == answer), None)

    def cancel_run(self, host: str, run_id: str, schedule_id: str, *, by_force: bool) -> None:
        async def work() -> None:
            if by_force and not await self.agrees(f"Kill the run of {schedule_id} at once?", []):
                return
            await self._scene.client(host).cancel(run_id, by_force=by_force)
            self._app.tell(f"{'Killed' if by_force else 'Stopping'} {safe(schedule_id)}.")

        self.start(work, "cancel")

    def retry_run(self, host: str, run_id: str, schedule_id: str) -> None:
        async def work() -> None:
            await self._scene.client(host).retry(run_id)
            self._app.tell(f"Runs {safe(schedule_id)} again.")

        self.start(work, "retry")

    def retry(self, entries: Sequence[Entry]) -> None:
        """Run again what failed last."""

        async def work() -> None:
            again: list[Entry] = []
            for entry in entries:
                run = await self.latest_failure(entry)
                if run is not None:
                    await self._scene.client(entry.host).retry(run.run_id)
                    again.append(entry)
            if again:
                self._app.tell(f"Runs {named(again)} again.")
            else:
                self._app.tell(f"No run of {named(entries)} that is kept has failed.")

        self.start(work, "retry")

    async def latest_failure(self, entry: Entry) -> RunView | None:
        """Return the latest run that failed, however many have run since."""
        states = tuple(state for state in RunState if state.is_failure)
        query = RunQuery(schedule_ids=(entry.schedule.id,), states=states, limit=1)
        page = await self._scene.client(entry.host).runs(query)
        return page.items[0] if page.items else None

    def delete(self, entries: Sequence[Entry]) -> None:
        async def work() -> None:
            told = ["What runs goes on to its end. History stays."]
            if not await self.agrees(f"Delete {named(entries)}?", told):
                return
            for entry in entries:
                await self._scene.client(entry.host).delete(entry.schedule.id, etag=entry.schedule.etag)
            self._app.tell(f"Deleted {named(entries)}.")

        self.start(work, "delete")

    def reload(self) -> None:
        """Show what a reload of each host would change, then ask."""

        async def work() -> None:
            for host in self._scene.feeds:
                await self._reload(host)

        self.start(work, "reload")

    async def _reload(self, host: str) -> None:
        from cronsole_tui.screens.page import PageScreen
        from cronsole_tui.views import plan

        scene = self._scene
        view = await scene.client(host).reload(preview=True)
        page = PageScreen(
            lambda width: plan.page(view, width=width, now=scene.now(), zone=scene.zone),
            kind="reload",
            named=host,
        )
        await self._app.push_screen_wait(page)
        if view.problems or not (view.added or view.changed or view.retimed or view.removed):
            return
        if await self.agrees(f"Reload {host}?", [plan.summary(view)]):
            done = await scene.client(host).reload()
            self._app.tell("; ".join(done.problems) or f"Reloaded {host}.", is_bad=bool(done.problems))

    async def agrees(self, question: str, told: Iterable[str] = ()) -> bool:
        """Ask, with what would happen told in sentences."""
        from cronsole_tui.screens.confirm import ConfirmScreen

        return await self._app.push_screen_wait(ConfirmScreen(question, list(told)))


def named(entries: Sequence[Entry]) -> str:
    """Return one schedule by its name, several by their number."""
    if len(entries) == 1:
        return safe(entries[0].schedule.id)
    return plural(len(entries), "schedule")


def by_host(entries: Iterable[Entry]) -> list[tuple[str, tuple[str, ...]]]:
    found: dict[str, list[str]] = {}
    for entry in entries:
        found.setdefault(entry.host, []).append(entry.schedule.id)
    return [(host, tuple(ids)) for host, ids in found.items()]


def told_effect(effect: EffectView) -> list[str]:
    """Return what a verb would do in sentences."""
    parts = [f"{plural(len(effect.schedule_ids), 'schedule')}"]
    if effect.skips:
        parts.append(f"skips {plural(effect.skips, 'fire')}")
    if effect.starts:
        parts.append(f"starts {plural(effect.starts, 'run')}")
    return [", ".join(parts), *effect.told]


def _of(ask: PauseAsk, ids: tuple[str, ...], *, preview: bool = False) -> PauseAsk:
    return PauseAsk(until=ask.until, reason=ask.reason, select=Selection(ids=ids), preview=preview)


def _resume_of(ask: ResumeAsk, ids: tuple[str, ...], *, preview: bool = False) -> ResumeAsk:
    return ResumeAsk(catch_up=ask.catch_up, select=Selection(ids=ids), preview=preview)
