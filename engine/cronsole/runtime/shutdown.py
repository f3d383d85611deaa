"""Leaves nothing behind: claims taken back, runs waited for, then asked, then killed; the ledger told of each."""

import asyncio

from cronsole.model.instant import Millis
from cronsole.model.run import Requeued, RunState
from cronsole.runtime.dispatcher import Dispatcher
from cronsole.runtime.enactment import is_newest_claim
from cronsole.runtime.ground import Ground
from cronsole.runtime.lane import Lane
from cronsole.runtime.ticker import Ticker
from cronsole.store.base import ClaimRetracted

REASON = "shutdown"
_TERM_SECONDS = 10.0
_KILL_SECONDS = 5.0
_LEDGER_SECONDS = 5.0


class Shutdown:
    """Drains the engine; `hurry` makes it kill at once."""

    def __init__(self, ground: Ground, ticker: Ticker, dispatcher: Dispatcher) -> None:
        self._clock = ground.clock
        self._journal = ground.journal
        self._lanes = ground.lanes
        self._ticker = ticker
        self._dispatcher = dispatcher
        self._is_hurried = False

    def hurry(self) -> None:
        """Kill at once what still runs."""
        self._is_hurried = True
        self._dispatcher.ended.set()

    async def drain(self, grace_ms: Millis) -> None:
        """Stop claiming, wait for the runs, then TERM, then KILL; return when the ledger knows how each ended."""
        self._dispatcher.close_door()
        await self._ticker.stop()
        self._take_back_claims()
        if not await self._are_idle_within(grace_ms / 1000):
            self._stop_all(by_force=False)
            if self._is_hurried or not await self._are_idle_within(_TERM_SECONDS):
                self._stop_all(by_force=True)
                self._is_hurried = False
                await self._are_idle_within(_KILL_SECONDS)
        try:
            await asyncio.wait_for(self._journal.settle(), _LEDGER_SECONDS)
        except TimeoutError:
            # The ledger cannot be written; at the next start recovery settles what it could not be told.
            return

    def _take_back_claims(self) -> None:
        for lane in self._lanes:
            for run in self._dispatcher.withdraw(lane):
                if run.slot is not None and is_newest_claim(lane, run):
                    self._journal.tell_state(ClaimRetracted(run.run_id, lane.id, run.slot - 1))
                elif run.state is RunState.STARTING:
                    self._journal.tell(Requeued(run.run_id, run.fence))

    def _stop_all(self, *, by_force: bool) -> None:
        for lane in self._lanes:
            for active in list(lane.active.values()):
                if active.execution is not None:
                    self._dispatcher.stop(lane, active.run.run_id, REASON, by_force=by_force)

    async def _are_idle_within(self, seconds: float) -> bool:
        """Wait for all runs to end, no longer once told to hurry; return whether they did."""
        deadline = self._clock.monotonic() + seconds
        while not self._is_idle():
            left = deadline - self._clock.monotonic()
            if left <= 0 or self._is_hurried:
                return False
            self._dispatcher.ended.clear()
            await self._clock.wait(self._dispatcher.ended, left)
        return True

    def _is_idle(self) -> bool:
        return not any(_is_running(lane) for lane in self._lanes)


def _is_running(lane: Lane) -> bool:
    return any(active.execution is not None for active in lane.active.values())
