"""The ledger protocol, which every store must pass the contract suite of."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from cronsole.model.instant import Instant, Millis
from cronsole.model.message import Letter, Message, MessageChange
from cronsole.model.run import Attempt, Cause, Run, RunChange, RunState
from cronsole.model.schedule import Breaker, Pause, Schedule, ScheduleState, SourceKind


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
    """A change that somebody made. The ledger numbers entries as it writes them: `entry` is 0 before."""

    at: Instant
    actor: str
    verb: str
    target: str
    detail: str = ""
    entry: int = 0


class KeyUsed(msgspec.Struct, frozen=True):
    """An asker's idempotency key, with what it was used for: the request's digest, and the answer as JSON.

    `run_ids` are the runs made under it: where the key is taken already, they are refused, and nothing else is.
    """

    actor: str
    key: str
    digest: str
    result: str
    at: Instant
    run_ids: tuple[str, ...] = ()


class PluginRemembered(msgspec.Struct, frozen=True):
    """What a plugin is to know at its next call: JSON text of a table, merged shallowly into its state.

    It is not merged where the end of its run is refused; no run stands behind an empty `run_id`.
    """

    plugin: str
    updates: str
    at: Instant
    run_id: str = ""


class Batch(msgspec.Struct):
    """All writes of one moment; they are committed in one transaction, in the order of the fields."""

    keys: list[KeyUsed] = []
    states: list[StateChange] = []
    claims: list[Run] = []
    runs: list[Run] = []
    changes: list[RunChange] = []
    audit: list[AuditEntry] = []
    messages: list[MessageChange] = []
    remembered: list[PluginRemembered] = []

    def is_empty(self) -> bool:
        return not any(getattr(self, field) for field in self.__struct_fields__)


class Committed(msgspec.Struct, frozen=True):
    """What was not written, by run id.

    `refused` holds claims whose slot had a verdict, changes whose fence was stale, and runs whose key was taken.
    """

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
    """What rows are looked for: those that match every field given.

    `since` is inclusive and `until` is not; both are compared with `created_at`. A run took `finished_at -
    started_at`, so that one without both took nothing that could be compared; the bounds themselves are left out.
    """

    schedule_ids: tuple[str, ...] = ()
    states: tuple[RunState, ...] = ()
    causes: tuple[Cause, ...] = ()
    since: Instant | None = None
    until: Instant | None = None
    took_over_ms: Millis | None = None
    took_under_ms: Millis | None = None

    def spans(self, at: Instant) -> bool:
        """Tell whether a row made then is neither too old nor too new."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


class RunsPage(msgspec.Struct, frozen=True):
    """Rows newest first, and the cursor behind which there may be more: None where there are none.

    A page may hold fewer rows than asked for, even none, and still have a cursor: the search stops where it would
    hold up others. It goes on from there.
    """

    runs: tuple[Run, ...]
    next: str | None = None


class Ended(msgspec.Struct, frozen=True):
    """A run that ended, in brief."""

    run_id: str
    state: RunState
    cause: Cause
    created_at: Instant
    started_at: Instant | None = None
    finished_at: Instant | None = None
    exit_code: int | None = None
    attempt: int = 1
    detail: str = ""

    @property
    def duration_ms(self) -> Millis | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return max(0, self.finished_at - self.started_at)


class Timed(msgspec.Struct, frozen=True):
    """How long a run took that went to its end."""

    finished_at: Instant
    duration_ms: Millis
    state: RunState


class History(msgspec.Struct, frozen=True):
    """What the kept rows of a schedule say of it.

    `timed` are the newest runs that succeeded, failed or timed out, the oldest of them first. `failing_since` is
    when the first failure began that ended after the last success; None where nothing has failed since.
    """

    counts: Mapping[RunState, int]
    timed: tuple[Timed, ...] = ()
    last_success: Instant | None = None
    last_failure: Instant | None = None
    failing_since: Instant | None = None


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

        A key that its actor has used before stays what it was, and the runs made under it are refused; all else in
        the batch, which may be of other askers, is written.
        """
        ...

    async def next_fence(self) -> int:
        """Return the first fence that this process may use: above every fence ever handed out."""
        ...

    async def schedule_states(self) -> dict[str, ScheduleState]: ...

    async def definition(self, schedule_id: str) -> Schedule | None: ...

    async def stored_schedules(self, kind: SourceKind) -> list[Schedule]:
        """Return the schedules of one kind of source that are not archived, by id."""
        ...

    async def unfinished_runs(self) -> list[Run]:
        """Return every row that has not ended, also one that is due only in the future."""
        ...

    async def run(self, run_id: str) -> Run | None: ...

    async def runs_page(self, matching: RunFilter, *, limit: int = 50, before: str | None = None) -> RunsPage:
        """Return rows newest first, those before the cursor (a run id, or `next` of another page).

        However large the table and rare the rows, one call takes some ten milliseconds of the reader: it looks at
        a bounded number of rows and may come back with a short page. Whoever wants a full one calls again with
        `next`, between which other readers have their turn; a few calls are a fit wait for a person. Thousands of
        schedule ids are as good as one.
        """
        ...

    async def runs(self, matching: RunFilter, *, limit: int = 50, before: str | None = None) -> list[Run]:
        """Return rows newest first, those before the cursor (a run id), however long the search takes."""
        ...

    async def attempts(self, run_id: str) -> list[Attempt]: ...

    async def slot_verdict(self, schedule_id: str, slot: Instant, scope: str = "") -> Run | None:
        """Return the row that gave the slot its verdict, be it its own or a missed range around it."""
        ...

    async def last_runs(self) -> dict[str, Run]:
        """Return the newest finished run of each schedule, verdicts without a run left out."""
        ...

    async def recent_outcomes(
        self, schedule_ids: Iterable[str] | None = None, *, limit: int = 12
    ) -> dict[str, tuple[Ended, ...]]:
        """Return the newest finished runs of these schedules, or of all that are not archived, the oldest first.

        Verdicts without a run are left out, and so are schedules that never ran. Only the newest 500 slots of each
        are looked at. The ledger reads fifty schedules at a time and lets other readers in between.
        """
        ...

    async def statistics(self, schedule_id: str) -> History:
        """Return what the kept rows of a schedule say: its newest 10,000 slots, and as many runs without one."""
        ...

    async def failure_counts(self, since: Instant, until: Instant, bucket_ms: Millis) -> dict[int, int]:
        """Return how many of the runs made in [since, until) failed, by the number of their bucket; none where none."""
        ...

    async def audit_trail(
        self,
        *,
        limit: int = 100,
        before: int | None = None,
        actor: str = "",
        verb: str = "",
        target: str = "",
    ) -> list[AuditEntry]:
        """Return entries newest first, those before the cursor (the `entry` of the last one seen).

        Of those fields that are not empty, all have to match exactly.
        """
        ...

    async def key_used(self, actor: str, key: str) -> KeyUsed | None:
        """Return what an asker's key was used for within the last 24 hours, without its `run_ids`."""
        ...

    async def plugin_state(self, plugin: str) -> str:
        """Return what a plugin remembers, as JSON text of a table: an empty one where it remembers nothing."""
        ...

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
        """Delete finished rows beyond the retention in one slice; return the output files to remove.

        A round of slices begins by forgetting the idempotency keys that are older than 24 hours.
        """
        ...

    async def backup(self, path: str) -> None: ...
