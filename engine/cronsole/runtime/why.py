"""Why a slot ran, why not, or why not yet: what the trigger, the gates and the ledger say of it, step by step."""

from collections.abc import Callable

from cronsole.clock import Clock
from cronsole.model.instant import Instant, to_datetime
from cronsole.model.prospect import WhyView
from cronsole.model.run import Run
from cronsole.model.schedule import Schedule
from cronsole.planning.gates import Surroundings
from cronsole.planning.gates import explain as explain_gates
from cronsole.runtime.journal import Journal
from cronsole.runtime.lane import Lane
from cronsole.runtime.limits import RunLimits
from cronsole.runtime.views import live, next_fire, run_view
from cronsole.runtime.why_case import Case
from cronsole.runtime.why_conclusion import conclusion
from cronsole.runtime.why_steps import steps
from cronsole.store.base import Ledger


class Why:
    """Gathers what is known of a slot."""

    def __init__(
        self,
        clock: Clock,
        ledger: Ledger,
        journal: Journal,
        limits: RunLimits,
        *,
        surroundings: Callable[[], Surroundings],
        shadows_of: Callable[[str], tuple[Schedule, ...]],
    ) -> None:
        self._clock = clock
        self._ledger = ledger
        self._journal = journal
        self._limits = limits
        self._surroundings = surroundings
        self._shadows_of = shadows_of

    async def explain(self, lane: Lane, slot: Instant | None) -> WhyView:
        """Explain a slot; without one, the next."""
        asked = next_fire(lane)[0] if slot is None else slot
        row = None if asked is None else await self._ledger.slot_verdict(lane.id, asked)
        case = self._case(lane, asked, row)
        return WhyView(
            schedule_id=lane.id,
            slot=None if asked is None else to_datetime(asked),
            conclusion=conclusion(case),
            steps=steps(case),
            run=None if case.run is None else run_view(case.run, case.now),
        )

    def _case(self, lane: Lane, asked: Instant | None, row: Run | None) -> Case:
        now = self._clock.now()
        active = None if row is None else lane.active.get(row.run_id)
        at = now if asked is None else asked
        return Case(
            schedule=lane.schedule,
            state=lane.state,
            trigger=lane.trigger,
            slot=asked,
            now=now,
            run=row if row is None or active is None else live(active.run, active),
            readings=explain_gates(lane.schedule, lane.state, self._surroundings(), at=at, now=now),
            running=tuple(active.run for active in lane.active.values()),
            waiting=len(lane.waiting),
            lacks_room=self._limits.full_by(lane.schedule),
            is_claimed_ahead=row is not None and row.run_id in lane.preclaimed,
            is_troubled=self._journal.is_troubled,
            shadows=tuple(str(each.origin) for each in self._shadows_of(lane.id)),
        )
