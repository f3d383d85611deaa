"""What people and programs may ask of a running engine; one door to the rooms in which each verb is carried out."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cronsole.api.facade import Asker
from cronsole.catalog import Catalog
from cronsole.errors import ConfigError
from cronsole.model.ask import BackfillAsk, PauseAsk, PlanAsk, ResumeAsk, TriggerAsk
from cronsole.model.instant import Instant, to_iso
from cronsole.model.plugin import CallAsk
from cronsole.model.prospect import BackfillView, EffectView, PlanView, ReloadView
from cronsole.model.schedule import Schedule
from cronsole.planning.plan import Surroundings
from cronsole.runtime.backfill import Backfill
from cronsole.runtime.calls import Calls
from cronsole.runtime.claimer import Claimer
from cronsole.runtime.definitions import Definitions
from cronsole.runtime.dispatcher import Dispatcher
from cronsole.runtime.effects import Effects
from cronsole.runtime.enactment import Enactment
from cronsole.runtime.ground import Ground
from cronsole.runtime.keyed import Keyed
from cronsole.runtime.lane import Lane
from cronsole.runtime.manual import Manual, instant_of
from cronsole.runtime.pausing import Pausing
from cronsole.runtime.planned import Planned
from cronsole.runtime.plugins import PluginSets
from cronsole.runtime.reload import Reloader
from cronsole.runtime.ticker import Ticker
from cronsole.store.base import AuditEntry, Ledger

NOW = TriggerAsk()


class Control:
    """Each verb is committed with its audit entry before it takes effect; `cancel` alone says why it is not."""

    def __init__(
        self,
        ground: Ground,
        *,
        ledger: Ledger,
        catalog: Catalog,
        ticker: Ticker,
        claimer: Claimer,
        dispatcher: Dispatcher,
        enactment: Enactment,
        reloader: Reloader,
        surroundings: Callable[[], Surroundings],
        plugins: PluginSets,
        environ: Mapping[str, str],
    ) -> None:
        self._lanes = ground.lanes
        self._clock = ground.clock
        self._journal = ground.journal
        self._reloader = reloader
        keyed = Keyed(ground.clock, ledger)
        self._manual = Manual(
            ground, ledger=ledger, dispatcher=dispatcher, surroundings=surroundings, keyed=keyed
        )
        self._backfill = Backfill(ground, dispatcher=dispatcher, keyed=keyed)
        self._pausing = Pausing(ground, ticker=ticker, claimer=claimer, dispatcher=dispatcher)
        self._effects = Effects(ground, ledger)
        self._definitions = Definitions(
            ground,
            catalog=catalog,
            claimer=claimer,
            ticker=ticker,
            enactment=enactment,
            settings=lambda: reloader.current.settings,
            environ=environ,
            keyed=keyed,
        )
        self._calls = Calls(ground, plugins, keyed=keyed, manual=self._manual, definitions=self._definitions)
        self._planned = Planned(ground, catalog=catalog, enactment=enactment, reloader=reloader)

    def lane(self, schedule_id: str) -> Lane:
        """Return the lane of a schedule in force; UnknownSchedule names the nearest id."""
        return self._lanes.in_force(schedule_id)

    async def trigger(
        self, schedule_id: str, ask: TriggerAsk = NOW, *, actor: str, idempotency_key: str = ""
    ) -> str:
        """Start a manual run, now or at a time, and return its id."""
        return await self._manual.trigger(schedule_id, ask, actor=actor, idempotency_key=idempotency_key)

    async def call(
        self, plugin: str, command: str, ask: CallAsk, asker: Asker, *, idempotency_key: str = ""
    ) -> str:
        """Start a run of a plugin's command and return its id."""
        return await self._calls.call(plugin, command, ask, asker, idempotency_key=idempotency_key)

    async def retry(self, run_id: str, *, actor: str, idempotency_key: str = "") -> str:
        """Do what an ended run, or a slot without one, was for once more; return the id of the new run."""
        return await self._manual.retry(run_id, actor=actor, idempotency_key=idempotency_key)

    async def cancel(self, run_id: str, *, actor: str, by_force: bool = False) -> None:
        """Stop a run that runs, or take one that waits out of its queue."""
        await self._manual.cancel(run_id, actor=actor, by_force=by_force)

    async def backfill(
        self, schedule_id: str, ask: BackfillAsk, *, actor: str, idempotency_key: str = ""
    ) -> BackfillView:
        """Run every slot of a range, oldest first, one after another; or tell which those are."""
        return await self._backfill.run(schedule_id, ask, actor=actor, idempotency_key=idempotency_key)

    async def pause(
        self, schedule_ids: Iterable[str], *, actor: str, until: Instant | None = None, reason: str = ""
    ) -> None:
        """Skip the slots of these schedules from now until then; runs in flight go on."""
        lanes = [self.lane(schedule_id) for schedule_id in schedule_ids]
        await self._pausing.pause(lanes, actor=actor, until=until, reason=reason)

    async def resume(self, schedule_ids: Iterable[str], *, actor: str, catch_up: bool = False) -> None:
        """Fire again from now; close the circuit; with `catch_up`, apply the policy to the paused range."""
        lanes = [self.lane(schedule_id) for schedule_id in schedule_ids]
        await self._pausing.resume(lanes, actor=actor, catch_up=catch_up)

    async def pause_selected(self, ask: PauseAsk, *, actor: str) -> EffectView:
        """Pause what the ask selects, and tell what that means; a preview only tells it."""
        lanes = self._effects.selected(ask.select)
        until = None if ask.until is None else instant_of(ask.until, "until")
        if until is not None and until <= self._clock.now():
            raise ConfigError([f"until: {to_iso(until)} has passed"])
        effect = await self._effects.of_pause(lanes, until=until, is_preview=ask.preview)
        if not ask.preview:
            await self._pausing.pause(_still(lanes), actor=actor, until=until, reason=ask.reason)
        return effect

    async def resume_selected(self, ask: ResumeAsk, *, actor: str) -> EffectView:
        """Resume what the ask selects, and tell what that starts; a preview only tells it."""
        lanes = self._effects.selected(ask.select)
        effect = await self._effects.of_resume(lanes, catch_up=ask.catch_up, is_preview=ask.preview)
        if not ask.preview:
            await self._pausing.resume(_still(lanes), actor=actor, catch_up=ask.catch_up)
        return effect

    async def create(self, definition: Mapping[str, Any], asker: Asker, *, idempotency_key: str = "") -> str:
        """Bring a new runtime schedule into force and return its id."""
        return await self._definitions.create(definition, asker, idempotency_key=idempotency_key)

    async def bring(self, schedule: Schedule, asker: Asker) -> None:
        """Bring a runtime schedule into force that is ready made; ScheduleExists where its id is taken."""
        await self._definitions.bring(schedule, asker)

    async def replace(
        self, schedule_id: str, definition: Mapping[str, Any], asker: Asker, *, etag: str | None = None
    ) -> str:
        """Put a runtime schedule in the place of the one of that id, or create it; return its id."""
        return await self._definitions.replace(schedule_id, definition, asker, etag=etag)

    async def patch(
        self, schedule_id: str, changes: Mapping[str, Any], asker: Asker, *, etag: str | None = None
    ) -> str:
        """Change some keys of a runtime schedule and return its id."""
        return await self._definitions.patch(schedule_id, changes, asker, etag=etag)

    async def delete(self, schedule_id: str, asker: Asker, *, etag: str | None = None) -> None:
        """Archive a runtime schedule; what waits is skipped, what runs goes on to its end."""
        await self._definitions.delete(schedule_id, asker, etag=etag)

    async def plan(self, ask: PlanAsk) -> PlanView:
        """Tell what a reload would do now."""
        return await self._planned.plan(ask)

    async def reload(self, *, actor: str) -> ReloadView:
        """Read the files again and bring them into force at once; tell what that did."""
        return await self._reloader.reload_for(actor, self._record)

    async def _record(self, entry: AuditEntry) -> None:
        await self._journal.ask(audit=[entry])


def _still(lanes: Iterable[Lane]) -> list[Lane]:
    """Return those that were not removed while others were looked at."""
    return [lane for lane in lanes if not lane.is_leaving]
