from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

from cronsole.cli.awaiting import wait_for_end
from cronsole.client.engine import EngineClient
from cronsole.model.run import RunState
from cronsole.testing import FakeClock


class BusyEngine:
    """Told its run's end before its ledger held it, and tells of other runs ever since: it is never silent."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._looks = 0

    async def events(self, _: str) -> AsyncIterator[Any]:
        yield SimpleNamespace(kind="resync", run_id="")
        yield SimpleNamespace(kind="run_finished", run_id="r1")
        for _another in range(10):
            await self._clock.advance(400)
            yield SimpleNamespace(kind="run_finished", run_id="another")

    async def run(self, run_id: str) -> Any:
        self._looks += 1
        state = RunState.RUNNING if self._looks < 3 else RunState.SUCCEEDED
        return SimpleNamespace(run=SimpleNamespace(run_id=run_id, state=state))


async def test_an_end_that_was_told_too_early_is_found_all_the_same() -> None:
    clock = FakeClock()
    began = clock.monotonic()
    ended = await wait_for_end(cast("EngineClient", BusyEngine(clock)), "r1", clock)
    assert ended.state is RunState.SUCCEEDED
    assert clock.monotonic() - began < 2
