"""The ledger protocol, which every store must pass the contract suite of."""

from typing import Protocol

import msgspec

from cronsole.model.instant import Instant, Millis
from cronsole.model.message import Letter, Message, MessageChange
from cronsole.model.run import Attempt, Cause, Run, RunChange, RunState
from cronsole.model.schedule import Breaker, Pause, Schedule, ScheduleState


class PauseSet(msgspec.Struct, frozen=True):
    """A pause was set, or lifted where `pause` is None; `resumed_at` is where owing begins again."""

    schedule_id: str
    pause: Pause | None
    resumed_at: Instant | None = None


class BreakerMoved(msgspec.Struct, frozen=True):
    schedule_id: str
    breaker: Breaker


class Exhausted(msgspec.Struct, frozen=True):
    schedule_id: str
    at: Instant


class Archived(msgspec.Struct, frozen=True):
    schedule_id: str
    at: Instant


class Defined(msgspec.Struct, frozen=True):
    """A schedule came into force, new or changed, with the state that holds from now on."""

    schedule: Schedule
    state: ScheduleState


class WatermarkMoved(msgspec.Struct, frozen=True):
    """The watermark was set outside a claim: a resume, or a clock that went far back."""

    schedule_id: str
    watermark: Instant


class ClaimRetracted(msgspec.Struct, frozen=True):
    """A claim committed ahead of its slot is taken back, because the definition changed before the slot came.

    The row goes, the watermark returns to `watermark`, and `runs_made` falls by one; only legal for a run that
    never started.
    """

    run_id: str
    schedule_id: str
    watermark: Instant


StateChange = PauseSet | BreakerMoved | Exhausted | Archived | Defined | WatermarkMoved | ClaimRetracted


class AuditEntry(msgspec.Struct, frozen=True):
    at: Instant
    actor: str
    verb: str
    target: str
    detail: str = ""


class Batch(msgspec.Struct):
    """All writes of one moment; they are committed in one transaction, in the order of the fields."""

    states: list[StateChange] = []
    claims: list[Run] = []
    runs: list[Run] = []
    changes: list[RunChange] = []
    audit: list[AuditEntry] = []
    messages: list[MessageChange] = []

    def is_empty(self) -> bool:
        return not (self.states or self.claims or self.runs or self.changes or self.audit or self.messages)


class Committed(msgspec.Struct, frozen=True):
    """`refused` holds the run ids of claims whose slot had a verdict, and of changes whose fence was stale."""

    refused: frozenset[str] = frozenset()


class Retention(msgspec.Struct, frozen=True):
    """What is kept of each schedule's finished rows; verdicts without a run count with the successes."""

    keep_successes: int = 100
    keep_failures: int = 100
    max_success_age_ms: Millis | None = None
    max_failure_age_ms: Millis | None = None


class Pruned(msgspec.Struct, frozen=True):
    """What one slice of pruning deleted; nothing is left to prune when `rows` is 0."""

    rows: int
    output_files: tuple[str, ...] = ()


class RunFilter(msgspec.Struct, frozen=True):
    schedule_ids: tuple[str, ...] = ()
    states: tuple[RunState, ...] = ()
    causes: tuple[Cause, ...] = ()
    since: Instant | None = None
    until: Instant | None = None


class Ledger(Protocol):
    """The durable table of verdicts and runs. It, and nothing else, decides whether a slot was dealt with."""

    async def open(self) -> None:
        """Connect, assert durable settings, check integrity, migrate. StoreCorrupt when it must not be used."""
        ...

    async def close(self) -> None: ...

    async def commit(self, batch: Batch) -> Committed:
        """Write the batch in one transaction, or raise StoreUnavailable with nothing written.

        A claim is granted when its slot (`stands_for.last`, else `slot`) is above the schedule's watermark in its
        scope and no row holds (schedule, slot, scope); it raises that watermark to the slot, and `runs_made` by one
        when it is to run (queued, or starting where only the spawn is left for the due instant). `runs` are rows
        without a slot (manual, backfill) and move nothing. A change is applied
        only while the row's fence is not above the change's. A message of a run that is refused is not posted, and
        one that was posted before is not posted again.
        """
        ...

    async def next_fence(self) -> int:
        """Return the first fence that this process may use: above every fence ever handed out."""
        ...

    async def schedule_states(self) -> dict[str, ScheduleState]: ...

    async def definition(self, schedule_id: str) -> Schedule | None: ...

    async def unfinished_runs(self) -> list[Run]: ...

    async def run(self, run_id: str) -> Run | None: ...

    async def runs(self, matching: RunFilter, *, limit: int = 50, before: str | None = None) -> list[Run]:
        """Return rows newest first, those before the cursor (a run id)."""
        ...

    async def attempts(self, run_id: str) -> list[Attempt]: ...

    async def slot_verdict(self, schedule_id: str, slot: Instant, scope: str = "") -> Run | None:
        """Return the row that gave the slot its verdict, be it its own or a missed range around it."""
        ...

    async def last_runs(self) -> dict[str, Run]:
        """Return the newest finished run of each schedule, verdicts without a run left out."""
        ...

    async def audit_trail(self, *, limit: int = 100) -> list[AuditEntry]: ...

    async def waiting_channels(self) -> dict[str, Instant]:
        """Return the channels for which messages wait, and when the first of each is due."""
        ...

    async def pending_messages(self, channel: str, now: Instant, *, limit: int = 20) -> list[Letter]:
        """Return the messages for a channel that are due, the longest due first."""
        ...

    async def failed_messages(self, *, limit: int = 100) -> list[Letter]:
        """Return the messages that were given up, newest first."""
        ...

    async def remembered(self, channel: str, *, limit: int = 100) -> list[Message]:
        """Return what a channel of type memory was told, newest first."""
        ...

    async def prune(self, retention: Retention, now: Instant) -> Pruned:
        """Delete finished rows beyond the retention in one slice; return the output files to remove."""
        ...

    async def backup(self, path: str) -> None: ...
