"""Group commit: gathers the writes of all parts of the engine and commits them together.

Claims and other awaited writes fail at once when the ledger cannot be written, so that nothing starts unclaimed.
What has already happened (an outcome, a breaker that opened) is kept and written as soon as it can be.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from cronsole.clock import Clock
from cronsole.errors import StoreCorrupt, StoreUnavailable
from cronsole.model.event import StoreHealed, StoreTroubled
from cronsole.model.message import MessageChange, Posted
from cronsole.model.run import Run, RunChange
from cronsole.runtime.bus import Bus
from cronsole.store.base import AuditEntry, Batch, Committed, KeyUsed, Ledger, PluginRemembered, StateChange

_RETRY_SECONDS = 1.0


class _Gathered(msgspec.Struct):
    """What the next commit will write: awaited writes with the future that awaits them, and facts."""

    asked: Batch
    facts: Batch
    answer: asyncio.Future[Committed] | None = None
    then: list[Callable[[], None]] = []

    @classmethod
    def empty(cls) -> "_Gathered":
        return cls(asked=Batch(), facts=Batch())


class Journal:
    """The only writer to the ledger."""

    def __init__(self, ledger: Ledger, bus: Bus, clock: Clock) -> None:
        self._ledger = ledger
        self._bus = bus
        self._clock = clock
        self._gathered = _Gathered.empty()
        self._has_work = asyncio.Event()
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._never = asyncio.Event()
        self._is_closing = False
        self.is_troubled = False
        self.commits = 0
        self.commit_seconds = 0.0
        # What plugins remember of runs that have ended, until the ledger holds it.
        self.unwritten: list[PluginRemembered] = []
        # Set whenever messages were posted; whoever delivers them clears it.
        self.has_posted = asyncio.Event()

    def ask(
        self,
        *,
        keys: Iterable[KeyUsed] = (),
        claims: list[Run] | None = None,
        runs: list[Run] | None = None,
        states: list[StateChange] | None = None,
        changes: list[RunChange] | None = None,
        audit: list[AuditEntry] | None = None,
        messages: Iterable[MessageChange] = (),
        remembered: Iterable[PluginRemembered] = (),
    ) -> asyncio.Future[Committed]:
        """Return a future of the commit of these writes; it raises StoreUnavailable when none of them was written."""
        asked = self._gathered.asked
        asked.keys.extend(keys)
        asked.claims.extend(claims or ())
        asked.runs.extend(runs or ())
        asked.states.extend(states or ())
        asked.changes.extend(changes or ())
        asked.audit.extend(audit or ())
        asked.messages.extend(messages)
        asked.remembered.extend(remembered)
        self._wake()
        if self._gathered.answer is None:
            self._gathered.answer = asyncio.get_running_loop().create_future()
        return self._gathered.answer

    def tell(
        self,
        change: RunChange,
        *,
        messages: Iterable[MessageChange] = (),
        remembered: PluginRemembered | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Write what has happened to a run, who is told, and what its plugin remembers, in one transaction.

        That is as soon as the ledger can be written; then call back.
        """
        self._gathered.facts.changes.append(change)
        self._gathered.facts.messages.extend(messages)
        if remembered is not None:
            self._gathered.facts.remembered.append(remembered)
            self.unwritten.append(remembered)
            self._gathered.then.append(partial(self.unwritten.remove, remembered))
        if then is not None:
            self._gathered.then.append(then)
        self._wake()

    def tell_message(self, change: MessageChange, *, then: Callable[[], None]) -> None:
        """Write what has become of a message as soon as the ledger can be written; then call back."""
        self._gathered.facts.messages.append(change)
        self._gathered.then.append(then)
        self._wake()

    def tell_state(self, *states: StateChange) -> None:
        """Write what has happened to schedules, now or as soon as the ledger can be written."""
        self._gathered.facts.states.extend(states)
        self._wake()

    def tell_audit(self, entry: AuditEntry) -> None:
        self._gathered.facts.audit.append(entry)
        self._wake()

    def _wake(self) -> None:
        self._is_idle.clear()
        self._has_work.set()

    async def run(self) -> None:
        """Commit what was gathered, one transaction after another, until closed and empty."""
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            gathered, self._gathered = self._gathered, _Gathered.empty()
            await self._commit(gathered)
            if not self._has_work.is_set():
                self._is_idle.set()
                if self._is_closing:
                    return

    async def _commit(self, gathered: _Gathered) -> None:
        batch = _together(gathered.facts, gathered.asked)
        began = self._clock.monotonic()
        try:
            committed = await self._ledger.commit(batch)
        except (StoreUnavailable, StoreCorrupt) as error:
            _refuse(gathered.answer, error)
            self._put_back(gathered)
            if not self.is_troubled:
                self.is_troubled = True
                self._bus.publish(StoreTroubled(self._clock.now(), str(error)))
            await self._clock.wait(self._never, _RETRY_SECONDS)
            return
        self.commits += 1
        self.commit_seconds += self._clock.monotonic() - began
        if self.is_troubled:
            self.is_troubled = False
            self._bus.publish(StoreHealed(self._clock.now()))
        if gathered.answer is not None and not gathered.answer.done():
            gathered.answer.set_result(committed)
        if any(isinstance(change, Posted) for change in batch.messages):
            self.has_posted.set()
        for callback in gathered.then:
            callback()

    def _put_back(self, gathered: _Gathered) -> None:
        if gathered.facts.is_empty():
            return
        self._gathered.facts = _together(gathered.facts, self._gathered.facts)
        self._gathered.then = gathered.then + self._gathered.then
        self._wake()

    async def settle(self) -> None:
        """Return when everything told so far is written; facts that cannot be written hold this up."""
        while not self._is_idle.is_set():
            # Whoever asked may have more to tell now that it is answered.
            await self._is_idle.wait()

    def close(self) -> None:
        """Let `run` return once everything is written."""
        self._is_closing = True
        self._wake()


def _together(first: Batch, second: Batch) -> Batch:
    return Batch(
        keys=first.keys + second.keys,
        states=first.states + second.states,
        claims=first.claims + second.claims,
        runs=first.runs + second.runs,
        changes=first.changes + second.changes,
        audit=first.audit + second.audit,
        messages=first.messages + second.messages,
        remembered=first.remembered + second.remembered,
    )


def _refuse(answer: asyncio.Future[Committed] | None, error: Exception) -> None:
    if answer is not None and not answer.done():
        answer.set_exception(error)
