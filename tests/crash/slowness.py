"""Disks that take their time, each a function that makes the engine of this process wait for them."""

import asyncio
from collections.abc import Callable

from tests.crash.seeded_bugs import around

from cronsole.store.sqlite import SqliteLedger

_COMMIT_TAKES_S = 0.3


def _slow_commits() -> None:
    @around(SqliteLedger, "commit")
    async def commit(original, self, batch):
        await asyncio.sleep(_COMMIT_TAKES_S)
        return await original(self, batch)


SLOWNESS: dict[str, Callable[[], None]] = {"slow-commits": _slow_commits}
